#pragma once

#include "files/upload_store.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace fairlead::files {

/// The whole of a file that we wrote ourselves, in a directory of a store. Errors: those of open and read;
/// errc::too_large above 16 MiB, which none of ours has.
result<std::string> read_small_file(const store_directory& where, const std::string& name);

/// Writes a new file; on the disk when this returns, if the store is durable. Errors:
/// errc::precondition_failed when the name is taken, and those of the disk.
error_code write_small_file(upload_store& store, const std::shared_ptr<store_directory>& where,
                            const std::string& name, std::string_view text);

}  // namespace fairlead::files
