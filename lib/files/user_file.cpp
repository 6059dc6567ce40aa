#include "files/user_file.hpp"

#include "base/unique_fd.hpp"
#include "files/steady_read.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <stdexcept>
#include <utility>

namespace fairlead::files {
namespace {

constexpr std::uint64_t most_bytes = 64ULL << 20;

/// Who may do too much with a file, and what to do about it, or nothing.
std::optional<std::string> mode_fault(int fd) {
    struct stat found{};
    if (::fstat(fd, &found) != 0) return last_error().message();
    constexpr std::string_view remedy = " (chmod u=rw,g=r,o= is right)";
    if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return "others than its owner may write it, and so let themselves in" + std::string(remedy);
    if ((found.st_mode & S_IROTH) != 0)
        return "everybody on this machine may read the hashes, and try passwords on them" +
               std::string(remedy);
    return std::nullopt;
}

bool is_other_file(const file_info& one, const file_info& other) noexcept {
    return one.inode != other.inode || one.device != other.device;
}

std::optional<file_info> look_at(const std::string& path) {
    const unique_fd file(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!file) return std::nullopt;
    const auto info = inspect(file.get());
    return info ? std::optional(*info) : std::nullopt;
}

}  // namespace

user_file::user_file(std::string path) : path_(std::move(path)) {
    file_info seen;
    auto users = read(seen);
    if (!users) throw std::runtime_error(users.error());
    users_ = std::make_shared<const user_table>(std::move(*users));
    taken_ = latest_ = seen;
}

std::shared_ptr<const user_table> user_file::users() const {
    const std::lock_guard guard(mutex_);
    return users_;
}

/// The users in the file, or the whole sentence that says why they are not taken. `seen` is what was opened.
http::parse_result<user_table> user_file::read(file_info& seen) const {
    const auto refuse = [this](const std::string& why) {
        return "the file of users " + path_ + " is not taken: " + why;
    };
    const unique_fd file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!file) return refuse(last_error().message());
    const auto info = inspect(file.get());
    if (!info) return refuse(info.error().message());
    seen = *info;
    if (info->kind != file_kind::regular) return refuse("it is no regular file");
    if (info->size > most_bytes)
        return refuse("it has more than " + std::to_string(most_bytes >> 20) + " MiB");
    if (const auto fault = mode_fault(file.get())) return refuse(*fault);
    std::string text;
    if (const auto failed = read_steady(file.get(), seen, text, true, {most_bytes, true}))
        return refuse(failed == errc::file_changed ? "it is being written all the time" : failed.message());
    auto users = user_table::parse(text);
    if (!users) return refuse(users.error());
    return users;
}

user_file::news user_file::look() {
    const auto previous = std::exchange(latest_, look_at(path_));
    if (latest_ == taken_) return {};
    if (!latest_) {
        taken_ = latest_;
        return {false, "the file of users " + path_ + " is gone: those who were known stay known"};
    }
    const bool is_replaced = taken_ && is_other_file(*latest_, *taken_);
    if (!is_replaced && latest_ != previous) return {};
    file_info seen;
    auto users = read(seen);
    // One that could not even be opened is as it was looked at, so that this is told once.
    taken_ = seen == file_info{} ? latest_ : seen;
    if (!users) return {false, users.error() + "; those who were known stay known"};
    auto fresh = std::make_shared<const user_table>(std::move(*users));
    {
        const std::lock_guard guard(mutex_);
        users_.swap(fresh);  // the old ones are let go without the lock
    }
    return {true, {}};
}

}  // namespace fairlead::files
