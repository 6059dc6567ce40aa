#include "telemetry/log_queue.hpp"

#include "telemetry/log_file.hpp"

#include <pthread.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/sink.h>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <thread>
#include <utility>

namespace fairlead::telemetry {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t batch_size = 32 * 1024;
constexpr std::chrono::microseconds most_gathering{10'000};
constexpr std::chrono::seconds flush_patience{5};

/// The end of the queue: collects lines while more wait behind them, so that a busy log costs one write for
/// many. spdlog calls `log` on one thread only.
class batching_sink final : public spdlog::sinks::sink {
public:
    /// `gathering`: how long the first line of a batch waits for others.
    batching_sink(std::string path, int standard_stream, std::chrono::microseconds gathering)
        : file_(std::move(path), standard_stream), gathering_(gathering) {}
    ~batching_sink() override { write_batch(); }

    /// Must be called before the first line comes; `pool` outlives the last.
    void attach(spdlog::details::thread_pool& pool) { pool_ = &pool; }

    void log(const spdlog::details::log_msg& line) override {
        if (is_drained_ && gathering_.count() > 0) std::this_thread::sleep_for(gathering_);
        batch_.append(line.payload.data(), line.payload.size());
        batch_ += '\n';
        ++batch_lines_;
        is_drained_ = pool_->queue_size() == 0;
        if (is_drained_ || batch_.size() >= batch_size) write_batch();
    }
    void flush() override {}
    void set_pattern(const std::string&) override {}
    void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

    log_file& file() { return file_; }
    const log_file& file() const { return file_; }
    std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

    /// Waits until `posted` lines have been written, lost, or dropped by the queue.
    void await(std::uint64_t posted) {
        std::unique_lock lock(mutex_);
        progress_.wait_for(lock, flush_patience,
                           [&] { return handled_ + pool_->overrun_counter() >= posted; });
    }

private:
    void write_batch() {
        if (batch_.empty()) return;
        lost_.fetch_add(file_.write(batch_), std::memory_order_relaxed);
        batch_.clear();
        {
            const std::lock_guard guard(mutex_);
            handled_ += std::exchange(batch_lines_, 0);
        }
        progress_.notify_all();
    }

    log_file file_;
    const std::chrono::microseconds gathering_;
    bool is_drained_ = true;
    spdlog::details::thread_pool* pool_ = nullptr;
    std::string batch_;
    std::uint64_t batch_lines_ = 0;
    std::atomic<std::uint64_t> lost_{0};
    std::mutex mutex_;
    std::condition_variable progress_;
    std::uint64_t handled_ = 0;  ///< guarded by mutex_
};

/// Shorter for a short queue, so that it takes 400,000 lines a second to fill it meanwhile.
std::chrono::microseconds gathering_for(std::size_t capacity) {
    constexpr std::size_t lines_per_ms = 400;
    return std::min(most_gathering, std::chrono::microseconds(capacity * 1000 / lines_per_ms));
}

void prepare_thread() {
    // Signals belong to the server's own handling; and a reader that closes our pipe must be an error of
    // write(2).
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    pthread_setname_np(pthread_self(), "fairlead-log");
}

}  // namespace

struct log_queue::machinery {
    machinery(std::string path, int standard_stream, std::size_t capacity,
              std::chrono::microseconds gathering)
        : sink(std::make_shared<batching_sink>(std::move(path), standard_stream, gathering)),
          pool(std::make_shared<spdlog::details::thread_pool>(std::max<std::size_t>(capacity, 1), 1,
                                                              prepare_thread)),
          logger(std::make_shared<spdlog::async_logger>("", sink, pool,
                                                        spdlog::async_overflow_policy::overrun_oldest)) {
        sink->attach(*pool);
    }
    ~machinery() {
        // The pool's thread empties the queue before it ends, and uses the sink until then.
        pool.reset();
    }

    std::shared_ptr<batching_sink> sink;
    std::shared_ptr<spdlog::details::thread_pool> pool;
    std::shared_ptr<spdlog::async_logger> logger;
    std::atomic<std::uint64_t> posted{0};
};

log_queue::log_queue(std::string path, int standard_stream, std::size_t capacity, pace how)
    : machinery_(std::make_unique<machinery>(std::move(path), standard_stream, capacity,
                                             how == pace::gathered ? gathering_for(capacity) : 0us)) {}

log_queue::~log_queue() = default;

void log_queue::post(std::string_view line) {
    machinery_->posted.fetch_add(1);
    machinery_->logger->log(spdlog::level::critical, spdlog::string_view_t(line.data(), line.size()));
}

bool log_queue::reopen() { return !machinery_->sink->file().reopen(); }

void log_queue::flush() { machinery_->sink->await(machinery_->posted.load()); }

std::uint64_t log_queue::dropped() const {
    return machinery_->pool->overrun_counter() + machinery_->sink->lost();
}

bool log_queue::is_terminal() const { return machinery_->sink->file().is_terminal(); }

}  // namespace fairlead::telemetry
