#include "http/media_type.hpp"

#include "base/text.hpp"
#include "http/field_value.hpp"

#include <algorithm>
#include <cstdint>

namespace fairlead::http {
namespace {

/// Cuts a mime.types text into words; '{', '}' and ';' are words of their own, comments are skipped.
class word_reader {
public:
    explicit word_reader(std::string_view text) noexcept : rest_(text) {}

    struct word {
        std::string_view text;
        std::size_t line = 0;
    };

    /// The next word; its text is empty at the end.
    word next() noexcept {
        skip_space();
        if (rest_.empty()) return {{}, line_};
        auto size = std::min(rest_.find_first_of(" \t\r\n{};#"), rest_.size());
        if (size == 0) size = 1;
        const auto text = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return {text, line_};
    }

private:
    void skip_space() noexcept {
        while (!rest_.empty()) {
            if (rest_.front() == '#') {
                rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
                continue;
            }
            if (std::string_view(" \t\r\n").find(rest_.front()) == std::string_view::npos) return;
            line_ += rest_.front() == '\n';
            rest_.remove_prefix(1);
        }
    }

    std::string_view rest_;
    std::size_t line_ = 1;
};

/// "type/subtype" in lower case with the charset that text types get, or nothing that can be sent as
/// Content-Type.
std::string content_type_of(std::string_view word) {
    const auto parsed = parse_media_type(word);
    if (!parsed || !parsed->parameters.empty()) return {};
    auto type = to_lower(word);
    if (type.starts_with("text/")) type += "; charset=utf-8";
    return type;
}

bool is_extension(std::string_view word) noexcept {
    return is_token(word) && word.find('.') == std::string_view::npos;
}

}  // namespace

std::size_t media_type_table::hash::operator()(std::string_view text) const noexcept {
    std::uint64_t value = 14695981039346656037u;  // FNV-1a, over lower case so that it agrees with `equal`
    for (const char c : text) value = (value ^ static_cast<unsigned char>(to_lower(c))) * 1099511628211u;
    return value;
}

bool media_type_table::equal::operator()(std::string_view a, std::string_view b) const noexcept {
    return iequals(a, b);
}

media_type_table media_type_table::parse(std::string_view text, std::vector<std::string>& errors) {
    media_type_table table;
    const auto report = [&errors](std::size_t line, std::string_view what, std::string_view word) {
        errors.push_back("line " + std::to_string(line) + ": " + std::string(what) + ": " +
                         std::string(word));
    };
    word_reader words(text);
    bool in_block = false;
    std::size_t entry_line = 0;  // 0 between entries
    std::string type;  // of the current entry; empty when it is bad, so that its extensions are skipped
    auto word = words.next();
    for (; !word.text.empty(); word = words.next()) {
        // Outside a block a line is an entry; inside one an entry goes on until its semicolon.
        const bool is_first = entry_line == 0 || (!in_block && word.line != entry_line);
        if (in_block ? word.text == ";" || word.text == "}" : is_first && word.text == "types") {
            if (!in_block && words.next().text != "{") report(word.line, "expected { after", word.text);
            in_block = word.text != "}";
            entry_line = 0;
        } else if (is_first) {
            entry_line = word.line;
            type = content_type_of(word.text);
            if (type.empty()) report(word.line, "not a media type", word.text);
        } else if (!is_extension(word.text)) {
            report(word.line, "not a file extension", word.text);
        } else if (!type.empty()) {
            table.types_.insert_or_assign(to_lower(word.text), type);
        }
    }
    if (in_block) report(word.line, "missing", "}");
    return table;
}

std::string_view media_type_table::content_type(std::string_view extension) const noexcept {
    const auto found = types_.find(extension);
    return found == types_.end() ? std::string_view("application/octet-stream")
                                 : std::string_view(found->second);
}

}  // namespace fairlead::http
