#include "http/framing.hpp"

#include "base/text.hpp"
#include "http/field_value.hpp"

#include <limits>

namespace fairlead::http {
namespace {

refusal bad_framing(std::string_view detail) noexcept {
    return {.status = status::bad_request, .detail = detail, .close = true};
}

checked<body_framing> frame_by_length(std::string_view value) noexcept {
    const auto length = parse_decimal(value);
    // body_reader::length() is signed.
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (!length || *length > most) return bad_framing("Content-Length is not a number of bytes.");
    return body_framing{.kind = body_framing::kind::length, .length = *length};
}

/// Why the Transfer-Encoding lines are not the single word that frames a body here. Only a well-formed list
/// whose last coding is a plain `chunked`, used once, may be called unsupported; everything else has no end
/// that two recipients would agree on.
refusal refuse_coding(const field_table& fields) noexcept {
    bool has_other = false;
    bool has_chunked = false;
    for (const auto& line : fields) {
        if (line.id != field::transfer_encoding) continue;
        list_reader codings(line.value);
        while (const auto coding = codings.next()) {
            const auto name = trim(coding->substr(0, coding->find(';')));
            if (!is_token(name)) return bad_framing("Transfer-Encoding is malformed.");
            if (has_chunked) return bad_framing("chunked must be the last transfer coding, and only once.");
            const bool is_chunked = iequals(name, "chunked");
            if (is_chunked && name.size() != coding->size())
                return bad_framing("chunked takes no parameters.");
            has_chunked = is_chunked;
            has_other |= !is_chunked;
        }
    }
    if (!has_other) return bad_framing("Transfer-Encoding is malformed.");
    return {.status = status::not_implemented,
            .detail = "The only transfer coding that is understood here is chunked.",
            .close = true};
}

/// Reads all Expect lines; false when one asks for something other than 100-continue.
bool read_expectations(const field_table& fields, head_facts& facts) noexcept {
    for (const auto& line : fields) {
        if (line.id != field::expect) continue;
        list_reader expectations(line.value);
        while (const auto expectation = expectations.next()) {
            if (!iequals(*expectation, "100-continue")) return false;
            facts.expects_continue = true;
        }
    }
    return true;
}

}  // namespace

checked<body_framing> decide_framing(const field_table& fields, unsigned version_minor) noexcept {
    const std::string_view* length = nullptr;
    const std::string_view* coding = nullptr;
    bool is_repeated_length = false;
    bool is_repeated_coding = false;
    for (const auto& line : fields) {
        if (line.id == field::content_length) {
            is_repeated_length = length != nullptr;
            length = &line.value;
        } else if (line.id == field::transfer_encoding) {
            is_repeated_coding = coding != nullptr;
            coding = &line.value;
        }
    }
    if (!length && !coding) return body_framing{};
    if (length && coding) return bad_framing("A request has either Content-Length or Transfer-Encoding.");
    if (is_repeated_length) return bad_framing("Content-Length is given more than once.");
    if (length) return frame_by_length(*length);
    if (version_minor == 0) return bad_framing("HTTP/1.0 has no Transfer-Encoding.");
    if (is_repeated_coding || !iequals(*coding, "chunked")) return refuse_coding(fields);
    return body_framing{.kind = body_framing::kind::chunked};
}

checked<head_facts> check_head(const field_table& fields, unsigned version_minor,
                               const known_host* known) noexcept {
    head_facts facts;
    bool has_close = false;
    bool has_keep_alive = false;
    bool has_expect = false;
    for (const auto& line : fields) {
        if (line.id == field::host) {
            if (facts.host) return bad_framing("Host is given more than once.");
            if (known && !line.value.empty() && line.value == known->text) {
                facts.host = known->parts;
                facts.host->name = line.value.substr(0, known->parts.name.size());  // the name comes first
            } else {
                facts.host = parse_host(line.value);
            }
            if (!facts.host) return bad_framing("Host must be a host name or address and at most a port.");
        } else if (line.id == field::connection) {
            has_close |= list_has_token(line.value, "close");
            has_keep_alive |= list_has_token(line.value, "keep-alive");
        } else if (line.id == field::expect) {
            has_expect = true;
        }
    }
    if (!facts.host && version_minor > 0) return bad_framing("An HTTP/1.1 request must have a Host field.");
    facts.keep_alive = !has_close && (version_minor > 0 || has_keep_alive);
    if (has_expect && !read_expectations(fields, facts))
        return refusal{.status = status::expectation_failed,
                       .detail = "The only expectation that is understood here is 100-continue.",
                       .close = true};
    // An HTTP/1.0 client does not know interim responses (RFC 9110 section 10.1.1).
    if (version_minor == 0) facts.expects_continue = false;
    return facts;
}

}  // namespace fairlead::http
