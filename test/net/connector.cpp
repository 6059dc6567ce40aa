#include "net/connector.hpp"

#include "support/loopback.hpp"
#include "support/run_task.hpp"
#include "support/sweeping.hpp"
#include "support/temp_dir.hpp"

#include <sys/un.h>
#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

namespace fairlead::net {
namespace {

using clock = std::chrono::steady_clock;

const ip_address loopback({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127, 0, 0, 1});
const ip_address all_hosts({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 224, 0, 0, 1});

/// A listening socket whose owner accepts nobody: with `backlog` 0 the second who comes is not answered.
struct silent_listener {
    silent_listener(const socket_address& where, int backlog)
        : socket(::socket(where.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        if (::bind(socket.get(), where.data(), where.size()) != 0) test::fail_with_errno("bind");
        if (::listen(socket.get(), backlog) != 0) test::fail_with_errno("listen");
        sockaddr_in bound{};
        socklen_t size = sizeof bound;
        if (where.family() == AF_INET &&
            ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &size) == 0)
            port = ntohs(bound.sin_port);
    }
    unique_fd socket;
    std::uint16_t port = 0;
};

result<std::unique_ptr<plain_stream>> try_connect(boost::asio::io_context& context, socket_address where,
                                                  std::chrono::milliseconds patience) {
    test::swept_deadlines deadlines;
    return test::run_task(context, connect(where, {deadlines.list, clock::now() + patience}));
}

constexpr std::chrono::seconds long_enough{10};

/// Somebody at `where` who does not answer any more.
struct full_listener {
    full_listener() { BOOST_TEST_REQUIRE(first.has_value()); }

    silent_listener listener{socket_address::tcp(loopback, 0), 0};
    const socket_address where = socket_address::tcp(loopback, listener.port);
    boost::asio::io_context context;
    const result<std::unique_ptr<plain_stream>> first = try_connect(context, where, long_enough);
};

BOOST_AUTO_TEST_SUITE(connecting)

BOOST_AUTO_TEST_CASE(a_tcp_connection_stands_and_carries_bytes) {
    test::loopback_listener listener;
    boost::asio::io_context context;
    auto stream = try_connect(context, socket_address::tcp(loopback, listener.port()), long_enough);
    BOOST_TEST_REQUIRE(stream.has_value());
    auto accepted = listener.accept();
    BOOST_TEST(::send(accepted.fd.get(), "hello", 5, MSG_NOSIGNAL) == 5);
    accepted.fd.reset();
    std::array<char, 16> buffer;
    BOOST_TEST(test::run_task(context, (*stream)->wait(readiness::readable)) == error_code{});
    BOOST_TEST((*stream)->read_now(buffer).value() == 5u);
    BOOST_TEST((*stream)->is_read_out() == false);  // the end has come, too, and the kernel says so
    BOOST_TEST((*stream)->read_now(buffer).value() == 0u);
}

BOOST_AUTO_TEST_CASE(a_unix_connection_stands_and_carries_bytes) {
    const test::temp_dir folder;
    const auto where = socket_address::unix_socket((folder.path() / "socket").string()).value();
    silent_listener listener(where, 8);
    boost::asio::io_context context;
    auto stream = try_connect(context, where, long_enough);
    BOOST_TEST_REQUIRE(stream.has_value());
    const unique_fd accepted(::accept4(listener.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const iovec piece{const_cast<char*>("hello"), 5};
    BOOST_TEST((*stream)->write_now({&piece, 1}).value() == 5u);
    char buffer[5];
    BOOST_TEST(::recv(accepted.get(), buffer, sizeof buffer, MSG_WAITALL) == 5);
}

BOOST_AUTO_TEST_CASE(failures_are_told_apart) {
    const test::temp_dir folder;
    boost::asio::io_context context;
    std::uint16_t closed_port = 0;
    {
        const silent_listener gone(socket_address::tcp(loopback, 0), 1);
        closed_port = gone.port;
    }
    const auto missing = socket_address::unix_socket((folder.path() / "missing").string()).value();
    const auto abandoned = socket_address::unix_socket((folder.path() / "abandoned").string()).value();
    {
        const silent_listener gone(abandoned, 1);
    }
    const struct {
        socket_address where;
        int error;
        connect_failure why;
    } cases[] = {
        {socket_address::tcp(loopback, closed_port), ECONNREFUSED, connect_failure::refused},
        {missing, ENOENT, connect_failure::refused},
        {abandoned, ECONNREFUSED, connect_failure::refused},
        {socket_address::tcp(all_hosts, 80), ENETUNREACH, connect_failure::unreachable},
    };
    for (const auto& [where, error, why] : cases) {
        const auto got = try_connect(context, where, long_enough);
        BOOST_TEST_REQUIRE(got.has_error());
        BOOST_TEST(got.error() == errno_code(error));
        BOOST_TEST((failure_of(got.error()) == why));
    }
    BOOST_TEST((failure_of(errno_code(EMFILE)) == connect_failure::shortage));
    BOOST_TEST((failure_of(errno_code(EHOSTUNREACH)) == connect_failure::unreachable));
    BOOST_TEST((failure_of(errno_code(ETIMEDOUT)) == connect_failure::timeout));
}

BOOST_FIXTURE_TEST_CASE(who_does_not_answer_costs_the_deadline_and_no_more, full_listener) {
    const auto begin = clock::now();
    const auto second = try_connect(context, where, std::chrono::milliseconds(200));
    const auto took = clock::now() - begin;
    BOOST_TEST_REQUIRE(second.has_error());
    BOOST_TEST((second.error() == errc::timeout));
    BOOST_TEST((took >= std::chrono::milliseconds(190)));
    BOOST_TEST((took < std::chrono::seconds(5)));
}

BOOST_FIXTURE_TEST_CASE(a_client_that_has_left_or_a_server_that_stops_ends_an_attempt_at_once,
                        full_listener) {
    test::swept_deadlines deadlines;
    const test::client_that_left gone;
    const auto begin = clock::now();
    const auto abandoned =
        test::run_task(context, connect(where, {deadlines.list, begin + std::chrono::hours(1), &gone}));
    BOOST_TEST((abandoned.error() == errc::abandoned));
    deadlines.list.abort_all();
    const auto cancelled =
        test::run_task(context, connect(where, {deadlines.list, begin + std::chrono::hours(1)}));
    BOOST_TEST((cancelled.error() == errc::cancelled));
    BOOST_TEST((clock::now() - begin < std::chrono::seconds(5)));
}

BOOST_FIXTURE_TEST_CASE(time_runs_out_at_the_sweep_behind_it, full_listener) {
    test::swept_deadlines deadlines;
    const auto begin = clock::now();
    const auto late =
        test::run_task(context, connect(where, {deadlines.list, begin + std::chrono::milliseconds(200)}));
    BOOST_TEST((late.error() == errc::timeout));
    BOOST_TEST((clock::now() - begin >= std::chrono::milliseconds(200)));
    BOOST_TEST((clock::now() - begin < std::chrono::seconds(5)));
}

BOOST_AUTO_TEST_CASE(a_full_unix_queue_is_busy_at_once) {
    const test::temp_dir folder;
    const auto where = socket_address::unix_socket((folder.path() / "socket").string()).value();
    silent_listener listener(where, 0);
    boost::asio::io_context context;
    std::vector<std::unique_ptr<plain_stream>> standing;
    for (int i = 0; i < 10; ++i) {
        auto next = try_connect(context, where, long_enough);
        if (next) {
            standing.push_back(std::move(*next));
            continue;
        }
        BOOST_TEST(next.error() == errno_code(EAGAIN));
        BOOST_TEST((failure_of(next.error()) == connect_failure::busy));
        return;
    }
    BOOST_ERROR("the queue was never full");
}

BOOST_AUTO_TEST_CASE(paths_that_no_socket_can_have_are_refused) {
    BOOST_TEST(socket_address::unix_socket("").error() == errno_code(ENOENT));
    BOOST_TEST(socket_address::unix_socket(std::string_view("\0abstract", 9)).error() == errno_code(EINVAL));
    BOOST_TEST(socket_address::unix_socket(std::string(107, 'x')).has_value());
    BOOST_TEST(socket_address::unix_socket(std::string(108, 'x')).error() == errno_code(ENAMETOOLONG));
}

task<> connect_and_count(socket_address where, patience how_long, std::atomic<int>& stood,
                         std::atomic<int>& late) {
    const auto got = co_await connect(where, how_long);
    ++(got ? stood : late);
}

BOOST_AUTO_TEST_CASE(deadlines_and_answers_may_meet_on_any_thread) {
    test::loopback_listener listener;
    const auto where = socket_address::tcp(loopback, listener.port());
    boost::asio::io_context context;
    test::swept_deadlines deadlines;
    std::atomic<int> stood{0};
    std::atomic<int> late{0};
    constexpr int connects = 100;  // as many as the queue takes
    for (int i = 0; i < connects; ++i)
        boost::asio::co_spawn(
            context,
            connect_and_count(where, {deadlines.list, clock::now() + std::chrono::microseconds(i * 50)},
                              stood, late),
            boost::asio::detached);
    std::thread other([&context] { context.run_for(std::chrono::seconds(20)); });
    context.run_for(std::chrono::seconds(20));
    other.join();
    BOOST_TEST(stood + late == connects);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::net
