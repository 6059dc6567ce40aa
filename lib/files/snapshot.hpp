#pragma once

#include "base/error.hpp"
#include "base/unique_fd.hpp"

#include <string_view>

namespace fairlead::files {

/// A file in memory that holds `bytes` and that nobody can change, this process included (memfd_create(2),
/// sealed): what is sent from it needs no check, and waits for no
/// disk that is not the swap. Errors: the errno of the calls;
/// EMFILE, ENOMEM and EPERM are to be expected.
result<unique_fd> make_snapshot(std::string_view bytes) noexcept;

}  // namespace fairlead::files
