#include "telemetry/access_log.hpp"

#include "telemetry/escape.hpp"
#include "telemetry/log_queue.hpp"
#include "telemetry/redact.hpp"
#include "telemetry/timestamp.hpp"

#include <unistd.h>
#include <algorithm>
#include <map>

namespace fairlead::telemetry {
namespace {

void append_number(line_buffer& out, std::uint64_t value) {
    const fmt::format_int digits(value);
    out.append(digits.data(), digits.data() + digits.size());
}

/// `value`, or nginx's `-` when there is none.
void append_nginx(line_buffer& out, std::string_view value) {
    if (value.empty())
        out.push_back('-');
    else
        append_escaped(out, value, escape_form::nginx);
}

void append_word(line_buffer& out, std::string_view value) {
    if (value.empty())
        out.push_back('-');
    else
        append_escaped(out, value, escape_form::word);
}

void append_target(line_buffer& out, std::string_view target, escape_form form) {
    const auto [before, mark, after] = without_userinfo(target);
    append_escaped(out, before, form);
    append(out, mark);
    append_escaped(out, after, form);
}

/// `"GET / HTTP/1.1"`, or `"-"` when no request line could be read.
void append_request_line(line_buffer& out, const access_record& record) {
    out.push_back('"');
    append_nginx(out, record.method);
    if (!record.method.empty()) {
        out.push_back(' ');
        append_target(out, record.target, escape_form::nginx);
        out.push_back(' ');
        append_escaped(out, record.protocol, escape_form::nginx);
    }
    out.push_back('"');
}

std::string_view client_of(const access_record& record) {
    return record.client.empty() ? record.peer : record.client;
}

void append_text(line_buffer& out, const access_record& record, bool is_combined) {
    append_word(out, client_of(record));
    append(out, " - ");
    append_word(out, record.user);
    append(out, " [");
    append_common_time(out, record.time);
    append(out, "] ");
    append_request_line(out, record);
    out.push_back(' ');
    append_number(out, record.status);
    out.push_back(' ');
    append_number(out, record.bytes_sent);
    if (is_combined) {
        append(out, " \"");
        if (record.referer.empty())
            out.push_back('-');
        else
            append_target(out, record.referer, escape_form::nginx);
        append(out, "\" \"");
        append_nginx(out, record.user_agent);
        out.push_back('"');
    }
    out.push_back(' ');
    append_seconds(out, record.duration);
    out.push_back(' ');
    append_word(out, record.request_id);
}

/// `prefix` and `value` as a JSON string, without the closing quote.
void append_string(line_buffer& out, std::string_view prefix, std::string_view value) {
    append(out, prefix);
    append_escaped(out, value, escape_form::json);
}

void append_headers(line_buffer& out, const access_record& record) {
    if (record.user_agent.empty() && record.referer.empty()) return;
    append(out, R"(,"headers":{)");
    if (!record.user_agent.empty()) {
        append_string(out, R"("User-Agent":[")", record.user_agent);
        append(out, record.referer.empty() ? "\"]" : "\"],");
    }
    if (!record.referer.empty()) {
        append(out, R"("Referer":[")");
        append_target(out, record.referer, escape_form::json);
        append(out, "\"]");
    }
    out.push_back('}');
}

void append_json(line_buffer& out, const access_record& record) {
    append(out, record.status >= 500 ? R"({"level":"error","ts":)" : R"({"level":"info","ts":)");
    append_unix_time(out, record.time);
    append(out, R"(,"logger":"http.log.access","msg":"handled request","request":{)");
    append_string(out, R"("remote_ip":")", record.peer);
    append(out, R"(","remote_port":")");
    append_number(out, record.peer_port);
    append_string(out, R"(","client_ip":")", client_of(record));
    append_string(out, R"(","proto":")", record.protocol);
    append_string(out, R"(","method":")", record.method);
    append(out, R"(","host":")");
    append_target(out, record.host, escape_form::json);
    append(out, R"(","uri":")");
    append_target(out, record.target, escape_form::json);
    out.push_back('"');
    append_headers(out, record);
    append(out, R"(},"bytes_read":)");
    append_number(out, record.bytes_received);
    append_string(out, R"(,"user_id":")", record.user);
    append(out, R"(","duration":)");
    append_seconds(out, record.duration);
    append(out, R"(,"size":)");
    append_number(out, record.bytes_sent);
    append(out, R"(,"status":)");
    append_number(out, record.status);
    append_string(out, R"(,"request_id":")", record.request_id);
    append(out, R"(","ttfb":)");
    append_seconds(out, record.first_byte);
    append(out, record.shed ? R"(,"shed":true})" : R"(,"shed":false})");
}

void append_line(line_buffer& out, const access_record& record, access_format format) {
    if (format == access_format::json)
        append_json(out, record);
    else
        append_text(out, record, format == access_format::combined);
}

}  // namespace

access_log::access_log(const access_log_options& options) {
    // One file, one queue: two would write over each other's cut lines when the disk is full.
    std::map<std::string_view, line_output*> opened;
    const auto open = [&](access_class which, const access_target& wanted) {
        if (wanted.format == access_format::off) return;
        auto& output = opened[wanted.file];
        if (output == nullptr)
            output = outputs_
                         .emplace_back(std::make_unique<log_queue>(
                             wanted.file, STDOUT_FILENO, options.queue_size, log_queue::pace::gathered))
                         .get();
        add(which, wanted.format, *output);
    };
    open(access_class::all, options.all);
    open(access_class::success, options.success);
    open(access_class::failure, options.failure);
}

access_log::access_log(std::vector<std::string>& captured, access_format format) {
    capture(captured, access_class::all, format);
}

void access_log::capture(std::vector<std::string>& captured, access_class which, access_format format) {
    if (format == access_format::off) return;
    add(which, format, *outputs_.emplace_back(std::make_unique<captured_output>(captured)));
}

void access_log::add(access_class which, access_format format, line_output& output) {
    for (const bool failed : {false, true}) {
        if (which == (failed ? access_class::success : access_class::failure)) continue;
        auto& targets = targets_[failed];
        const auto after =
            std::upper_bound(targets.begin(), targets.end(), format,
                             [](access_format one, const target& other) { return one < other.format; });
        targets.insert(after, {format, &output});
    }
}

void access_log::write_line(const access_record& record) {
    line_buffer line;
    auto written = access_format::off;
    for (const auto& [format, output] : targets_[is_failure(record.status)]) {
        if (format != written) {
            line.clear();
            append_line(line, record, format);
            written = format;
        }
        output->post(view(line));
    }
}

bool access_log::reopen() {
    bool are_all_open = true;
    for (const auto& output : outputs_) are_all_open &= output->reopen();
    return are_all_open;
}

void access_log::flush() {
    for (const auto& output : outputs_) output->flush();
}

std::uint64_t access_log::dropped() const {
    std::uint64_t sum = 0;
    for (const auto& output : outputs_) sum += output->dropped();
    return sum;
}

}  // namespace fairlead::telemetry
