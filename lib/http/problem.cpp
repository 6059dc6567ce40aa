#include "http/problem.hpp"

#include "base/text.hpp"
#include "http/escape.hpp"
#include "http/field_value.hpp"
#include "http/refusal.hpp"

namespace fairlead::http {
namespace {

problem overloaded(std::string_view detail) {
    auto answer = refuse(status::service_unavailable, detail);
    answer.fields.add("Retry-After", "5");
    return answer;
}

problem problem_from_errc(errc error) {
    switch (error) {
        case errc::timeout:
            return refuse_and_close(status::request_timeout, "The request took too long to arrive.");
        case errc::too_large:
            return refuse_and_close(status::payload_too_large,
                                    "The request is larger than this server takes.");
        case errc::bad_framing:
            return refuse_and_close(status::bad_request, "The end of the request body cannot be told.");
        case errc::end_of_stream:
            return refuse_and_close(status::bad_request, "The request ended before its body was complete.");
        case errc::overloaded: return overloaded("The server is busy.");
        case errc::cancelled: return overloaded("The server is stopping.");
        case errc::quota_exceeded:
            return refuse_and_close(status::payload_too_large, "What is stored here has reached its limit.");
        case errc::digest_mismatch:
            return refuse(status::bad_request,
                          "The content does not have the digest that Content-Digest or Repr-Digest says "
                          "(RFC 9530): nothing was stored. Send it again.");
        case errc::precondition_failed:
            return refuse(status::precondition_failed, "What is stored is not what the request expects.");
        case errc::not_a_file:
            return refuse(status::conflict, "A folder, or something else that is no file, has this name.");
        case errc::abandoned:  // nobody reads it
        case errc::file_changed: break;
    }
    return refuse(status::internal_server_error, "The server met an unexpected condition.");
}

problem problem_from_errno(int error) {
    switch (error) {
        case ENOENT:
        case ENOTDIR: return refuse(status::not_found, "There is nothing at this address.");
        case EACCES:
        case EPERM:
        case ELOOP:
        case EXDEV:
        case ENXIO: return refuse(status::forbidden, "This address may not be read.");
        case ENAMETOOLONG:
            return refuse(status::uri_too_long, "A part of the path is longer than a file name.");
        case ENOSPC:
        case EDQUOT:
            return refuse(status::insufficient_storage, "There is no room left to store the request.");
        case EMFILE:
        case ENFILE: return overloaded("The server has too many files open.");
        default: return refuse(status::internal_server_error, "The server met an unexpected condition.");
    }
}

/// A detail may repeat bytes of the request; both renderings promise UTF-8.
std::string as_utf8(std::string_view text) {
    std::string out(text);
    if (is_valid_utf8(out)) return out;
    for (char& c : out)
        if (static_cast<unsigned char>(c) >= 0x80) c = '?';
    return out;
}

std::string render_json(status code, std::string_view detail, std::string_view request_id) {
    std::string out = R"({"type":"about:blank","title":)";
    out += json_string(reason_phrase(code));
    out += ",\"status\":" + std::to_string(static_cast<unsigned>(code));
    if (!detail.empty()) out += ",\"detail\":" + json_string(detail);
    if (!request_id.empty()) out += ",\"request_id\":" + json_string(request_id);
    return out += "}\n";
}

std::string render_html(status code, std::string_view detail, std::string_view request_id) {
    const auto title = std::to_string(static_cast<unsigned>(code)) + ' ' + std::string(reason_phrase(code));
    std::string out =
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>";
    out += escape_html(title);
    out +=
        "</title>\n<style>:root{color-scheme:light dark}"
        "body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem}"
        "small{opacity:.7}</style>\n</head>\n<body>\n<h1>";
    out += escape_html(title) + "</h1>\n";
    if (!detail.empty()) out += "<p>" + escape_html(detail) + "</p>\n";
    if (!request_id.empty()) out += "<p><small>Request id: " + escape_html(request_id) + "</small></p>\n";
    return out += "</body>\n</html>\n";
}

}  // namespace

problem refuse(status code, std::string_view detail) {
    problem answer;
    answer.status = code;
    answer.detail = detail;
    return answer;
}

problem refuse_and_close(status code, std::string_view detail) {
    auto answer = refuse(code, detail);
    answer.close = true;
    return answer;
}

problem to_problem(const refusal& value) {
    auto answer = refuse(value.status, value.detail);
    answer.close = value.close;
    answer.event = value.event;
    return answer;
}

problem problem_from(error_code error) {
    problem answer;
    if (error.category() == fairlead_category())
        answer = problem_from_errc(static_cast<errc>(error.value()));
    else if (error.category() == boost::system::system_category() ||
             error.category() == boost::system::generic_category())
        answer = problem_from_errno(error.value());
    else
        answer = problem_from_errno(0);
    answer.log_detail = error.message();
    return answer;
}

std::string_view reason_phrase(status code) noexcept {
    switch (code) {
        case status::payload_too_large: return "Content Too Large";
        case status::unprocessable_entity: return "Unprocessable Content";
        default: {
            const auto phrase = boost::beast::http::obsolete_reason(code);
            return phrase == "<unknown-status>" ? std::string_view("Unknown Status")
                                                : std::string_view(phrase.data(), phrase.size());
        }
    }
}

response render(const problem& refusal, std::string_view accept, std::string_view request_id,
                const std::shared_ptr<const error_page>& page) {
    response answer;
    answer.status = refusal.status;
    answer.close = refusal.close;
    answer.fields = refusal.fields;
    const auto detail = as_utf8(refusal.detail);
    const auto id = as_utf8(request_id);
    if (prefers_json(accept)) {
        answer.fields.add_prebuilt("Content-Type: application/problem+json\r\n");
        answer.body = render_json(refusal.status, detail, id);
    } else if (page) {
        answer.fields.add("Content-Type", page->content_type);
        answer.body = memory_slice{page, page->text};
    } else {
        answer.fields.add_prebuilt("Content-Type: text/html; charset=utf-8\r\n");
        answer.body = render_html(refusal.status, detail, id);
    }
    answer.fields.add_prebuilt("Vary: Accept\r\n");
    return answer;
}

}  // namespace fairlead::http
