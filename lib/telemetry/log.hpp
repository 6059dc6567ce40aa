#pragma once

#include "telemetry/line_output.hpp"

#include <fmt/core.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::telemetry {

enum class severity { debug, info, warn, error };

struct log_options {
    severity level = severity::info;
    bool json = false;              ///< JSON lines in place of text
    std::string file;               ///< empty is standard error
    std::size_t queue_size = 8192;  ///< lines that may wait for the disk
    bool colour = false;            ///< colour the severity, if it turns out that a terminal reads it
    std::string security_file;      ///< of security events; empty: they stand among the other lines
    bool security_json = false;  ///< JSON lines there; without a file of their own they have the log's form
};

/// Somebody tried something. Texts are as the client sent them. An empty value of the first four is written
/// as `-`.
struct security_record {
    std::string_view event;       ///< what it was: a fixed word
    std::string_view client;      ///< address of who asked: whom a tool may ban
    std::string_view peer;        ///< address of who is connected: the same, or a trusted proxy
    std::string_view request_id;  ///< as in the answer
    std::string_view detail;
};

/// The server's log, one line an event:
///
///     2026-01-02T03:04:05.678Z info listening on 127.0.0.1:8080
///     {"level":"info","ts":1767323045.678000,"logger":"fairlead","msg":"listening on 127.0.0.1:8080"}
///
/// Whatever a message contains, it stays one line: control characters and invalid UTF-8 are escaped
/// (escape.hpp). Any thread may write; a full queue drops its oldest line and counts, it never makes a writer
/// wait.
class log {
public:
    /// Writes nothing.
    log() = default;

    /// Throws std::system_error when the file cannot be opened.
    explicit log(const log_options& options);

    /// Appends each line to `captured`, text unless `json`: for tests.
    explicit log(std::vector<std::string>& captured, severity level = severity::debug, bool json = false);

    log(const log&) = delete;
    log& operator=(const log&) = delete;

    bool enabled(severity level) const noexcept { return output_ != nullptr && level >= level_; }

    template <class... A>
    void debug(fmt::format_string<A...> format, A&&... arguments) {
        if (enabled(severity::debug)) write(severity::debug, format, fmt::make_format_args(arguments...));
    }
    template <class... A>
    void info(fmt::format_string<A...> format, A&&... arguments) {
        if (enabled(severity::info)) write(severity::info, format, fmt::make_format_args(arguments...));
    }
    template <class... A>
    void warn(fmt::format_string<A...> format, A&&... arguments) {
        if (enabled(severity::warn)) write(severity::warn, format, fmt::make_format_args(arguments...));
    }
    template <class... A>
    void error(fmt::format_string<A...> format, A&&... arguments) {
        if (enabled(severity::error)) write(severity::error, format, fmt::make_format_args(arguments...));
    }

    /// Writes a security event, to the file of such events if there is one. The form is kept stable for tools
    /// that ban clients (resources/fail2ban), is the same in both places, and the level does not switch it
    /// off:
    ///
    ///     2026-01-02T03:04:05.678Z warn security event=traversal client=192.0.2.7 peer=192.0.2.7
    ///     request_id=4f2c detail="/../etc"
    ///
    /// on one line. In JSON the same names are members beside `"logger":"security"`.
    void security(const security_record& event);

    /// Appends each line of a security event to `captured` from now on: for tests.
    void capture_security(std::vector<std::string>& captured, bool json = false);

    /// Writes `text` as it is in a text log, with its colour codes: only for text that no client had a hand
    /// in.
    void write_unescaped(severity level, std::string_view text);

    /// True when colour was asked for and a terminal reads the log.
    bool is_coloured() const noexcept { return is_coloured_; }

    /// Opens the files again by their names, after a rename. False: one that failed stays in use as it was,
    /// and standard error tells why.
    bool reopen();

    /// Returns when all that was written before is in the file; gives up after five seconds.
    void flush();

    /// Lines lost to a full queue or a disk that does not take them, since the start; those of security
    /// events included.
    std::uint64_t dropped() const;

private:
    void write(severity level, fmt::string_view format, fmt::format_args arguments);

    severity level_ = severity::info;
    bool is_json_ = false;
    bool is_coloured_ = false;
    bool is_security_json_ = false;
    std::unique_ptr<line_output> output_;           ///< empty: nothing is written
    std::unique_ptr<line_output> security_output_;  ///< empty: security events go to `output_`
};

}  // namespace fairlead::telemetry
