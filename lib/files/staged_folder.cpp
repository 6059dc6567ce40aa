#include "files/staged_folder.hpp"

#include "files/openat2.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

namespace fairlead::files {

result<staged_folder> staged_folder::create(upload_store& store) {
    auto name = upload_store::temporary_name();
    if (::mkdirat(store.top()->get(), name.c_str(), upload_store::directory_mode) != 0)
        return store.health().note(last_error());
    unique_fd folder(openat2(store.top()->get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, linkless));
    if (!folder) {
        const auto failed = last_error();
        ::unlinkat(store.top()->get(), name.c_str(), AT_REMOVEDIR);
        return failed;
    }
    return staged_folder(store, std::move(folder), std::move(name));
}

staged_folder::staged_folder(staged_folder&& other) noexcept
    : store_(other.store_),
      folder_(std::move(other.folder_)),
      temporary_(std::exchange(other.temporary_, {})),
      names_(std::move(other.names_)),
      indeterminate_name_(std::move(other.indeterminate_name_)) {}

staged_folder::~staged_folder() {
    if (!temporary_.empty()) remove_all(temporary_);
}

error_code staged_folder::add(staged_file file, const std::string& name) {
    if (const auto failed = file.link_into(folder_.get(), name)) return failed;
    names_.push_back(name);
    return {};
}

error_code staged_folder::place(const std::string& name) {
    if (!is_one_name(name)) return errno_code(EINVAL);
    auto& health = store_.health();
    if (health.has_failed()) return errno_code(EIO);
    // What is in it first: the folder must not be found without its files.
    if (store_.is_durable() && ::fsync(folder_.get()) != 0) return health.note(last_error());
    auto& top = *store_.top();
    {
        store_directory::change change(top);
        if (::renameat2(top.get(), temporary_.c_str(), top.get(), name.c_str(), RENAME_NOREPLACE) != 0) {
            const auto refused = last_error();
            change.dismiss();
            return health.note(refused);
        }
    }
    temporary_.clear();
    const auto failed = store_.settle(top);
    if (!failed) return {};
    // Back under a name that the next start sweeps, and then away.
    const store_directory::change change(top);
    auto hidden = upload_store::temporary_name();
    if (::renameat2(top.get(), name.c_str(), top.get(), hidden.c_str(), RENAME_NOREPLACE) == 0) {
        temporary_ = std::move(hidden);
        if (::fsync(top.get()) != 0) indeterminate_name_ = name;
    } else {
        indeterminate_name_ = name;
    }
    return failed;
}

void staged_folder::remove_all(const std::string& name) noexcept {
    for (const auto& one : names_) ::unlinkat(folder_.get(), one.c_str(), 0);
    ::unlinkat(store_.top()->get(), name.c_str(), AT_REMOVEDIR);
}

}  // namespace fairlead::files
