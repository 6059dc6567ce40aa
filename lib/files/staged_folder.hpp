#pragma once

#include "files/staged_file.hpp"

namespace fairlead::files {

/// A folder with files that appears whole, by one rename: nobody ever sees some of its files. Destroyed
/// before `place` has succeeded, it leaves nothing. Every call may block.
class staged_folder {
public:
    /// In the store's own directory. `store` outlives it. Errors: the errno of mkdir or open.
    static result<staged_folder> create(upload_store& store);

    staged_folder(staged_folder&& other) noexcept;
    staged_folder& operator=(staged_folder&&) = delete;
    ~staged_folder();

    /// Takes a sealed file in, as `name`. Errors: EEXIST; those of linkat.
    error_code add(staged_file file, const std::string& name);

    /// Makes the folder visible as `name` in the store's own directory. With durability `full` it is on the
    /// disk when this returns, with all in it. Errors: EEXIST; those of fsync and rename: then nothing is
    /// there, unless `indeterminate_name` says otherwise.
    error_code place(const std::string& name);

    bool is_placed() const noexcept { return temporary_.empty(); }

    /// As that of staged_file.
    const std::string& indeterminate_name() const noexcept { return indeterminate_name_; }

private:
    staged_folder(upload_store& store, unique_fd folder, std::string temporary) noexcept
        : store_(store), folder_(std::move(folder)), temporary_(std::move(temporary)) {}
    void remove_all(const std::string& name) noexcept;

    upload_store& store_;
    unique_fd folder_;
    std::string temporary_;  // empty once it has its name
    std::vector<std::string> names_;
    std::string indeterminate_name_;
};

}  // namespace fairlead::files
