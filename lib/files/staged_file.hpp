#pragma once

#include "base/error.hpp"
#include "base/sha.hpp"
#include "base/unique_fd.hpp"
#include "files/file_info.hpp"
#include "files/upload_store.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fairlead::files {

/// Whether it names something in a directory itself, not by a path that leads elsewhere.
bool is_one_name(std::string_view name) noexcept;

/// A file that nobody can see yet: written without a name into the directory where it will stay, sealed, then
/// placed whole. Destroyed before `place` has succeeded, it leaves nothing. Every call may block.
///
///   create -> write ... -> seal -> place_new | place | link_into
class staged_file {
public:
    /// What has happened to the name.
    struct placed {
        bool is_new = true;          ///< false: it took the place of another file
        std::uint64_t replaced = 0;  ///< bytes of that one
        std::string etag;            ///< of the file as it is now, with quotes
    };

    /// In `where`, a directory of `store`, which outlives the file. `expected` bytes are allocated ahead, as
    /// they come (0: their number is not known). Errors: the errno (ENOSPC, EDQUOT, EMFILE, ...).
    static result<staged_file> create(upload_store& store, std::shared_ptr<store_directory> where,
                                      std::uint64_t expected = 0);

    staged_file(staged_file&& other) noexcept;
    staged_file& operator=(staged_file&&) = delete;
    ~staged_file();

    /// Appends; all of it or an error (ENOSPC, EDQUOT, EIO).
    error_code write(std::span<const char> bytes);

    /// The content is complete: keeps its SHA-256 with it, if there is one, and brings both to the disk.
    /// After an error the file cannot be used any more: what a failed sync left out, no later one reports.
    error_code seal(const std::optional<sha_digest>& digest, const std::optional<sha_digest>& mark = {});

    /// Makes the sealed file visible as `name`, which nobody may have: else errc::precondition_failed. All
    /// else as in `place`.
    result<placed> place_new(const std::string& name);

    /// Makes the sealed file visible as `name`. Without a condition a file of that name is replaced; with one
    /// it decides, of two who come at once after the other is done. With durability `full` the name is on the
    /// disk when this returns; so is what errc::precondition_failed rests on. After an error all is as it
    /// was, unless `indeterminate_name` says otherwise. Errors: errc::precondition_failed; errc::not_a_file
    /// when a directory or a link has the name; those of the file system.
    result<placed> place(const std::string& name, const name_condition& condition);

    /// Gives the sealed file a name in `folder`, an open directory that nobody knows yet: not synced here.
    error_code link_into(int folder, const std::string& name);

    /// It is to be placed in another directory of the store than that in which it was made.
    void move_to(std::shared_ptr<store_directory> where) noexcept { where_ = std::move(where); }

    /// Bytes that have their room on the disk: written, or allocated.
    std::uint64_t occupied() const noexcept { return std::max(size_, allocated_); }
    std::uint64_t size() const noexcept { return size_; }

    /// A name of which nobody knows what a power loss would leave under it, after both the sync of a change
    /// and the sync of its reversal failed; else empty. For the log.
    const std::string& indeterminate_name() const noexcept { return indeterminate_name_; }

private:
    staged_file(upload_store& store, std::shared_ptr<store_directory> where, unique_fd file,
                std::string temporary, std::uint64_t expected) noexcept;
    error_code allocate_ahead(std::size_t more);
    error_code give_name(const std::string& name);
    error_code give_temporary_name();
    error_code replace(const std::string& name, bool& was_exchanged);
    error_code take_back(const std::string& name, bool was_exchanged);
    error_code refuse();
    result<placed> finish(const std::string& name, std::optional<std::uint64_t> replaced, bool was_exchanged);

    upload_store& store_;
    std::shared_ptr<store_directory> where_;
    unique_fd file_;
    std::string temporary_;  // in the store's own directory; empty for an unnamed file
    std::uint64_t size_ = 0;
    std::uint64_t expected_;
    std::uint64_t allocated_ = 0;
    std::uint64_t on_its_way_ = 0;  // bytes that the disk was asked to begin with
    bool is_lost_ = false;          // its sync has failed
    std::string etag_;              // once it is sealed with a digest
    std::string indeterminate_name_;
};

}  // namespace fairlead::files
