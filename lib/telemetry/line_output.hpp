#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::telemetry {

/// Where `log` and `access_log` put their finished lines. Any thread may call any function.
class line_output {
public:
    line_output() = default;
    line_output(const line_output&) = delete;
    line_output& operator=(const line_output&) = delete;
    virtual ~line_output() = default;

    /// Takes one line without its LF.
    virtual void post(std::string_view line) = 0;

    /// Opens the file again by its name. False: that failed, and the old one stays in use.
    virtual bool reopen() { return true; }

    /// Returns when all that was posted before has been written or dropped.
    virtual void flush() {}

    /// How many lines were lost since the start.
    virtual std::uint64_t dropped() const { return 0; }

    virtual bool is_terminal() const { return false; }
};

/// Appends the lines to a vector of the caller, who looks at it when nobody writes: for tests.
class captured_output final : public line_output {
public:
    explicit captured_output(std::vector<std::string>& lines) : lines_(lines) {}
    void post(std::string_view line) override {
        const std::lock_guard guard(mutex_);
        lines_.emplace_back(line);
    }

private:
    std::mutex mutex_;
    std::vector<std::string>& lines_;
};

}  // namespace fairlead::telemetry
