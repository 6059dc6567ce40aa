#pragma once

#include "telemetry/line_output.hpp"

#include <memory>

namespace fairlead::telemetry {

/// A bounded queue in front of a `log_file`, emptied by a thread of its own (spdlog's asynchronous logger).
/// `post` never waits for the disk: when the queue is full the oldest line in it is dropped and counted.
class log_queue final : public line_output {
public:
    /// When a line is written.
    enum class pace {
        at_once,
        gathered,  ///< up to 10 ms later, with those that came meanwhile: who posts wakes the thread once for
                   ///< all of them, which costs several times as much as the line
    };

    /// Throws std::system_error when `path` cannot be opened (`standard_stream`, 1 or 2, serves when it is
    /// empty). `capacity` is in lines; 0 counts as 1.
    log_queue(std::string path, int standard_stream, std::size_t capacity, pace how);

    /// Writes what the queue still holds.
    ~log_queue() override;

    void post(std::string_view line) override;
    bool reopen() override;
    void flush() override;  ///< gives up after five seconds
    std::uint64_t dropped() const override;
    bool is_terminal() const override;

private:
    struct machinery;
    std::unique_ptr<machinery> machinery_;
};

}  // namespace fairlead::telemetry
