#include "http/cgi_output.hpp"

#include "base/text.hpp"
#include "http/field_value.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace fairlead::http {
namespace {

// Of what a script wrote, this much is quoted in the log.
constexpr std::size_t quoted_bytes = 80;

// In lower case.
constexpr std::array<std::string_view, 12> not_passed_on{
    "connection", "date",    "keep-alive", "proxy-connection",  "server",       "te",
    "trailer",    "upgrade", "x-sendfile", "transfer-encoding", "x-request-id", "x-litespeed-location",
};

bool is_passed_on(std::string_view name) {
    const auto lower = to_lower(name);
    return !lower.starts_with("x-accel-") &&
           std::find(not_passed_on.begin(), not_passed_on.end(), lower) == not_passed_on.end();
}

std::string shortened(std::string_view text) {
    return '"' + std::string(text.substr(0, quoted_bytes)) + (text.size() > quoted_bytes ? "...\"" : "\"");
}

/// Whether the server can answer with it: `path-absolute` of RFC 3986, and perhaps a query.
bool is_local(std::string_view location) noexcept {
    return location.starts_with('/') && !location.starts_with("//") &&
           location.find('#') == std::string_view::npos;
}

bool has_no_content(status code) noexcept {
    return code == status::no_content || code == status::reset_content || code == status::not_modified;
}

}  // namespace

problem bad_script_output(std::string reason) {
    problem bad;
    bad.status = status::bad_gateway;
    bad.detail = "The program behind this address gave no valid answer.";
    bad.log_detail = std::move(reason);
    return bad;
}

cgi_output::step cgi_output::feed(std::span<const char> input) {
    const std::string_view text(input.data(), input.size());
    std::size_t at = 0;
    while (reason_.empty() && at < text.size()) {
        const auto rest = text.substr(at);
        const auto lf = rest.find('\n');
        const auto size = lf == std::string_view::npos ? rest.size() : lf + 1;
        if (size > limits_.max_head_bytes - head_bytes_)
            return refuse("the head of the output is longer than " + std::to_string(limits_.max_head_bytes) +
                          " bytes, or has no end");
        head_bytes_ += size;
        at += size;
        if (lf == std::string_view::npos) {
            line_.append(rest);
            break;
        }
        std::string_view line = rest.substr(0, lf);
        if (!line_.empty()) line = line_.append(line);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) {
            if (!end_head()) break;
            is_complete_ = true;
            return {at, state::complete};
        }
        if (!read_line(line)) break;
        line_.clear();
    }
    return {at, reason_.empty() ? state::need_more : state::refused};
}

void cgi_output::finish() {
    if (is_complete_ || !reason_.empty()) return;
    (void)refuse(head_bytes_ == 0 ? "the output is empty"
                                  : "the output ended within its head: there is no empty line behind it");
}

problem cgi_output::refusal() const { return bad_script_output(reason_); }

cgi_output::step cgi_output::refuse(std::string reason) {
    reason_ = std::move(reason);
    line_.clear();
    return {0, state::refused};
}

/// False when the line was refused.
bool cgi_output::read_line(std::string_view line) {
    if (++fields_ > limits_.max_fields) {
        refuse("the head of the output has more than " + std::to_string(limits_.max_fields) + " fields");
        return false;
    }
    if (line.front() == ' ' || line.front() == '\t') {
        refuse("a line of the head begins with a space: folded lines are not taken");
        return false;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) {
        refuse(line.starts_with("HTTP/") && fields_ == 1
                   ? "the output begins with a status line: write \"Status: 200\" in place of it"
                   : "a line of the head is no \"Name: value\": " + shortened(line));
        return false;
    }
    const auto name = line.substr(0, colon);
    const auto value = trim(line.substr(colon + 1));
    if (!is_token(name)) {
        refuse("a field name of the head is malformed: " + shortened(name));
        return false;
    }
    if (!is_field_content(value)) {
        refuse("the value of " + shortened(name) + " has a control byte");
        return false;
    }
    return read_own_field(name, value);
}

/// Takes the fields that are for the server, and hands on the others.
bool cgi_output::read_own_field(std::string_view name, std::string_view value) {
    if (iequals(name, "Status")) return set_once(status_, name, value);
    if (iequals(name, "Location")) return set_once(location_, name, value);
    if (iequals(name, "Content-Type")) return set_once(content_type_, name, value);
    if (iequals(name, "Content-Length")) return set_once(length_, name, value);
    if (is_passed_on(name)) head_.fields.add(name, value);
    return true;
}

bool cgi_output::set_once(std::optional<std::string>& field, std::string_view name, std::string_view value) {
    if (field) {
        refuse("the head has more than one " + std::string(name));
        return false;
    }
    if (value.empty()) {
        refuse(std::string(name) + " is empty");
        return false;
    }
    field = value;
    return true;
}

/// Decides what the fields mean together. False when they are refused.
bool cgi_output::end_head() {
    if (!status_ && !location_ && !content_type_) {
        refuse(fields_ == 0 ? "the output has no head: it begins with an empty line"
                            : "the head has no Content-Type, no Location and no Status");
        return false;
    }
    if (!decide_status()) return false;
    if (length_) {
        head_.length = parse_decimal(*length_);
        if (!head_.length || *head_.length > std::numeric_limits<std::int64_t>::max()) {
            refuse("the Content-Length is not a number: " + shortened(*length_));
            return false;
        }
    }
    if (location_) {
        if (fields_ == 1 && is_local(*location_)) head_.local_location = *location_;
        head_.fields.add("Location", *location_);
    }
    if (content_type_) head_.fields.add("Content-Type", *content_type_);
    if (has_no_content(head_.status) || (location_ && !content_type_))
        head_.body = script_body::ignored;
    else if (!content_type_)
        head_.body = script_body::absent;
    if (head_.body != script_body::sent) head_.length.reset();
    return true;
}

/// "200", "404 What it was": the words are not passed on, since each status has its own.
bool cgi_output::decide_status() {
    if (!status_) {
        if (location_) head_.status = status::found;
        return true;
    }
    const std::string_view text = *status_;
    const auto code = parse_decimal(text.substr(0, 3));
    const bool is_number = text.size() >= 3 && code && (text.size() == 3 || text[3] == ' ');
    if (!is_number || *code < 200 || *code > 599) {
        refuse("the Status is not a number from 200 to 599: " + shortened(text));
        return false;
    }
    head_.status = static_cast<http::status>(*code);
    return true;
}

}  // namespace fairlead::http
