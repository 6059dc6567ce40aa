// What the session relies on when it waits by edges (lib/net/edge_wait.hpp): no wake-up is lost, whenever the
// event comes. Each case repeats many times, since the windows are narrow, and fails by a time limit.
#include "net/plain_stream.hpp"

#include "net/reading.hpp"
#include "support/loopback.hpp"
#include "support/temp_dir.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <thread>
#include <vector>

namespace fairlead::net {
namespace {

using test::client;
using test::loopback_listener;

BOOST_AUTO_TEST_SUITE(plain_stream_waits)

BOOST_AUTO_TEST_CASE(no_byte_is_slept_through) {
    for (const bool with_inq : {true, false}) {
        for (const auto read : readers) {
            loopback_listener listener(with_inq);
            client peer(listener.port());
            boost::asio::io_context context;
            plain_stream stream(context, listener.accept());
            std::string all;
            background server(context, read(stream, all, true));
            BOOST_TEST(exchange_bytes(peer) == bytes_exchanged);
            BOOST_TEST(server.finish());
            BOOST_TEST(all.size() == bytes_exchanged);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_end_is_seen_with_the_data_and_after_it) {
    enum class end { with_data, after_a_pause, before_the_wait };
    for (const bool with_inq : {true, false}) {
        loopback_listener listener(with_inq);
        for (int i = 0; i < 600; ++i) {
            const auto how = static_cast<end>(i % 3);
            const auto read = readers[i / 3 % 2];
            client peer(listener.port());
            boost::asio::io_context context;
            plain_stream stream(context, listener.accept());
            std::string all;
            if (how == end::before_the_wait) {
                peer.send("hello");
                peer.finish_sending();
            }
            background server(context, read(stream, all, how == end::after_a_pause));
            if (how != end::before_the_wait) peer.send("hello");
            if (how == end::after_a_pause)
                BOOST_TEST(peer.receive_some(5).size() > 0u);  // it was read: FIN comes alone
            if (how != end::before_the_wait) peer.finish_sending();
            BOOST_TEST_REQUIRE(server.finish());
            BOOST_TEST(all == "hello");
        }
    }
}

BOOST_AUTO_TEST_CASE(an_end_that_nobody_waits_for_is_seen_by_the_next_read) {
    // With the data already taken and the edge already there, a wait must not sleep until another event.
    loopback_listener listener;
    for (int i = 0; i < 300; ++i) {
        client peer(listener.port());
        boost::asio::io_context context;
        plain_stream stream(context, listener.accept());
        peer.send("x");
        std::string all;
        peer.finish_sending();
        background server(context, read_once_then_wait(stream, all, false));
        BOOST_TEST_REQUIRE(server.finish());
        BOOST_TEST(all == "x");
    }
}

BOOST_AUTO_TEST_CASE(abort_from_another_thread_wakes_the_reader) {
    loopback_listener listener;
    for (int i = 0; i < 600; ++i) {
        client peer(listener.port());
        boost::asio::io_context context;
        plain_stream stream(context, listener.accept());
        std::string all;
        background server(context, readers[i % 2](stream, all, i % 4 < 2));
        if (i % 4 < 2) {
            peer.send("x");
            BOOST_TEST_REQUIRE(peer.receive_some(1) == "x");  // the reader is at its next wait, or nearly
        }
        stream.abort(i % 3 == 0 ? byte_stream::abort_both : byte_stream::abort_reading);
        BOOST_TEST_REQUIRE(server.finish());
    }
}

task<> wait_until_write_fails(plain_stream& stream, std::atomic<bool>& is_full) {
    const std::string bytes(64 * 1024, 'x');
    for (;;) {
        const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
        const auto sent = stream.write_now({&piece, 1});
        if (sent) continue;
        if (!would_block(sent.error())) co_return;
        is_full = true;
        const auto failed = co_await stream.wait(readiness::writable);
        if (failed) co_return;
    }
}

BOOST_AUTO_TEST_CASE(abort_from_another_thread_wakes_the_writer) {
    loopback_listener listener;
    for (int i = 0; i < 100; ++i) {
        client peer(listener.port(), 4096);
        boost::asio::io_context context;
        plain_stream stream(context, listener.accept());
        std::atomic<bool> is_full{false};
        background server(context, wait_until_write_fails(stream, is_full));
        while (!is_full) std::this_thread::yield();
        stream.abort(byte_stream::abort_both);
        BOOST_TEST_REQUIRE(server.finish());
    }
}

task<> send_bytes(plain_stream& stream, std::string_view rest, int& waits) {
    while (!rest.empty()) {
        const iovec piece{const_cast<char*>(rest.data()), rest.size()};
        const auto sent = stream.write_now({&piece, 1});
        if (sent) {
            rest.remove_prefix(*sent);
            continue;
        }
        if (!would_block(sent.error())) throw boost::system::system_error(sent.error());
        ++waits;
        const auto failed = co_await stream.wait(readiness::writable);
        if (failed) throw boost::system::system_error(failed);
    }
    stream.shutdown_send();
}

BOOST_AUTO_TEST_CASE(room_after_a_full_buffer_is_not_slept_through) {
    loopback_listener listener;
    const auto bytes = test::varied_bytes(16 * 1024 * 1024);
    client peer(listener.port(), 16 * 1024);
    boost::asio::io_context context;
    plain_stream stream(context, listener.accept());
    int waits = 0;
    background server(context, send_bytes(stream, bytes, waits));
    const bool is_same = peer.receive_all() == bytes;
    BOOST_TEST(is_same);
    BOOST_TEST(server.finish());
    BOOST_TEST(waits > 0);
}

task<> wait_for_room_again_and_again(plain_stream& stream, int times) {
    for (int i = 0; i < times; ++i) {
        const iovec piece{const_cast<char*>("x"), 1};
        const auto sent = stream.write_now({&piece, 1});
        if (!sent) throw boost::system::system_error(sent.error());
        const auto failed = co_await stream.wait(readiness::writable);
        if (failed) throw boost::system::system_error(failed);
    }
}

BOOST_AUTO_TEST_CASE(a_wait_for_room_returns_when_there_is_room) {
    // A large download gives way to others between two writes that both succeed: no edge announces that.
    loopback_listener listener;
    client peer(listener.port());
    boost::asio::io_context context;
    plain_stream stream(context, listener.accept());
    background server(context, wait_for_room_again_and_again(stream, 100));
    BOOST_TEST(server.finish());
}

task<> wait_once(plain_stream& stream, readiness direction, int& returns) {
    (void)co_await stream.wait(direction);
    ++returns;
}

BOOST_AUTO_TEST_CASE(a_wait_for_nothing_sleeps) {
    loopback_listener listener;
    client peer(listener.port(), 4096);
    boost::asio::io_context context;
    plain_stream stream(context, listener.accept());
    int returns = 0;
    const auto returns_at_once = [&](readiness direction) {
        const int before = returns;
        boost::asio::co_spawn(context, wait_once(stream, direction, returns), boost::asio::detached);
        context.restart();
        context.poll();
        return returns > before;
    };
    // Spurious wake-ups are allowed, since a session reads again; but not for ever.
    std::array<char, 16> buffer;
    for (int i = 0; i < 10; ++i) {
        BOOST_TEST_REQUIRE(would_block(stream.read_now(buffer).error()));
        if (!returns_at_once(readiness::readable)) break;
    }
    BOOST_TEST(returns < 3);
    peer.send("x");
    context.restart();
    context.run_for(patience);
    BOOST_TEST(stream.read_now(buffer).value() == 1u);

    const std::string bytes(64 * 1024, 'x');
    const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    returns = 0;
    for (int i = 0; i < 10; ++i) {
        while (stream.write_now({&piece, 1}).has_value()) {
        }
        if (!returns_at_once(readiness::writable)) break;
    }
    BOOST_TEST(returns < 5);
    stream.abort(byte_stream::abort_both);
    context.restart();
    context.run_for(patience);
}

task<> send_file(plain_stream& stream, int fd, std::size_t size) {
    for (std::size_t done = 0; done < size;) {
        const auto sent = stream.send_file_now(fd, done, size - done);
        if (sent) {
            done += *sent;
            continue;
        }
        if (!would_block(sent.error())) throw boost::system::system_error(sent.error());
        const auto failed = co_await stream.wait(readiness::writable);
        if (failed) throw boost::system::system_error(failed);
    }
    const auto beyond = stream.send_file_now(fd, size, 1);
    if (!beyond || *beyond != 0) throw std::runtime_error("the end of the file is not told");
    stream.shutdown_send();
}

BOOST_AUTO_TEST_CASE(a_file_is_sent_to_its_end_and_the_end_is_told) {
    const test::temp_dir folder;
    const auto bytes = test::varied_bytes(8 * 1024 * 1024 + 1);
    const unique_fd file(::open(folder.write("file", bytes).c_str(), O_RDONLY | O_CLOEXEC));
    loopback_listener listener;
    client peer(listener.port(), 32 * 1024);
    boost::asio::io_context context;
    plain_stream stream(context, listener.accept());
    background server(context, send_file(stream, file.get(), bytes.size()));
    const bool is_same = peer.receive_all() == bytes;
    BOOST_TEST(is_same);
    BOOST_TEST(server.finish());
}

BOOST_AUTO_TEST_CASE(several_pieces_leave_in_order) {
    loopback_listener listener;
    client peer(listener.port());
    boost::asio::io_context context;
    plain_stream stream(context, listener.accept());
    const std::array<iovec, 3> pieces{
        {{const_cast<char*>("one "), 4}, {const_cast<char*>(""), 0}, {const_cast<char*>("two"), 3}}};
    const auto sent = stream.write_now(pieces);
    BOOST_TEST_REQUIRE(sent.has_value());
    BOOST_TEST(*sent == 7u);
    stream.close();
    BOOST_TEST(peer.receive_all() == "one two");
}

/// Reads once after each wake-up, and says each time that the message is half read.
task<> read_half_messages(plain_stream& stream, std::string& all) {
    std::array<char, 256> buffer;
    for (;;) {
        const auto failed = co_await stream.wait(readiness::readable);
        if (failed) throw boost::system::system_error(failed);
        const auto got = stream.read_now(buffer);
        if (!got && would_block(got.error())) continue;
        if (!got || *got == 0) co_return;
        all.append(buffer.data(), *got);
        stream.expect_more();
    }
}

BOOST_AUTO_TEST_CASE(an_end_that_comes_with_the_bytes_is_seen) {
    loopback_listener listener;
    boost::asio::io_context context;
    for (int i = 0; i < 600; ++i) {
        client peer(listener.port());
        plain_stream stream(context, listener.accept());
        std::string all;
        background server(context, read_half_messages(stream, all));
        peer.send("x");
        if (i % 3 == 0)
            peer.finish_sending();
        else if (i % 3 == 1)
            peer.reset();
        else
            stream.abort(byte_stream::abort_reading);
        BOOST_TEST_REQUIRE(server.finish());
    }
}

BOOST_AUTO_TEST_CASE(a_stream_may_go_while_another_uses_its_descriptor_number) {
    // close() leaves the reactor before the number is free: a late event of the old socket must not wake the
    // new one.
    loopback_listener listener;
    boost::asio::io_context context;
    for (int i = 0; i < 500; ++i) {
        client peer(listener.port());
        plain_stream stream(context, listener.accept());
        std::string all;
        background server(context, read_to_end(stream, all, false));
        peer.send("x");
        if (i % 2 == 0)
            peer.finish_sending();
        else
            stream.abort(byte_stream::abort_reading);
        BOOST_TEST_REQUIRE(server.finish());
    }
}

/// Sends `total` bytes and reads as many, in whatever order the peer allows.
task<> send_and_read(plain_stream& stream, std::size_t total) {
    const std::string piece(1 << 16, 'x');
    std::vector<char> buffer(1 << 16);
    std::size_t sent = 0, read = 0;
    while (sent < total || read < total) {
        bool has_moved = false;
        if (sent < total) {
            const iovec part{const_cast<char*>(piece.data()), std::min(piece.size(), total - sent)};
            const auto n = stream.write_now({&part, 1});
            if (n) sent += *n;
            has_moved = n.has_value();
            if (!n && !would_block(n.error())) co_return;
        }
        const auto n = stream.read_now(buffer);
        if (n && *n == 0) co_return;
        if (n) read += *n;
        if (has_moved || n) continue;
        if (sent < total)
            co_await stream.wait_any();
        else
            co_await stream.wait(readiness::readable);
    }
}

BOOST_AUTO_TEST_CASE(both_directions_at_once_do_not_wait_for_each_other) {
    constexpr std::size_t total = 8 << 20;
    for (const bool with_inq : {true, false}) {
        loopback_listener listener(with_inq);
        client peer(listener.port());
        boost::asio::io_context context;
        plain_stream stream(context, listener.accept());
        background server(context, send_and_read(stream, total));
        // An echo with little room of its own: it stops reading while it has to write, and the other way
        // round.
        for (std::size_t echoed = 0; echoed < total;) {
            const auto got = peer.receive_some();
            BOOST_REQUIRE(!got.empty());
            peer.send(got);
            echoed += got.size();
        }
        BOOST_TEST(server.finish());
    }
}

BOOST_AUTO_TEST_CASE(either_direction_ends_the_wait_for_both) {
    loopback_listener listener;
    for (int i = 0; i < 300; ++i) {
        client peer(listener.port(), 4096);
        boost::asio::io_context context;
        plain_stream stream(context, listener.accept());
        const std::string much(1 << 16, 'x');
        const iovec part{const_cast<char*>(much.data()), much.size()};
        while (stream.write_now({&part, 1})) {
        }
        std::array<char, 16> buffer;
        BOOST_TEST_REQUIRE(would_block(stream.read_now(buffer).error()));
        bool is_awake = false;
        const auto wait = [](plain_stream& of, bool& done) -> task<> {
            co_await of.wait_any();
            done = true;
        };
        background server(context, wait(stream, is_awake));
        if (i % 3 == 0)
            peer.send("x");  // only reading is possible
        else if (i % 3 == 1)
            for (int n = 0; n < 200; ++n) (void)peer.receive_some();  // only writing is
        else
            stream.abort(byte_stream::abort_both);
        BOOST_TEST_REQUIRE(server.finish());
        BOOST_TEST(is_awake);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::net
