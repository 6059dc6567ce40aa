#pragma once

#include "http/message.hpp"
#include "http/range.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// The value of Content-Type for parts that `boundary` divides.
std::string byteranges_type(std::string_view boundary);

/// The parts of a multipart/byteranges body (RFC 9110 section 14.6): what stands before each range, and last
/// what stands behind them. `content_type` is that of the whole, of `size` bytes; `boundary` must not occur
/// in it.
std::vector<file_part> byteranges_parts(std::span<const byte_range> ranges, std::string_view content_type,
                                        std::uint64_t size, std::string_view boundary);

}  // namespace fairlead::http
