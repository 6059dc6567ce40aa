#pragma once

#include <charconv>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::test {

/// One answer as a client reads it from the connection.
struct answer {
    unsigned status = 0;
    std::string head;  ///< with the empty line
    std::string body;

    /// The value of a field line, or an empty view. `name` as the server writes it.
    std::string_view field(std::string_view name) const {
        const auto line = "\r\n" + std::string(name) + ": ";
        const auto at = head.find(line);
        if (at == std::string::npos) return {};
        const auto begin = at + line.size();
        return std::string_view(head).substr(begin, head.find("\r\n", begin) - begin);
    }
    bool has_field(std::string_view name) const {
        return head.find("\r\n" + std::string(name) + ": ") != std::string::npos;
    }
};

/// Takes a body in chunks (RFC 9112 section 7.1, without extensions and trailers, which this server does not
/// send) off the front of `bytes`. False when it is not complete. Throws when it is none.
inline bool take_chunks(std::string_view& bytes, std::string& body) {
    for (;;) {
        const auto line_end = bytes.find("\r\n");
        if (line_end == std::string_view::npos) return false;
        std::uint64_t size = 0;
        const auto number = std::from_chars(bytes.data(), bytes.data() + line_end, size, 16);
        if (line_end == 0 || number.ec != std::errc{} || number.ptr != bytes.data() + line_end)
            throw std::runtime_error("no chunk size: " + std::string(bytes.substr(0, line_end)));
        bytes.remove_prefix(line_end + 2);
        if (bytes.size() < size + 2) return false;
        body += bytes.substr(0, size);
        if (bytes.substr(size, 2) != "\r\n") throw std::runtime_error("a chunk without its end");
        bytes.remove_prefix(size + 2);
        if (size == 0) return true;
    }
}

/// Takes one answer off the front of `bytes`. False when it is not complete. Throws std::runtime_error when
/// the bytes are no HTTP/1.1 answer of this server.
inline bool take_answer(std::string_view& bytes, answer& out, bool to_head = false) {
    const auto end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    out.head = bytes.substr(0, end + 4);
    if (!out.head.starts_with("HTTP/1.1 ") || out.head.size() < 13 || out.head[12] != ' ')
        throw std::runtime_error("no status line: " + out.head);
    const auto code = std::from_chars(out.head.data() + 9, out.head.data() + 12, out.status);
    if (code.ptr != out.head.data() + 12 || out.status < 100)
        throw std::runtime_error("no status: " + out.head);
    for (std::size_t at = 0;
         (at = out.head.find_first_of(std::string_view("\r\n\0", 3), at)) != std::string::npos; at += 2)
        if (out.head.compare(at, 2, "\r\n") != 0)
            throw std::runtime_error("a stray CR, LF or NUL: " + out.head);
    const bool has_none = out.status < 200 || out.status == 204 || out.status == 304;
    std::uint64_t length = 0;
    if (!has_none && out.field("Transfer-Encoding") == "chunked" && !out.has_field("Content-Length")) {
        auto rest = bytes.substr(end + 4);
        out.body.clear();
        if (!to_head && !take_chunks(rest, out.body)) return false;
        bytes = rest;
        return true;
    }
    if (has_none == out.has_field("Content-Length"))
        throw std::runtime_error("Content-Length and status disagree: " + out.head);
    if (!has_none) {
        const auto text = out.field("Content-Length");
        const auto number = std::from_chars(text.data(), text.data() + text.size(), length);
        if (number.ec != std::errc{} || number.ptr != text.data() + text.size())
            throw std::runtime_error("Content-Length is no number: " + out.head);
    }
    if (to_head) length = 0;
    const auto rest = bytes.substr(end + 4);
    if (rest.size() < length) return false;
    out.body = rest.substr(0, length);
    bytes = rest.substr(length);
    return true;
}

/// Every answer in `bytes`, none of them to HEAD. Throws when something is left over.
inline std::vector<answer> all_answers(std::string_view bytes) {
    std::vector<answer> all;
    while (!bytes.empty()) {
        answer next;
        if (!take_answer(bytes, next))
            throw std::runtime_error("an answer is cut: " + std::string(bytes.substr(0, 500)));
        all.push_back(std::move(next));
    }
    return all;
}

/// The statuses of all answers in `bytes`, as `200 404`.
inline std::string statuses(std::string_view bytes) {
    std::string text;
    for (const auto& one : all_answers(bytes)) text += (text.empty() ? "" : " ") + std::to_string(one.status);
    return text;
}

/// `bytes` with every Date and request id blanked, also where a body repeats the id.
inline std::string without_variable_parts(std::string bytes) {
    const auto blank = [&bytes](std::string_view name, std::size_t size, bool everywhere) {
        for (std::size_t at = 0; (at = bytes.find(name, at)) != std::string::npos;) {
            at += name.size();
            const auto value = bytes.substr(at, size);
            bytes.replace(at, size, size, '-');
            for (std::size_t other = 0;
                 everywhere && (other = bytes.find(value, other)) != std::string::npos;)
                bytes.replace(other, size, size, '-');
        }
    };
    blank("\r\nDate: ", 29, false);
    blank("\r\nX-Request-Id: ", 16, true);
    return bytes;
}

}  // namespace fairlead::test
