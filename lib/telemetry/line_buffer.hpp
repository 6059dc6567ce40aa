#pragma once

#include <fmt/format.h>

#include <string_view>

namespace fairlead::telemetry {

/// A line of a log while it is put together: its first 500 bytes live on the stack.
using line_buffer = fmt::memory_buffer;

inline void append(line_buffer& out, std::string_view text) {
    out.append(text.data(), text.data() + text.size());
}

inline std::string_view view(const line_buffer& buffer) { return {buffer.data(), buffer.size()}; }

}  // namespace fairlead::telemetry
