#pragma once

#include <string>
#include <string_view>

namespace fairlead::test {

/// A request of `lines` (each with its CRLF) beside the Host field.
inline std::string request(std::string_view line, std::string_view lines = {}, std::string_view body = {}) {
    std::string text(line);
    text.append(" HTTP/1.1\r\nHost: localhost\r\n").append(lines).append("\r\n").append(body);
    return text;
}

inline std::string get(std::string_view target, std::string_view lines = {}) {
    return request("GET " + std::string(target), lines);
}

/// An upload with Content-Length.
inline std::string post(std::string_view document, std::string_view lines = {}) {
    return request("POST /upload",
                   "Content-Type: application/json\r\nContent-Length: " + std::to_string(document.size()) +
                       "\r\n" + std::string(lines),
                   document);
}

/// An upload in chunks.
inline std::string post_chunked(std::string_view chunks) {
    return request("POST /upload", "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n",
                   chunks);
}

}  // namespace fairlead::test
