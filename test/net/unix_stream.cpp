// What holds for TCP has to hold for one end of socketpair(2), which scripts are spoken to through, and for a
// unix socket: no wake-up is lost although the kernel does not say what a read left.
#include "net/plain_stream.hpp"

#include "net/reading.hpp"
#include "support/loopback.hpp"
#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <cstring>

namespace fairlead::net {
namespace {

using test::client;

struct pair {
    pair() {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
            test::fail_with_errno("socketpair");
        ours = unique_fd(ends[0]);
        theirs = unique_fd(ends[1]);
        ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
    }
    unique_fd ours;
    unique_fd theirs;
};

BOOST_AUTO_TEST_SUITE(unix_streams)

BOOST_AUTO_TEST_CASE(no_byte_is_slept_through) {
    for (const auto read : readers) {
        pair ends;
        client peer(std::move(ends.theirs));
        boost::asio::io_context context;
        plain_stream stream(context, std::move(ends.ours));
        std::string all;
        background server(context, read(stream, all, true));
        BOOST_TEST(exchange_bytes(peer) == bytes_exchanged);
        BOOST_TEST(server.finish());
        BOOST_TEST(all.size() == bytes_exchanged);
    }
}

BOOST_AUTO_TEST_CASE(the_end_is_seen_however_it_comes) {
    enum class end { shutdown, close, abort };
    for (int i = 0; i < 600; ++i) {
        const auto how = static_cast<end>(i % 3);
        pair ends;
        client peer(std::move(ends.theirs));
        boost::asio::io_context context;
        plain_stream stream(context, std::move(ends.ours));
        std::string all;
        const bool echoes = i % 2 == 0;
        background server(context, readers[i / 6 % 2](stream, all, echoes));
        peer.send("hello");
        if (echoes) BOOST_TEST_REQUIRE(!peer.receive_some().empty());
        if (how == end::shutdown) peer.finish_sending();
        if (how == end::close) peer.close();
        if (how == end::abort) stream.abort(byte_stream::abort_both);
        BOOST_TEST_REQUIRE(server.finish());
        if (how != end::abort) BOOST_TEST(all == "hello");
    }
}

task<> send_all(plain_stream& stream, std::string_view rest, int& waits) {
    while (!rest.empty()) {
        const iovec piece{const_cast<char*>(rest.data()), rest.size()};
        const auto sent = stream.write_now({&piece, 1}, true);
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
    const auto bytes = test::varied_bytes(16 * 1024 * 1024);
    pair ends;
    client peer(std::move(ends.theirs));
    boost::asio::io_context context;
    plain_stream stream(context, std::move(ends.ours));
    int waits = 0;
    background server(context, send_all(stream, bytes, waits));
    const bool is_same = peer.receive_all() == bytes;
    BOOST_TEST(is_same);
    BOOST_TEST(server.finish());
    BOOST_TEST(waits > 0);
}

/// A pipe that is full; ours is the end that is written to.
struct full_pipe {
    full_pipe() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) test::fail_with_errno("pipe2");
        theirs = unique_fd(ends[0]);
        ours = unique_fd(ends[1]);
        ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
    }
    unique_fd theirs;
    unique_fd ours;
};

std::size_t fill(plain_stream& stream) {
    const std::string much(4096, 'x');
    const iovec part{const_cast<char*>(much.data()), much.size()};
    std::size_t filled = 0;
    for (;;) {
        const auto sent = stream.write_now({&part, 1});
        if (!sent) return filled;
        filled += *sent;
    }
}

BOOST_AUTO_TEST_CASE(a_pipe_is_written_to_until_nobody_reads_it) {
    full_pipe pipe;
    boost::asio::io_context context;
    plain_stream stream(context, std::move(pipe.ours));
    const auto filled = fill(stream);
    BOOST_TEST(filled >= 64u * 1024);
    std::string read(filled, '\0');
    BOOST_TEST(::read(pipe.theirs.get(), read.data(), read.size()) == static_cast<ssize_t>(filled));
    BOOST_TEST(read == std::string(filled, 'x'));
    pipe.theirs.reset();
    const iovec part{read.data(), 1};
    BOOST_TEST((stream.write_now({&part, 1}).error() == boost::system::errc::broken_pipe));
}

BOOST_AUTO_TEST_CASE(the_first_of_several_streams_ends_the_wait) {
    for (int i = 0; i < 500; ++i) {
        pair one, two;
        full_pipe pipe;
        client peers[] = {client(std::move(one.theirs)), client(std::move(two.theirs))};
        boost::asio::io_context context;
        plain_stream streams[] = {
            {context, std::move(one.ours)}, {context, std::move(two.ours)}, {context, std::move(pipe.ours)}};
        fill(streams[2]);
        std::array<char, 16> buffer;
        BOOST_TEST_REQUIRE(would_block(streams[0].read_now(buffer).error()));
        BOOST_TEST_REQUIRE(would_block(streams[1].read_now(buffer).error()));
        const auto wait_twice = [](plain_stream(&of)[3]) -> task<> {
            plain_stream::wait_set waits;
            waits.add(of[0], readiness::readable);
            waits.add(of[1], readiness::readable);
            waits.add(of[2], readiness::writable);
            co_await plain_stream::wait_first(waits);
            // Who did not end the wait can be waited for again: no wake-up went to nobody.
            std::array<char, 16> piece;
            bool heard[2] = {};
            const auto read_both = [&] {
                for (const int which : {0, 1})
                    if (!would_block(of[which].read_now(piece).error())) heard[which] = true;
                return heard[0] && heard[1];
            };
            while (!read_both()) {
                plain_stream::wait_set other;
                for (const int which : {0, 1})
                    if (!heard[which]) other.add(of[which], readiness::readable);
                co_await plain_stream::wait_first(other);
            }
        };
        background server(context, wait_twice(streams));
        std::string room(65'536, '\0');
        switch (i % 5) {
            case 0: peers[0].send("a"); break;
            case 1: peers[1].send("b"); break;
            case 2: BOOST_TEST(::read(pipe.theirs.get(), room.data(), room.size()) > 0); break;
            case 3: pipe.theirs.reset(); break;
            case 4: streams[0].abort(byte_stream::abort_both); break;
        }
        if (i % 5 != 4) peers[0].send("c");
        peers[1].send("d");
        BOOST_TEST_REQUIRE(server.finish());
    }
}

/// Sends a byte, and with it the descriptor `passed`.
void send_descriptor(int socket, int passed) {
    char byte = 'x';
    iovec piece{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof passed)] = {};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    auto* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof passed);
    std::memcpy(CMSG_DATA(header), &passed, sizeof passed);
    if (::sendmsg(socket, &message, MSG_NOSIGNAL) != 1) test::fail_with_errno("sendmsg");
}

BOOST_AUTO_TEST_CASE(descriptors_that_a_peer_passes_are_not_taken) {
    pair ends;
    pair passed;
    client far_end(std::move(passed.theirs));
    boost::asio::io_context context;
    plain_stream stream(context, std::move(ends.ours));
    send_descriptor(ends.theirs.get(), passed.ours.get());
    passed.ours.reset();
    std::array<char, 16> buffer;
    BOOST_TEST(stream.read_now(buffer).value() == 1u);
    // The message held the last copy, unless our process has one now.
    BOOST_TEST(far_end.receive_all() == "");
}

std::string_view read_leaving(plain_stream& stream, std::span<char> buffer) {
    return {buffer.data(), stream.read_leaving(buffer).value()};
}

BOOST_AUTO_TEST_CASE(what_was_read_stays_until_something_is_written) {
    pair ends;
    client peer(std::move(ends.theirs));
    const int descriptor = ends.ours.get();
    const auto unread = [descriptor] {
        int size = -1;
        ::ioctl(descriptor, FIONREAD, &size);
        return size;
    };
    boost::asio::io_context context;
    plain_stream stream(context, std::move(ends.ours));
    std::array<char, 8192> buffer;
    const auto write = [&stream](char byte) {
        const iovec piece{&byte, 1};
        return stream.write_now({&piece, 1}).value();
    };

    BOOST_TEST(would_block(stream.read_leaving(buffer).error()));
    const auto long_answer = std::string(5000, 'a');
    peer.send(long_answer);
    BOOST_TEST(read_leaving(stream, buffer) == long_answer);
    BOOST_TEST(unread() == 5000);
    BOOST_TEST(write('x') == 1u);
    BOOST_TEST(unread() == 0);
    BOOST_TEST(peer.receive_some() == "x");

    // Or until more is read, in one way or the other.
    peer.send("b");
    BOOST_TEST(read_leaving(stream, buffer) == "b");
    peer.send("c");
    BOOST_TEST(read_leaving(stream, buffer) == "c");
    BOOST_TEST(unread() == 1);
    BOOST_TEST(would_block(stream.read_leaving(buffer).error()));
    BOOST_TEST(unread() == 0);
    peer.send("d");
    BOOST_TEST(read_leaving(stream, std::span(buffer).first(1)) == "d");
    peer.send("e");
    BOOST_TEST(stream.read_now(buffer).value() == 1u);
    BOOST_TEST(buffer[0] == 'e');

    // What was written before the next read does not take more than was read.
    peer.send("f");
    BOOST_TEST(read_leaving(stream, buffer) == "f");
    peer.send("g");
    BOOST_TEST(write('y') == 1u);
    BOOST_TEST(peer.receive_some() == "y");
    BOOST_TEST(read_leaving(stream, buffer) == "g");

    // What would have to be copied twice is bounded.
    std::array<char, 32 * 1024> large;
    peer.send(std::string(20'000, 'h'));
    BOOST_TEST(read_leaving(stream, large).size() == 16u * 1024);
    BOOST_TEST(stream.read_now(large).value() == 20'000u - 16 * 1024);

    // A write that fails takes it, too, and the end comes behind it.
    peer.close();
    char byte = 'z';
    const iovec piece{&byte, 1};
    BOOST_TEST((stream.write_now({&piece, 1}).error() == boost::system::errc::broken_pipe));
    BOOST_TEST(read_leaving(stream, buffer) == "");
    BOOST_TEST(stream.read_now(buffer).value() == 0u);
}

BOOST_AUTO_TEST_CASE(closing_takes_what_was_left_so_that_the_peer_sees_an_end) {
    pair ends;
    client peer(std::move(ends.theirs));
    boost::asio::io_context context;
    plain_stream stream(context, std::move(ends.ours));
    std::array<char, 16> buffer;
    peer.send("answer");
    BOOST_TEST(read_leaving(stream, buffer) == "answer");
    stream.close();
    BOOST_TEST(peer.receive_some() == "");  // a reset throws
}

/// What the kernel tells those who sleep in a socket: an edge-triggered epoll is woken exactly when they are.
class sleeper {
public:
    explicit sleeper(int socket) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        epoll_event interest{};
        interest.events = EPOLLIN | EPOLLOUT | EPOLLET;
        if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket, &interest) != 0)
            test::fail_with_errno("epoll_ctl");
        (void)is_woken();  // as is everybody who joins
    }
    /// Whether it was woken since the last call.
    bool is_woken() {
        epoll_event event{};
        const auto n = ::epoll_wait(epoll_.get(), &event, 1, 0);
        if (n < 0) test::fail_with_errno("epoll_wait");
        return n == 1;
    }

private:
    unique_fd epoll_;
};

BOOST_AUTO_TEST_CASE(a_peer_that_sleeps_is_woken_by_what_is_written_and_by_nothing_else) {
    pair ends;
    sleeper sleeping(ends.theirs.get());
    client peer(std::move(ends.theirs));
    boost::asio::io_context context;
    plain_stream stream(context, std::move(ends.ours));
    std::array<char, 16> buffer;

    peer.send("answer");
    BOOST_TEST(read_leaving(stream, buffer) == "answer");
    BOOST_TEST(!sleeping.is_woken());
    char byte = 'x';
    const iovec piece{&byte, 1};
    BOOST_TEST(stream.write_now({&piece, 1}).value() == 1u);
    BOOST_TEST(sleeping.is_woken());
    BOOST_TEST(peer.receive_some() == "x");

    // Which is what it is for: reading it in the usual way wakes the peer.
    peer.send("answer");
    BOOST_TEST(stream.read_now(buffer).value() == 6u);
    BOOST_TEST(sleeping.is_woken());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::net
