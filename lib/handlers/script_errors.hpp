#pragma once

#include "telemetry/log.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace fairlead::handlers {

/// What a script writes to its standard error, as lines of the log with the id of its request. Bounded: a
/// line is cut, and what is beyond the most bytes of one request is counted and left out. The log escapes it.
class script_errors {
public:
    static constexpr std::size_t most_line = 1024;
    static constexpr std::size_t most_bytes = 16 * 1024;

    /// `request_id` and `log` outlive it; `script` names it in the log.
    script_errors(telemetry::log& log, std::string script, const std::string& request_id)
        : log_(log), script_(std::move(script)), request_id_(request_id) {}
    ~script_errors() { finish(); }
    script_errors(const script_errors&) = delete;
    script_errors& operator=(const script_errors&) = delete;

    void take(std::span<const char> bytes);
    /// Logs the line that has no end, and how much was left out.
    void finish();

private:
    void log_line();

    telemetry::log& log_;
    const std::string script_;
    const std::string& request_id_;
    std::string line_;
    std::size_t taken_ = 0;
    std::size_t left_out_ = 0;
};

}  // namespace fairlead::handlers
