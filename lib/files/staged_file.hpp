#pragma once

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "files/upload_store.hpp"

#include <span>
#include <string>

namespace fairlead::files {

/// A document that nobody can see yet: written without a name into the directory where it will stay, then
/// committed whole. Destroyed before `commit` has succeeded, it leaves nothing. Every call may block.
class staged_file {
public:
    /// `store` outlives the file. Errors: the errno (ENOSPC, EDQUOT, EMFILE, ...).
    static result<staged_file> create(upload_store& store);

    staged_file(staged_file&& other) noexcept;
    staged_file& operator=(staged_file&&) = delete;
    ~staged_file();

    /// Appends; all of it or an error (ENOSPC, EDQUOT, EIO).
    error_code write(std::span<const char> bytes);

    /// Makes the document visible as `upload_YYYYMMDD_HHMMSS_XXXXXXXXXXXXXXXX.json` (UTC, 64 random bits; a
    /// name that exists is never touched) and returns that name. Called once. With durability `full`, data
    /// and name are on the disk when it returns. After an error nothing is visible, unless
    /// `indeterminate_name` says otherwise.
    result<std::string> commit();

    /// The name of a document of which nobody knows whether a power loss would bring it back, after both the
    /// sync of its name and the sync of its removal failed; else empty. For the log.
    const std::string& indeterminate_name() const noexcept { return indeterminate_name_; }

private:
    staged_file(upload_store& store, unique_fd file, std::string temporary) noexcept
        : store_(store), file_(std::move(file)), temporary_(std::move(temporary)) {}
    result<std::string> give_name();
    error_code take_back(const std::string& name);

    upload_store& store_;
    unique_fd file_;
    std::string temporary_;  // empty for an unnamed file
    std::string indeterminate_name_;
};

}  // namespace fairlead::files
