#pragma once

#include "telemetry/line_output.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::telemetry {

enum class access_format { off, common, combined, json };

struct access_log_options {
    access_format format = access_format::off;
    std::string file;               ///< empty is standard output
    std::size_t queue_size = 8192;  ///< lines that may wait for the disk
};

/// What is told about one request. Views need to live only during `access_log::write`; text is as the client
/// sent it and may be empty. No other field of a request reaches the log, so no credential does; the query
/// string does.
struct access_record {
    std::string_view peer;  ///< address without port
    std::uint16_t peer_port = 0;
    std::string_view
        client;  ///< address of who asked: the peer, or whom a trusted proxy names; empty: the peer
    std::string_view method;
    std::string_view target;    ///< with its query
    std::string_view protocol;  ///< "HTTP/1.1"
    std::string_view host;
    std::string_view referer;
    std::string_view user_agent;
    std::string_view request_id;
    unsigned status = 0;
    std::uint64_t bytes_sent = 0;      ///< of the response
    std::uint64_t bytes_received = 0;  ///< of the request
    std::chrono::nanoseconds duration{0};
    std::chrono::system_clock::time_point time;  ///< when the request was finished
    bool shed = false;                           ///< refused because of load
};

/// One line for each finished request.
///
/// `common` and `combined` begin with nginx's formats of these names, byte for byte, quoted as nginx does
/// (`"` is `\x22`) and with UTC as the time zone; behind that stand the duration in seconds and the request
/// id, `-` if empty:
///
///     192.0.2.7 - - [02/Jan/2026:03:04:05 +0000] "GET /?q=1 HTTP/1.1" 200 512 "-" "curl/8.0" 0.000123 4f2c
///
/// goaccess reads it with `--log-format='%h %^[%d:%t %^] "%r" %s %b "%R" "%u" %T %^'`. `json` has Caddy's
/// names:
///
///     {"level":"info","ts":1767323045.678901,"logger":"http.log.access","msg":"handled request",
///      "request":{"remote_ip":"192.0.2.7","remote_port":"50412","client_ip":"192.0.2.7","proto":"HTTP/1.1","method":"GET",
///      "host":"a.example","uri":"/?q=1","headers":{"User-Agent":["curl/8.0"],"Referer":["..."]}},
///      "bytes_read":0,"duration":0.000123,"size":512,"status":200,"request_id":"4f2c","shed":false}
///
/// on one line; `headers` has only these two, each only if the client sent it. The level is error from status
/// 500 on. Any thread may write; a full queue drops its oldest line and counts.
class access_log {
public:
    /// Switched off.
    access_log() = default;

    /// Throws std::system_error when the file cannot be opened.
    explicit access_log(const access_log_options& options);

    /// Appends each line to `captured`: for tests.
    access_log(std::vector<std::string>& captured, access_format format);

    access_log(const access_log&) = delete;
    access_log& operator=(const access_log&) = delete;

    bool enabled() const noexcept { return output_ != nullptr; }

    void write(const access_record& record) {
        if (enabled()) write_line(record);
    }

    /// Opens the file again by its name, after a rename; on failure the old one stays in use.
    void reopen();

    /// Returns when all that was written before is in the file; gives up after five seconds.
    void flush();

    /// Lines lost to a full queue or a disk that does not take them, since the start.
    std::uint64_t dropped() const;

private:
    void write_line(const access_record& record);

    access_format format_ = access_format::off;
    std::unique_ptr<line_output> output_;  ///< empty: off
};

}  // namespace fairlead::telemetry
