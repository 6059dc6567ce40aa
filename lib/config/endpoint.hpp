#pragma once

#include "config/settings.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace fairlead::config {

/// Why a text is no endpoint: a sentence that says what to write.
struct endpoint_error {
    std::string message;
};

/// Reads `ADDR:PORT`, `NAME:PORT`, `[IPV6]:PORT`, `*:PORT` or `PORT`; the last two are every address.
/// Addresses are checked, names only for their characters. The port is 0 (the kernel chooses) to 65535.
std::variant<endpoint, endpoint_error> parse_endpoint(std::string_view text);

/// The text that parse_endpoint reads back as the same endpoint: `*:PORT` for every address.
std::string format_endpoint(const endpoint& value);

/// Whether only this machine reaches it: localhost, ::1, 127.0.0.0/8.
bool is_loopback(const endpoint& where);

}  // namespace fairlead::config
