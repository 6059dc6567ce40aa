#include "outgoing.hpp"

#include "pace.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <utility>

namespace {

using fairlead::bench::outgoing;
using fairlead::bench::pace;
using namespace std::chrono_literals;

/// A pair of connected sockets that block nobody, with little room between them.
struct pair_of_sockets {
    int ours = -1, theirs = -1;

    pair_of_sockets() {
        int both[2];
        BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, both) == 0);
        ours = both[0];
        theirs = both[1];
        const int room = 8192;
        BOOST_REQUIRE(::setsockopt(ours, SOL_SOCKET, SO_SNDBUF, &room, sizeof room) == 0);
    }
    ~pair_of_sockets() {
        for (const int each : {ours, theirs})
            if (each >= 0) ::close(each);
    }
    std::string read_all() const {
        std::string all;
        char piece[3000];
        for (ssize_t got; (got = ::read(theirs, piece, sizeof piece)) > 0;)
            all.append(piece, static_cast<std::size_t>(got));
        return all;
    }
};

std::string repeated(const std::string& block, std::size_t bytes) {
    std::string all;
    while (all.size() < bytes) all += block;
    all.resize(bytes);
    return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(outgoing_requests)

BOOST_AUTO_TEST_CASE(a_body_repeats_its_block_whatever_the_socket_takes_at_a_time) {
    const struct {
        std::size_t head, block;
        std::uint64_t body;
    } cases[] = {{0, 1, 0},
                 {0, 7, 1},
                 {10, 7, 0},
                 {10, 7, 6},
                 {10, 7, 7},
                 {10, 7, 8},
                 {40'000, 0, 0},
                 {5, 1000, 99'999},
                 {1, 1, 5000},
                 {3, 1 << 20, 300'000},
                 {50'000, 4096, 50'000},
                 {1, 30'011, 3'000'000}};
    for (const auto& one : cases) BOOST_TEST_CONTEXT(one.head << " + " << one.block << " for " << one.body) {
            const pair_of_sockets sockets;
            const auto head = repeated("HEAD-", one.head), block = repeated("0123456789abc", one.block);
            outgoing request;
            request.begin(head, block, one.body);
            std::string arrived;
            auto state = outgoing::state::blocked;
            for (int turns = 0; state == outgoing::state::blocked && turns < 10'000; ++turns) {
                state = request.send(sockets.ours);
                arrived += sockets.read_all();
            }
            BOOST_TEST((state == outgoing::state::done));
            const auto body = static_cast<std::size_t>(one.body);
            BOOST_TEST((arrived == head + (body > 0 ? repeated(block, body) : std::string())));
        }
}

BOOST_AUTO_TEST_CASE(the_next_request_begins_at_the_front_of_its_block) {
    const pair_of_sockets sockets;
    outgoing request;
    for (int round = 0; round < 2; ++round) {
        request.begin("H", "abc", 4);
        BOOST_TEST((request.send(sockets.ours) == outgoing::state::done));
    }
    BOOST_TEST(sockets.read_all() == "HabcaHabca");
}

BOOST_AUTO_TEST_CASE(a_socket_that_is_gone_is_told) {
    pair_of_sockets sockets;
    ::close(std::exchange(sockets.theirs, -1));
    outgoing request;
    request.begin("H");
    BOOST_TEST((request.send(sockets.ours) == outgoing::state::failed));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(paces)

BOOST_AUTO_TEST_CASE(what_is_late_stays_due) {
    const pace::clock::time_point begin{};
    pace four(4);
    four.begin(begin);
    BOOST_TEST((four.due() == begin));
    four.pass();
    BOOST_TEST((four.due() == begin + 250ms));
    BOOST_TEST((four.wait(begin, 1s) == 250ms));
    BOOST_TEST((four.wait(begin, 100ms) == 100ms));
    BOOST_TEST((four.wait(begin + 900ms, 1s) == 0ns));
    four.pass();
    BOOST_TEST((four.due() == begin + 500ms));
}

BOOST_AUTO_TEST_CASE(zero_is_no_pace) {
    BOOST_TEST(!pace(0).is_set());
    BOOST_TEST(pace(0.5).is_set());
}

BOOST_AUTO_TEST_SUITE_END()
