#pragma once

#include "net/plain_stream.hpp"
#include "support/loopback.hpp"

#include <boost/asio/co_spawn.hpp>

#include <array>
#include <atomic>
#include <string>
#include <thread>

namespace fairlead::net {

constexpr std::chrono::seconds patience{20};

/// Runs a coroutine on a thread of its own, beside the client's.
class background {
public:
    explicit background(boost::asio::io_context& context, task<> work) : context_(context) {
        boost::asio::co_spawn(context_, std::move(work),
                              [this](std::exception_ptr failure) { is_done_ = !failure; });
        thread_ = std::thread([this] { context_.run_for(patience); });
    }
    ~background() {
        if (thread_.joinable()) thread_.join();
    }
    /// True when the coroutine came to its end in time.
    bool finish() {
        thread_.join();
        context_.restart();
        return is_done_;
    }

private:
    boost::asio::io_context& context_;
    std::atomic<bool> is_done_{false};
    std::thread thread_;
};

/// Reads until the end of the stream, waiting when nothing is there. `answer` is called with each piece.
inline task<> read_to_end(plain_stream& stream, std::string& all, bool echoes) {
    std::array<char, 256> buffer;
    for (;;) {
        const auto got = stream.read_now(buffer);
        if (got && *got == 0) co_return;
        if (got) {
            all.append(buffer.data(), *got);
            const iovec piece{buffer.data(), *got};
            if (echoes) (void)stream.write_now({&piece, 1});
            continue;
        }
        if (!would_block(got.error())) throw boost::system::system_error(got.error());
        const auto failed = co_await stream.wait(readiness::readable);
        if (failed) throw boost::system::system_error(failed);
    }
}

/// As a session does: after a read that took everything it waits, without asking for EAGAIN first.
inline task<> read_once_then_wait(plain_stream& stream, std::string& all, bool echoes) {
    std::array<char, 256> buffer;
    for (;;) {
        const auto failed = co_await stream.wait(readiness::readable);
        if (failed) throw boost::system::system_error(failed);
        const auto got = stream.read_now(buffer);
        if (!got && would_block(got.error())) continue;
        if (!got) throw boost::system::system_error(got.error());
        if (*got == 0) co_return;
        all.append(buffer.data(), *got);
        const iovec piece{buffer.data(), *got};
        if (echoes) (void)stream.write_now({&piece, 1});
    }
}

/// Sends bytes to a reader that echoes them, and reads the echoes. A further byte is sent before the echo is
/// read each other time: it arrives while the reader is at work. The number of bytes that came back, less
/// when the stream ended.
inline std::size_t exchange_bytes(test::client& peer) {
    std::size_t all = 0;
    for (int i = 0; i < 5000; ++i) {
        peer.send("a");
        if (i % 2 == 0) peer.send("b");
        for (std::size_t missing = i % 2 == 0 ? 2 : 1; missing > 0;) {
            const auto piece = peer.receive_some(missing);
            if (piece.empty()) return all;
            missing -= piece.size();
            all += piece.size();
        }
    }
    peer.finish_sending();
    return all;
}
constexpr std::size_t bytes_exchanged = 7500;

using reader = task<> (*)(plain_stream&, std::string&, bool);
constexpr reader readers[] = {read_to_end, read_once_then_wait};

}  // namespace fairlead::net
