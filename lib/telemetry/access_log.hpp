#pragma once

#include "telemetry/line_output.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::telemetry {

enum class access_format { off, common, combined, json };

/// Which requests a log tells of, by the status of their answers.
enum class access_class { all, success, failure };

/// Where the lines of one log go, and their form.
struct access_target {
    access_format format = access_format::off;
    std::string file = {};  ///< empty is standard output
};

struct access_log_options {
    access_target all;
    access_target success;          ///< status below 400
    access_target failure;          ///< status from 400 on
    std::size_t queue_size = 8192;  ///< lines of each file that may wait for the disk
};

/// What is told about one request. Views need to live only during `access_log::write`; text is as the client
/// sent it and may be empty. No other field of a request reaches the log, so no credential does: what stands
/// before an `@` in the authority of a target is left out. The query string is told as it was sent.
struct access_record {
    std::string_view peer;  ///< address of who is connected, without port
    std::uint16_t peer_port = 0;
    std::string_view client;  ///< address of who asks; empty: the peer
    std::string_view user;    ///< who has proved to be that
    std::string_view method;
    std::string_view target;    ///< with its query
    std::string_view protocol;  ///< "HTTP/1.1"
    std::string_view host;
    std::string_view referer;
    std::string_view user_agent;
    std::string_view request_id;
    unsigned status = 0;
    std::uint64_t bytes_sent = 0;            ///< of the response
    std::uint64_t bytes_received = 0;        ///< of the request
    std::chrono::nanoseconds duration{0};    ///< until the last byte of the answer was handed to the kernel
    std::chrono::nanoseconds first_byte{0};  ///< until its first one was
    std::chrono::system_clock::time_point time;  ///< when the request was finished
    bool shed = false;                           ///< refused because of load
};

/// One line for each finished request: in the log of all of them, and in that of its class. Each has a file
/// and a form of its own; targets with the same file share its queue. A request costs one line of text for
/// each form, however many logs want it.
///
/// `common` and `combined` begin with nginx's formats of these names, byte for byte, quoted as nginx does
/// (`"` is `\x22`) and with UTC as the time zone; behind that stand the duration in seconds and the request
/// id, `-` if empty:
///
///     192.0.2.7 - ann [02/Jan/2026:03:04:05 +0000] "GET /?q=1 HTTP/1.1" 200 512 "-" "curl/8.0" 0.000123 4f2c
///
/// The address is that of the client, the third field the user, `-` if there is none.
/// goaccess reads it with `--log-format='%h %^ %e [%d:%t %^] "%r" %s %b "%R" "%u" %T %^'`. `json` has Caddy's
/// names:
///
///     {"level":"info","ts":1767323045.678901,"logger":"http.log.access","msg":"handled request",
///      "request":{"remote_ip":"192.0.2.7","remote_port":"50412","client_ip":"192.0.2.7","proto":"HTTP/1.1",
///      "method":"GET","host":"a.example","uri":"/?q=1","headers":{"User-Agent":["curl/8.0"],
///      "Referer":["..."]}},"bytes_read":0,"user_id":"ann","duration":0.000123,"size":512,"status":200,
///      "request_id":"4f2c","ttfb":0.000101,"shed":false}
///
/// on one line; `headers` has only these two, each only if the client sent it. The level is error from status
/// 500 on. The logs of a class have the same form, so that tools read all three alike. Any thread may write;
/// a full queue drops its oldest line and counts.
class access_log {
public:
    /// Switched off.
    access_log() = default;

    /// Throws std::system_error when a file cannot be opened.
    explicit access_log(const access_log_options& options);

    /// Appends each line about any request to `captured`: for tests.
    access_log(std::vector<std::string>& captured, access_format format);

    access_log(const access_log&) = delete;
    access_log& operator=(const access_log&) = delete;

    /// Appends the lines of one more log to `captured`: for tests.
    void capture(std::vector<std::string>& captured, access_class which, access_format format);

    /// Whether there is any log; for whoever does not know the status of an answer yet.
    bool enabled() const noexcept { return !outputs_.empty(); }

    /// Whether any log tells of a request that was answered with `status`. If not, nobody needs its texts.
    bool wants(unsigned status) const noexcept { return !targets_[is_failure(status)].empty(); }

    void write(const access_record& record) {
        if (wants(record.status)) write_line(record);
    }

    /// Opens the files again by their names, after a rename. False: one that failed stays in use as it was,
    /// and standard error tells why.
    bool reopen();

    /// Returns when all that was written before is in the files; gives up after five seconds for each.
    void flush();

    /// Lines lost to a full queue or a disk that does not take them, since the start.
    std::uint64_t dropped() const;

private:
    struct target {
        access_format format;
        line_output* output;  ///< one of `outputs_`
    };

    static bool is_failure(unsigned status) noexcept { return status >= 400; }
    void add(access_class which, access_format format, line_output& output);
    void write_line(const access_record& record);

    std::vector<std::unique_ptr<line_output>> outputs_;
    std::array<std::vector<target>, 2> targets_;  ///< by is_failure(); those of one form stand together
};

}  // namespace fairlead::telemetry
