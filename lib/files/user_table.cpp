#include "files/user_table.hpp"

#include "base/password_hash.hpp"
#include "http/user_groups.hpp"

#include <algorithm>
#include <optional>

namespace fairlead::files {
namespace {

constexpr std::size_t most_faults_told = 5;

constexpr std::string_view hash_remedy = ": make the line anew with \"fairlead hash-password --user NAME\"";

/// What is wrong with a line that is not empty, or nothing, with the user that it names.
std::optional<std::string> read_line(std::string_view line, known_user& user) {
    const auto colon = line.find(':');
    // Without one it may be a password.
    if (colon == std::string_view::npos) return "it is not NAME:HASH" + std::string(hash_remedy);
    const auto name = line.substr(0, colon);
    if (!http::is_user_name(name))
        return "a name is one word of at most 255 bytes of UTF-8 without ',' and quotes: choose another one";
    const auto rest = line.substr(colon + 1);
    const auto hash = rest.substr(0, rest.find(':'));
    if (const auto fault = fault_of_hash(hash)) return "the hash " + *fault + std::string(hash_remedy);
    user = {std::string(name), std::string(hash)};
    return std::nullopt;
}

/// Collects what is wrong, as far as it is told.
class fault_list {
public:
    void add(std::size_t line, const std::string& fault) {
        if (++count_ > most_faults_told) return;
        text_.append(text_.empty() ? "line " : "; line ").append(std::to_string(line));
        text_.append(": ").append(fault);
    }
    bool empty() const noexcept { return count_ == 0; }
    std::string text() const {
        if (count_ <= most_faults_told) return text_;
        return text_ + "; and " + std::to_string(count_ - most_faults_told) + " more lines";
    }

private:
    std::string text_;
    std::size_t count_ = 0;
};

}  // namespace

http::parse_result<user_table> user_table::parse(std::string_view text) {
    user_table parsed;
    std::vector<std::size_t> lines;  // of the users
    fault_list faults;
    for (std::size_t number = 1; !text.empty(); ++number) {
        auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty() || line.starts_with('#')) continue;
        known_user user;
        if (const auto fault = read_line(line, user)) {
            faults.add(number, *fault);
            continue;
        }
        parsed.users_.push_back(std::move(user));
        lines.push_back(number);
    }
    parsed.by_name_.reserve(parsed.users_.size());
    for (std::size_t i = 0; i < parsed.users_.size(); ++i) {
        const auto [first, is_new] = parsed.by_name_.emplace(parsed.users_[i].name, i);
        if (!is_new)
            faults.add(lines[i], "the user of this name stands in line " +
                                     std::to_string(lines[first->second]) +
                                     " already: remove one of the two");
    }
    if (!faults.empty()) return faults.text();
    return parsed;
}

const known_user* user_table::find(std::string_view name) const noexcept {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : &users_[found->second];
}

}  // namespace fairlead::files
