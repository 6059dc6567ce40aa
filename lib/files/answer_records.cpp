#include "files/answer_records.hpp"

#include "base/file_time.hpp"
#include "base/random.hpp"
#include "base/sha.hpp"
#include "files/small_file.hpp"

#include <boost/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <stdexcept>
#include <vector>

namespace fairlead::files {
namespace {

constexpr const char* secret_name = "secret";
constexpr std::size_t secret_bytes = 32;

/// What a power loss leaves of a file that was written without syncs: nothing, or only zeros. Where there are
/// syncs it means that the disk has broken its promise, which is not to be built upon.
bool is_blank(std::string_view text) noexcept {
    return text.find_first_not_of('\0') == std::string_view::npos;
}

std::string text_of(const answer_record& record) {
    return boost::json::serialize(boost::json::object{{"fingerprint", record.fingerprint},
                                                      {"location", record.location},
                                                      {"etag", record.etag},
                                                      {"digest", record.digest},
                                                      {"body", record.body}});
}

/// Nothing when the text is no record of ours.
std::optional<answer_record> record_of(std::string_view text) {
    error_code failed;
    boost::json::parse_options options;
    options.allow_invalid_utf8 = true;  // comes back as it was written
    const auto parsed = boost::json::parse(text, failed, {}, options);
    const auto* object = failed ? nullptr : parsed.if_object();
    if (!object) return std::nullopt;
    const auto member = [&](const char* name) -> std::string {
        const auto* value = object->if_contains(name);
        return value && value->is_string() ? std::string(value->get_string()) : std::string();
    };
    answer_record record{member("fingerprint"), member("location"), member("etag"), member("digest"),
                         member("body")};
    if (record.fingerprint.empty() || record.location.empty()) return std::nullopt;
    return record;
}

}  // namespace

answer_records::answer_records(upload_store& store, std::chrono::milliseconds lifetime, std::size_t most)
    : store_(store), lifetime_(lifetime), most_(most) {
    if (const auto known = store.open(directory_name, false);
        !known && known.error() == boost::system::errc::no_such_file_or_directory)
        return;
    if (const auto failed = prepare())
        throw std::runtime_error(
            "uploads.directory: the memory of keys in " + std::string(directory_name) +
            " cannot be used: " + failed.message() +
            "; without the directory the server starts, and the keys that were remembered are forgotten");
    expire();
}

error_code answer_records::prepare() {
    const name_locks::held lock(store_.locks(), {this, {}});
    if (is_ready()) return {};
    auto opened = store_.open(directory_name, true);
    if (!opened) return opened.error();
    directory_ = std::move(*opened);
    if (const auto failed = load_secret()) return failed;
    is_ready_.store(true, std::memory_order_release);
    return {};
}

error_code answer_records::load_secret() {
    auto known = read_small_file(*directory_, secret_name);
    if (known && !store_.is_durable() && is_blank(*known)) {
        if (const auto failed = forget(secret_name)) return failed;
        known = errno_code(ENOENT);
    }
    if (!known && known.error() == boost::system::errc::no_such_file_or_directory) {
        std::array<std::uint8_t, secret_bytes> fresh;
        fill_random(fresh);
        const std::string text(fresh.begin(), fresh.end());
        if (const auto failed = write_small_file(store_, directory_, secret_name, text)) return failed;
        known = text;
    }
    if (!known) return known.error();
    if (known->size() != secret_bytes) return errno_code(EINVAL);
    secret_ = std::move(*known);
    return {};
}

std::string answer_records::identity(std::string_view scope, std::string_view key) const {
    std::string text(scope);
    text.append("\n").append(key);
    return hex(hmac_sha256(secret_, text)).substr(0, 32);
}

std::optional<answer_records::claim> answer_records::try_claim(std::string identity) {
    const std::lock_guard guard(mutex_);
    if (!under_way_.insert(identity).second) return std::nullopt;
    return claim(this, std::move(identity));
}

void answer_records::give_back(const std::string& identity) noexcept {
    const std::lock_guard guard(mutex_);
    under_way_.erase(identity);
}

bool answer_records::is_over(std::int64_t mtime_ns) const noexcept {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return mtime_ns < std::chrono::duration_cast<std::chrono::nanoseconds>(now - lifetime_).count();
}

/// Removes what does not count: its place is needed for the next one.
error_code answer_records::forget(const std::string& name) {
    if (::unlinkat(directory_->get(), name.c_str(), 0) != 0 && errno != ENOENT) return last_error();
    return {};
}

result<std::optional<answer_record>> answer_records::find(const claim& of) {
    const auto entry = store_.look(*directory_, of.identity());
    if (!entry) return entry.error();
    if (!*entry) return std::nullopt;
    const auto without_it = [&]() -> result<std::optional<answer_record>> {
        if (const auto failed = forget(of.identity())) return failed;
        return std::nullopt;
    };
    if (is_over((*entry)->mtime_ns)) return without_it();
    const auto text = read_small_file(*directory_, of.identity());
    // Forgotten a moment ago.
    if (!text && text.error() == boost::system::errc::no_such_file_or_directory) return std::nullopt;
    if (!text) return text.error();
    // Whoever wrote it may not have come to the sync.
    if (const auto failed = store_.settle(*directory_)) return failed;
    auto record = record_of(*text);
    if (!record && !store_.is_durable() && is_blank(*text)) return without_it();
    // What else is no record was not written by us, who only make whole ones: not to be built upon.
    if (!record) return errno_code(EIO);
    return record;
}

error_code answer_records::remember(const claim& of, const answer_record& what) {
    if (const auto failed = write_small_file(store_, directory_, of.identity(), text_of(what))) return failed;
    bool is_full = false;
    {
        const std::lock_guard guard(mutex_);
        is_full = ++count_ > most_ + most_ / 8;
    }
    if (is_full) expire();
    return {};
}

/// Forgetting needs no sync: a record that comes back after a power loss is only remembered longer.
void answer_records::expire() {
    if (!is_ready()) return;
    namespace fs = std::filesystem;
    struct old_record {
        std::int64_t mtime_ns;
        std::string name;
    };
    std::vector<old_record> kept;
    std::error_code failed;
    const auto path = fs::path("/proc/self/fd") / std::to_string(directory_->get()) / ".";
    for (fs::directory_iterator next(path, failed), end; !failed && next != end; next.increment(failed)) {
        auto name = next->path().filename().string();
        struct stat found{};
        if (name == secret_name ||
            ::fstatat(directory_->get(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        const auto mtime_ns = nanoseconds_of(found.st_mtim);
        if (is_over(mtime_ns))
            (void)forget(name);
        else
            kept.push_back({mtime_ns, std::move(name)});
    }
    if (kept.size() > most_) {
        const auto first_kept = kept.end() - static_cast<std::ptrdiff_t>(most_);
        std::nth_element(kept.begin(), first_kept, kept.end(),
                         [](const auto& a, const auto& b) { return a.mtime_ns < b.mtime_ns; });
        for (auto oldest = kept.begin(); oldest != first_kept; ++oldest) (void)forget(oldest->name);
        kept.erase(kept.begin(), first_kept);
    }
    const std::lock_guard guard(mutex_);
    count_ = kept.size();
}

}  // namespace fairlead::files
