#include "http/byteranges.hpp"

namespace fairlead::http {

std::string byteranges_type(std::string_view boundary) {
    return std::string("multipart/byteranges; boundary=").append(boundary);
}

std::vector<file_part> byteranges_parts(std::span<const byte_range> ranges, std::string_view content_type,
                                        std::uint64_t size, std::string_view boundary) {
    std::vector<file_part> parts;
    parts.reserve(ranges.size() + 1);
    for (const auto& range : ranges) {
        std::string lead(parts.empty() ? "--" : "\r\n--");
        lead.append(boundary).append("\r\nContent-Type: ").append(content_type);
        lead.append("\r\nContent-Range: ").append(content_range(range, size)).append("\r\n\r\n");
        parts.push_back({std::move(lead), range.offset, range.length});
    }
    parts.push_back({std::string("\r\n--").append(boundary).append("--\r\n"), 0, 0});
    return parts;
}

}  // namespace fairlead::http
