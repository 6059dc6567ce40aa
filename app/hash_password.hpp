#pragma once

#include "base/password_hash.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace fairlead::app {

/// What is wrong with a password, or nothing: it is empty, longer than the scheme looks at, or cannot be sent
/// (RFC 7617 section 2: UTF-8 without control characters).
std::optional<std::string> fault_of_password(hash_scheme scheme, std::string_view password);

/// The one line of a text, without its end (LF or CR LF, which may be missing); nothing when there is
/// something behind it.
std::optional<std::string_view> only_line(std::string_view text) noexcept;

/// `fairlead hash-password`: asks for a password at the terminal twice, without showing it, or takes the one
/// line of standard input when that is no terminal. Prints its hash, with "NAME:" before it unless `user` is
/// empty. Returns the exit code; what is wrong goes to standard error.
int hash_password(hash_scheme scheme, const std::string& user);

}  // namespace fairlead::app
