#include "net/listener.hpp"

#include "support/loopback.hpp"

#include <netinet/tcp.h>
#include <sys/resource.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace fairlead::net {
namespace {

using test::client;

std::uint16_t port_of(const listener& one) {
    const auto where = one.local_endpoint();
    return static_cast<std::uint16_t>(std::stoi(where.substr(where.rfind(':') + 1)));
}

std::string congestion_control_of(int socket) {
    char name[16] = {};
    socklen_t length = sizeof name;
    return ::getsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, name, &length) == 0 ? name : "";
}

/// What the kernel gives to a socket of which nobody asked for anything.
std::string congestion_control_of_the_system() {
    const unique_fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return congestion_control_of(socket.get());
}

/// A listener on a thread of its own that greets whoever comes.
struct greeter {
    explicit greeter(const std::string& host = "127.0.0.1", bool runs = true,
                     const std::string& congestion = "auto")
        : socket(
              context, host, 0, {128, false, congestion},
              [this](accepted_socket&& accepted) {
                  BOOST_ASSERT((::fcntl(accepted.fd.get(), F_GETFL) & O_NONBLOCK) != 0);
                  BOOST_ASSERT((::fcntl(accepted.fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
                  if (failures-- > 0) throw std::bad_alloc();
                  latest_congestion_control = congestion_control_of(accepted.fd.get());
                  latest_is_paced = accepted.is_paced;
                  (void)::send(accepted.fd.get(), "hello", 5, MSG_NOSIGNAL);
                  ++greeted;
              },
              [this](int error) { shortage = error; }) {
        boost::asio::co_spawn(context, socket.run(), [this](std::exception_ptr) { has_ended = true; });
        if (runs) start();
    }
    ~greeter() { join(); }
    void start() {
        thread = std::thread([this] { context.run_for(std::chrono::seconds(20)); });
    }
    void join() {
        if (thread.joinable()) thread.join();
    }

    boost::asio::io_context context;
    std::atomic<int> failures{0};  // of memory, for those who come next
    std::atomic<int> greeted{0};
    std::atomic<int> shortage{0};
    std::atomic<bool> has_ended{false};
    std::string latest_congestion_control;  // to be read after join(), like the next one
    bool latest_is_paced = false;
    listener socket;
    std::thread thread;
};

BOOST_AUTO_TEST_SUITE(accepting)

BOOST_AUTO_TEST_CASE(who_connects_is_accepted_until_it_stops) {
    greeter server;
    const auto port = port_of(server.socket);
    for (int i = 0; i < 200; ++i) BOOST_TEST(client(port).receive_all() == "hello");
    server.socket.stop();
    server.join();
    BOOST_TEST(server.has_ended);
    BOOST_CHECK_THROW(client{port}, std::system_error);
}

BOOST_AUTO_TEST_CASE(stop_answers_who_is_in_the_queue) {
    greeter server("127.0.0.1", false);  // nobody accepts yet
    std::vector<client> waiting;
    constexpr int everybody = 100;  // more than are accepted in one turn
    for (int i = 0; i < everybody; ++i) waiting.emplace_back(port_of(server.socket));
    server.socket.stop();
    for (auto& one : waiting) BOOST_TEST(one.receive_all() == "hello");
    server.start();
    server.join();
    BOOST_TEST(server.has_ended);
    BOOST_TEST(server.greeted == everybody);
}

BOOST_AUTO_TEST_CASE(stop_from_another_thread_ends_the_loop_every_time) {
    for (int i = 0; i < 300; ++i) {
        greeter server;
        if (i % 2 == 0) BOOST_TEST(client(port_of(server.socket)).receive_all() == "hello");
        server.socket.stop();
        server.join();
        BOOST_TEST_REQUIRE(server.has_ended);
    }
}

BOOST_AUTO_TEST_CASE(a_lack_of_memory_costs_one_connection_and_pauses_it) {
    greeter server;
    server.failures = 2;
    for (int i = 0; i < 2; ++i) {
        server.shortage = 0;
        BOOST_TEST(client(port_of(server.socket)).receive_all() == "");
        const auto end =
            std::chrono::steady_clock::now() + std::chrono::seconds(10);  // the socket ends first
        while (server.shortage == 0 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
        BOOST_TEST(server.shortage == ENOMEM);
    }
    BOOST_TEST(client(port_of(server.socket)).receive_all() == "hello");
    BOOST_TEST(!server.has_ended);
    server.socket.stop();
}

BOOST_AUTO_TEST_CASE(a_lack_of_descriptors_only_pauses_it) {
    greeter server;
    client first(port_of(server.socket));
    BOOST_TEST(first.receive_all() == "hello");
    client second(port_of(server.socket));
    BOOST_TEST(second.receive_all() == "hello");

    // The limit counts by number: whatever is open stays open, and nothing new comes.
    rlimit before{};
    BOOST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    unique_fd highest(::dup(0));
    unique_fd late(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    rlimit tight = before;
    tight.rlim_cur = static_cast<rlim_t>(highest.get());
    BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &tight) == 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port_of(server.socket));
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int connected = ::connect(late.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (server.shortage == 0 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    const int error = server.shortage;
    BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    BOOST_TEST(connected == 0);
    BOOST_TEST(error == EMFILE);

    // Who had to wait is served after the pause.
    char greeting[5];
    const timeval patience{10, 0};
    ::setsockopt(late.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    BOOST_TEST(::recv(late.get(), greeting, sizeof greeting, MSG_WAITALL) == 5);
    server.socket.stop();
}

BOOST_AUTO_TEST_CASE(it_says_where_it_listens) {
    greeter v4;
    BOOST_TEST(v4.socket.local_endpoint().starts_with("127.0.0.1:"));
    v4.socket.stop();
    greeter every("*");
    BOOST_TEST(client(port_of(every.socket)).receive_all() == "hello");
    every.socket.stop();
}

BOOST_AUTO_TEST_CASE(an_address_that_is_taken_is_named) {
    greeter taken;
    boost::asio::io_context context;
    const auto port = port_of(taken.socket);
    BOOST_CHECK_EXCEPTION(listener(
                              context, "127.0.0.1", port, {}, [](accepted_socket&&) {}, [](int) {}),
                          std::system_error, [&](const std::system_error& error) {
                              return error.code().value() == EADDRINUSE &&
                                     std::string(error.what()).find("127.0.0.1:" + std::to_string(port)) !=
                                         std::string::npos;
                          });
    taken.socket.stop();
}

BOOST_AUTO_TEST_CASE(connections_have_the_congestion_control_that_was_asked_for) {
    const auto of_the_system = congestion_control_of_the_system();
    const bool paces = of_the_system.starts_with("bbr");
    const struct {
        const char* host;
        const char* asked;
        std::string expected;
    } cases[] = {
        {"127.0.0.1", "reno", "reno"},
        {"*", "reno", "reno"},
        {"127.0.0.1", "system", of_the_system},
        {"127.0.0.1", "auto",
         paces ? "reno" : of_the_system},  // pacing costs timers, and loopback has no queue
        {"127.0.0.2", "auto", paces ? "reno" : of_the_system},
        {"*", "auto", of_the_system},
    };
    for (const auto& [host, asked, expected] : cases) {
        BOOST_TEST_CONTEXT(host << " " << asked) {
            greeter server(host, true, asked);
            const unsigned last_byte = host == std::string("127.0.0.2") ? 2 : 1;
            BOOST_TEST(client(port_of(server.socket), 0, last_byte).receive_all() == "hello");
            server.socket.stop();
            server.join();
            BOOST_TEST(server.latest_congestion_control == expected);
            BOOST_TEST(server.latest_is_paced == expected.starts_with("bbr"));
        }
    }
}

BOOST_AUTO_TEST_CASE(an_algorithm_that_the_kernel_lacks_is_named) {
    boost::asio::io_context context;
    BOOST_CHECK_EXCEPTION(
        listener(
            context, "127.0.0.1", 0, {128, false, "nosuch"}, [](accepted_socket&&) {}, [](int) {}),
        std::system_error, [](const std::system_error& error) {
            return error.code().value() == ENOENT &&
                   std::string(error.what()).find("congestion_control \"nosuch\"") != std::string::npos;
        });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::net
