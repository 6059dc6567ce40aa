#include "telemetry/log.hpp"

#include "telemetry/escape.hpp"
#include "telemetry/log_queue.hpp"
#include "telemetry/timestamp.hpp"

#include <unistd.h>
#include <array>

namespace fairlead::telemetry {
namespace {

constexpr std::array<std::string_view, 4> names = {"debug", "info", "warn", "error"};
constexpr std::array<std::string_view, 4> colours = {"\x1b[2m", "\x1b[32m", "\x1b[33m", "\x1b[31m"};
constexpr std::string_view end_of_colour = "\x1b[0m";

/// `2026-01-02T03:04:05.678Z info `
void begin_text(line_buffer& out, severity level, bool is_coloured) {
    const auto index = static_cast<std::size_t>(level);
    append_iso_time(out, std::chrono::system_clock::now());
    out.push_back(' ');
    if (is_coloured) append(out, colours[index]);
    append(out, names[index]);
    if (is_coloured) append(out, end_of_colour);
    out.push_back(' ');
}

/// `{"level":"info","ts":1767323045.678000,"logger":"fairlead"`
void begin_json(line_buffer& out, severity level, std::string_view logger) {
    append(out, R"({"level":")");
    append(out, names[static_cast<std::size_t>(level)]);
    append(out, R"(","ts":)");
    append_unix_time(out, std::chrono::system_clock::now());
    append(out, R"(,"logger":")");
    append(out, logger);
    out.push_back('"');
}

/// `,"name":"value"`
void append_member(line_buffer& out, std::string_view name, std::string_view value) {
    append(out, ",\"");
    append(out, name);
    append(out, "\":\"");
    append_escaped(out, value, escape_form::json);
    out.push_back('"');
}

std::string_view or_dash(std::string_view value) { return value.empty() ? "-" : value; }

/// ` name=value`
void append_word(line_buffer& out, std::string_view name, std::string_view value) {
    out.push_back(' ');
    append(out, name);
    out.push_back('=');
    append_escaped(out, or_dash(value), escape_form::word);
}

}  // namespace

log::log(const log_options& options)
    : level_(options.level),
      is_json_(options.json),
      output_(std::make_unique<log_queue>(options.file, STDERR_FILENO, options.queue_size,
                                          log_queue::pace::at_once)) {
    is_coloured_ = options.colour && !is_json_ && output_->is_terminal();
    is_security_json_ = is_json_;
    if (options.security_file.empty()) return;
    is_security_json_ = options.security_json;
    security_output_ = std::make_unique<log_queue>(options.security_file, STDERR_FILENO, options.queue_size,
                                                   log_queue::pace::at_once);
}

log::log(std::vector<std::string>& captured, severity level, bool json)
    : level_(level),
      is_json_(json),
      is_security_json_(json),
      output_(std::make_unique<captured_output>(captured)) {}

void log::capture_security(std::vector<std::string>& captured, bool json) {
    is_security_json_ = json;
    security_output_ = std::make_unique<captured_output>(captured);
}

void log::write(severity level, fmt::string_view format, fmt::format_args arguments) {
    line_buffer message;
    fmt::vformat_to(fmt::appender(message), format, arguments);
    line_buffer line;
    if (is_json_) {
        begin_json(line, level, "fairlead");
        append_member(line, "msg", view(message));
        line.push_back('}');
    } else {
        begin_text(line, level, is_coloured_);
        append_escaped(line, view(message), escape_form::message);
    }
    output_->post(view(line));
}

void log::security(const security_record& event) {
    const auto& output = security_output_ ? security_output_ : output_;
    if (output == nullptr) return;
    line_buffer line;
    if (is_security_json_) {
        begin_json(line, severity::warn, "security");
        append_member(line, "msg", "security event");
        append_member(line, "event", or_dash(event.event));
        append_member(line, "client", or_dash(event.client));
        append_member(line, "peer", or_dash(event.peer));
        append_member(line, "request_id", or_dash(event.request_id));
        append_member(line, "detail", event.detail);
        line.push_back('}');
    } else {
        begin_text(line, severity::warn, is_coloured_ && !security_output_);
        append(line, "security");
        append_word(line, "event", event.event);
        append_word(line, "client", event.client);
        append_word(line, "peer", event.peer);
        append_word(line, "request_id", event.request_id);
        append(line, " detail=\"");
        append_escaped(line, event.detail, escape_form::quoted);
        line.push_back('"');
    }
    output->post(view(line));
}

void log::write_unescaped(severity level, std::string_view text) {
    if (!enabled(level)) return;
    if (is_json_) return write(level, "{}", fmt::make_format_args(text));
    line_buffer line;
    begin_text(line, level, is_coloured_);
    append(line, text);
    output_->post(view(line));
}

bool log::reopen() {
    bool are_all_open = true;
    for (const auto* output : {&output_, &security_output_})
        if (*output) are_all_open &= (*output)->reopen();
    return are_all_open;
}

void log::flush() {
    for (const auto* output : {&output_, &security_output_})
        if (*output) (*output)->flush();
}

std::uint64_t log::dropped() const {
    std::uint64_t sum = 0;
    for (const auto* output : {&output_, &security_output_})
        if (*output) sum += (*output)->dropped();
    return sum;
}

}  // namespace fairlead::telemetry
