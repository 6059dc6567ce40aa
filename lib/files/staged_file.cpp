#include "files/staged_file.hpp"

#include "base/random.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <utility>

namespace fairlead::files {
namespace {

// 64 random bits collide once in a very long time; more than a few collisions mean that something else is
// wrong.
constexpr int name_tries = 8;

void append_number(std::string& text, unsigned value, int digits) {
    unsigned place = 1;
    for (int i = 1; i < digits; ++i) place *= 10;
    for (; place > 0; place /= 10) text += static_cast<char>('0' + value / place % 10);
}

void append_random(std::string& text) {
    char digits[16];
    write_hex(next_unguessable(), digits);
    text.append(digits, sizeof digits);
}

/// `upload_YYYYMMDD_HHMMSS_XXXXXXXXXXXXXXXX.json`, in UTC. strftime() would ask for the time zone's file.
std::string document_name() {
    using namespace std::chrono;
    const auto now = floor<seconds>(system_clock::now());
    const auto today = floor<days>(now);
    const year_month_day date(today);
    const hh_mm_ss time(now - today);
    std::string name("upload_");
    name.reserve(64);
    append_number(name, static_cast<unsigned>(static_cast<int>(date.year())), 4);
    append_number(name, static_cast<unsigned>(date.month()), 2);
    append_number(name, static_cast<unsigned>(date.day()), 2);
    name += '_';
    append_number(name, static_cast<unsigned>(time.hours().count()), 2);
    append_number(name, static_cast<unsigned>(time.minutes().count()), 2);
    append_number(name, static_cast<unsigned>(time.seconds().count()), 2);
    name += '_';
    append_random(name);
    return name += ".json";
}

}  // namespace

result<staged_file> staged_file::create(upload_store& store) {
    if (store.has_unnamed_temporaries()) {
        // Without O_EXCL, which would forbid to link it later (open(2)).
        unique_fd file(
            ::openat(store.directory(), ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, upload_store::document_mode));
        if (!file) return store.note(last_error());
        return staged_file(store, std::move(file), {});
    }
    std::string name(upload_store::temporary_prefix);
    append_random(name);
    unique_fd file(::openat(store.directory(), name.c_str(),
                            O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC,
                            upload_store::document_mode));
    if (!file) return store.note(last_error());
    return staged_file(store, std::move(file), std::move(name));
}

staged_file::staged_file(staged_file&& other) noexcept
    : store_(other.store_),
      file_(std::move(other.file_)),
      temporary_(std::exchange(other.temporary_, {})),
      indeterminate_name_(std::move(other.indeterminate_name_)) {}

staged_file::~staged_file() {
    if (!temporary_.empty()) ::unlinkat(store_.directory(), temporary_.c_str(), 0);
}

error_code staged_file::write(std::span<const char> bytes) {
    while (!bytes.empty()) {
        const auto n = ::write(file_.get(), bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return store_.note(last_error());
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return {};
}

result<std::string> staged_file::commit() {
    if (store_.writes_failed()) return errno_code(EIO);
    const bool durable = store_.effective() == config::durability::full;
    // Before the name: a name without its data is what a power loss leaves of a file that was only linked.
    if (durable && ::fdatasync(file_.get()) != 0) {
        // The kernel forgets what it could not write: trying again would succeed without the data being
        // there.
        const auto failed = store_.note(last_error());
        file_.reset();
        return failed;
    }
    auto name = give_name();
    if (!name) return store_.note(name.error());
    file_.reset();
    if (!durable) return name;
    if (const auto failed = store_.sync_directory()) {
        if (take_back(*name)) indeterminate_name_ = *name;
        return failed;
    }
    return name;
}

result<std::string> staged_file::give_name() {
    for (int tries = 0; tries < name_tries; ++tries) {
        auto name = document_name();
        error_code failed;
        if (temporary_.empty())
            failed = store_.link(file_.get(), name);
        else if (::linkat(store_.directory(), temporary_.c_str(), store_.directory(), name.c_str(), 0) != 0)
            failed = last_error();
        if (!failed) {
            if (!temporary_.empty()) ::unlinkat(store_.directory(), std::exchange(temporary_, {}).c_str(), 0);
            return name;
        }
        if (failed != boost::system::errc::file_exists) return failed;
    }
    return errno_code(EEXIST);
}

/// Removes a name whose sync failed. An error: nobody knows which of the two a power loss would leave.
error_code staged_file::take_back(const std::string& name) {
    if (::unlinkat(store_.directory(), name.c_str(), 0) != 0) return last_error();
    if (::fsync(store_.directory()) != 0) return last_error();
    return {};
}

}  // namespace fairlead::files
