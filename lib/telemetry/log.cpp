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

/// ` name=value`
void append_word(line_buffer& out, std::string_view name, std::string_view value) {
    out.push_back(' ');
    append(out, name);
    out.push_back('=');
    append_escaped(out, value.empty() ? "-" : value, escape_form::word);
}

}  // namespace

log::log(const log_options& options)
    : level_(options.level),
      is_json_(options.json),
      output_(std::make_unique<log_queue>(options.file, STDERR_FILENO, options.queue_size)) {
    is_coloured_ = options.colour && !is_json_ && output_->is_terminal();
}

log::log(std::vector<std::string>& captured, severity level, bool json)
    : level_(level), is_json_(json), output_(std::make_unique<captured_output>(captured)) {}

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

void log::security(std::string_view event, std::string_view peer, std::string_view request_id,
                   std::string_view detail) {
    if (output_ == nullptr) return;
    line_buffer line;
    if (is_json_) {
        begin_json(line, severity::warn, "security");
        append_member(line, "msg", "security event");
        append_member(line, "event", event.empty() ? "-" : event);
        append_member(line, "peer", peer.empty() ? "-" : peer);
        append_member(line, "request_id", request_id.empty() ? "-" : request_id);
        append_member(line, "detail", detail);
        line.push_back('}');
    } else {
        begin_text(line, severity::warn, is_coloured_);
        append(line, "security");
        append_word(line, "event", event);
        append_word(line, "peer", peer);
        append_word(line, "request_id", request_id);
        append(line, " detail=\"");
        append_escaped(line, detail, escape_form::quoted);
        line.push_back('"');
    }
    output_->post(view(line));
}

void log::write_unescaped(severity level, std::string_view text) {
    if (!enabled(level)) return;
    if (is_json_) return write(level, "{}", fmt::make_format_args(text));
    line_buffer line;
    begin_text(line, level, is_coloured_);
    append(line, text);
    output_->post(view(line));
}

void log::reopen() {
    if (output_ != nullptr) output_->reopen();
}

void log::flush() {
    if (output_ != nullptr) output_->flush();
}

std::uint64_t log::dropped() const { return output_ == nullptr ? 0 : output_->dropped(); }

}  // namespace fairlead::telemetry
