#include "files/staged_file.hpp"

#include "files/stored_digest.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace fairlead::files {
namespace {

// Smaller files are allocated in one piece anyway.
constexpr std::uint64_t worth_allocating = 1ULL << 20;
// The disk begins with so much at a time, so that the sync at the end has little left to do.
constexpr std::uint64_t writeback_step = 8ULL << 20;

bool is_unsupported(const error_code& failed) noexcept {
    return is_errno(failed, EOPNOTSUPP) || is_errno(failed, ENOSYS) || is_errno(failed, EINVAL);
}

}  // namespace

bool is_one_name(std::string_view name) noexcept {
    return !name.empty() && name.find('/') == std::string_view::npos &&
           name.find('\0') == std::string_view::npos && name != "." && name != "..";
}

result<staged_file> staged_file::create(upload_store& store, std::shared_ptr<store_directory> where,
                                        std::uint64_t expected) {
    if (store.unnamed().are_possible()) {
        auto file = unnamed_files::open(where->get(), upload_store::file_mode);
        if (!file) return store.health().note(last_error());
        return staged_file(store, std::move(where), std::move(file), {}, expected);
    }
    auto name = upload_store::temporary_name();
    unique_fd file(::openat(store.top()->get(), name.c_str(),
                            O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, upload_store::file_mode));
    if (!file) return store.health().note(last_error());
    return staged_file(store, std::move(where), std::move(file), std::move(name), expected);
}

staged_file::staged_file(upload_store& store, std::shared_ptr<store_directory> where, unique_fd file,
                         std::string temporary, std::uint64_t expected) noexcept
    : store_(store),
      where_(std::move(where)),
      file_(std::move(file)),
      temporary_(std::move(temporary)),
      expected_(expected >= worth_allocating ? expected : 0) {}

staged_file::staged_file(staged_file&& other) noexcept
    : store_(other.store_),
      where_(std::move(other.where_)),
      file_(std::move(other.file_)),
      temporary_(std::exchange(other.temporary_, {})),
      size_(other.size_),
      expected_(other.expected_),
      allocated_(other.allocated_),
      on_its_way_(other.on_its_way_),
      is_lost_(other.is_lost_),
      etag_(std::move(other.etag_)),
      indeterminate_name_(std::move(other.indeterminate_name_)) {}

staged_file::~staged_file() {
    if (!temporary_.empty()) ::unlinkat(store_.top()->get(), temporary_.c_str(), 0);
}

/// A full disk is met before the bytes are taken, and the file lies in few pieces.
error_code staged_file::allocate_ahead(std::size_t more) {
    if (allocated_ >= expected_ || size_ + more <= allocated_) return {};
    const auto length = room_for(size_ + more, expected_) - allocated_;
    if (::fallocate(file_.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(allocated_),
                    static_cast<off_t>(length)) == 0) {
        allocated_ += length;
        return {};
    }
    const auto failed = last_error();
    if (!is_unsupported(failed)) return store_.health().note(failed);
    expected_ = 0;  // this file system does not know it
    return {};
}

error_code staged_file::write(std::span<const char> bytes) {
    if (const auto failed = allocate_ahead(bytes.size())) return failed;
    while (!bytes.empty()) {
        const auto n = ::write(file_.get(), bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return store_.health().note(last_error());
        size_ += static_cast<std::uint64_t>(n);
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    if (store_.is_durable() && size_ - on_its_way_ >= writeback_step) {
        // Only a hint: what it could not write, the sync at the end will report.
        ::sync_file_range(file_.get(), static_cast<off_t>(on_its_way_),
                          static_cast<off_t>(size_ - on_its_way_), SYNC_FILE_RANGE_WRITE);
        on_its_way_ = size_;
    }
    return {};
}

error_code staged_file::seal(const std::optional<sha_digest>& digest, const std::optional<sha_digest>& mark) {
    if (store_.health().has_failed()) return errno_code(EIO);
    if (digest) {
        const auto info = inspect(file_.get());
        if (!info) return info.error();
        const auto failed = keep_digest(file_.get(), *info, *digest);
        if (failed && !is_errno(failed, ENOTSUP)) return store_.health().note(failed);
        if (!failed) etag_ = make_entity_tag(*digest);
    }
    if (mark) {
        const auto failed = keep_mark(file_.get(), *mark);
        if (failed && !is_errno(failed, ENOTSUP)) return store_.health().note(failed);
    }
    if (!store_.is_durable()) return {};
    // Before the name: a name without its data is what a power loss leaves of a file that was only linked.
    // fdatasync may leave an attribute out.
    if ((digest || mark ? ::fsync(file_.get()) : ::fdatasync(file_.get())) == 0) return {};
    const auto failed = store_.health().note(last_error());
    is_lost_ = true;
    return failed;
}

result<staged_file::placed> staged_file::place(const std::string& name, const name_condition& condition) {
    if (!is_one_name(name)) return errno_code(EINVAL);
    if (is_lost_ || store_.health().has_failed()) return errno_code(EIO);
    const name_locks::held lock(store_.locks(), {where_.get(), name});
    if (!condition) {
        // Nearly always the name is free; then nobody has to look.
        const auto failed = give_name(name);
        if (!failed) return finish(name, std::nullopt, false);
        if (failed != boost::system::errc::file_exists) return store_.health().note(failed);
    }
    const auto current = store_.look(*where_, name);
    if (!current) return current.error();
    if (*current && (*current)->kind != file_kind::regular) return errc::not_a_file;
    if (condition && !condition(*current ? &**current : nullptr)) return refuse();
    if (!*current) {
        const auto failed = give_name(name);
        // Somebody who does not ask us has taken it meanwhile.
        if (failed == boost::system::errc::file_exists) return refuse();
        if (failed) return store_.health().note(failed);
        return finish(name, std::nullopt, false);
    }
    bool was_exchanged = false;
    if (const auto failed = replace(name, was_exchanged)) return store_.health().note(failed);
    return finish(name, (*current)->size, was_exchanged);
}

result<staged_file::placed> staged_file::place_new(const std::string& name) {
    if (!is_one_name(name)) return errno_code(EINVAL);
    if (is_lost_ || store_.health().has_failed()) return errno_code(EIO);
    const name_locks::held lock(store_.locks(), {where_.get(), name});
    const auto failed = give_name(name);
    if (failed == boost::system::errc::file_exists) return refuse();
    if (failed) return store_.health().note(failed);
    return finish(name, std::nullopt, false);
}

/// errc::precondition_failed, once the state that it rests on is on the disk: the client will rely on it as
/// on any other.
error_code staged_file::refuse() {
    const auto failed = store_.settle(*where_);
    return failed ? failed : make_error_code(errc::precondition_failed);
}

error_code staged_file::link_into(int folder, const std::string& name) {
    if (!is_one_name(name)) return errno_code(EINVAL);
    if (is_lost_) return errno_code(EIO);
    if (!temporary_.empty()) {
        if (::renameat2(store_.top()->get(), temporary_.c_str(), folder, name.c_str(), RENAME_NOREPLACE) != 0)
            return store_.health().note(last_error());
        temporary_.clear();
        return {};
    }
    return store_.health().note(store_.unnamed().link(file_.get(), folder, name));
}

/// Names the file if the name is free (EEXIST).
error_code staged_file::give_name(const std::string& name) {
    store_directory::change change(*where_);
    error_code failed;
    if (temporary_.empty())
        failed = store_.unnamed().link(file_.get(), where_->get(), name);
    else if (::linkat(store_.top()->get(), temporary_.c_str(), where_->get(), name.c_str(), 0) != 0)
        failed = last_error();
    if (failed) {
        change.dismiss();
        return failed;
    }
    if (!temporary_.empty()) ::unlinkat(store_.top()->get(), std::exchange(temporary_, {}).c_str(), 0);
    return {};
}

/// A link cannot take the place of another: the file needs a name before it can be renamed.
error_code staged_file::give_temporary_name() {
    if (!temporary_.empty()) return {};
    auto name = upload_store::temporary_name();
    if (const auto failed = store_.unnamed().link(file_.get(), store_.top()->get(), name)) return failed;
    temporary_ = std::move(name);
    return {};
}

/// Puts the file in the place of the one that has the name. Exchanged, where that is possible: then the old
/// one is kept as our temporary until the change is on the disk.
error_code staged_file::replace(const std::string& name, bool& was_exchanged) {
    if (const auto failed = give_temporary_name()) return failed;
    const store_directory::change change(*where_);
    const auto rename = [&](unsigned how) {
        return ::renameat2(store_.top()->get(), temporary_.c_str(), where_->get(), name.c_str(), how) == 0;
    };
    was_exchanged = store_.is_durable() && rename(RENAME_EXCHANGE);
    if (was_exchanged) return {};
    if (store_.is_durable() && !is_unsupported(last_error())) return last_error();
    if (!rename(0)) return last_error();
    temporary_.clear();
    return {};
}

/// The name is made. Brings it to the disk, or takes it back.
result<staged_file::placed> staged_file::finish(const std::string& name,
                                                std::optional<std::uint64_t> replaced, bool was_exchanged) {
    if (const auto failed = store_.settle(*where_)) {
        const bool is_reversible = !replaced || was_exchanged;
        if (!is_reversible || take_back(name, was_exchanged)) indeterminate_name_ = name;
        return failed;
    }
    placed done;
    done.is_new = !replaced;
    done.replaced = replaced.value_or(0);
    done.etag = std::move(etag_);
    if (done.etag.empty())
        if (const auto info = inspect(file_.get())) done.etag = make_entity_tag(*info);
    file_.reset();
    if (was_exchanged) ::unlinkat(store_.top()->get(), std::exchange(temporary_, {}).c_str(), 0);
    return done;
}

/// Undoes a change whose sync failed: the old file has its name again, or nothing has. An error: nobody knows
/// which of the two states a power loss would leave.
error_code staged_file::take_back(const std::string& name, bool was_exchanged) {
    {
        const store_directory::change change(*where_);
        const int undone = was_exchanged ? ::renameat2(store_.top()->get(), temporary_.c_str(), where_->get(),
                                                       name.c_str(), RENAME_EXCHANGE)
                                         : ::unlinkat(where_->get(), name.c_str(), 0);
        if (undone != 0) return last_error();
    }
    return ::fsync(where_->get()) == 0 ? error_code{} : last_error();
}

}  // namespace fairlead::files
