#include "session/watch.hpp"

#include "support/memory_stream.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace fairlead::session {
namespace {

using namespace std::chrono_literals;
using phase = watch::phase;
using test::memory_stream;

const auto begin = watch::clock::time_point(1'000'000'000ms);

enum class cut { none, reading, both };
std::ostream& operator<<(std::ostream& out, cut value) { return out << static_cast<int>(value); }

cut state_of(const memory_stream& stream) {
    if (stream.is_writing_aborted()) return cut::both;
    return stream.is_reading_aborted() ? cut::reading : cut::none;
}

BOOST_AUTO_TEST_SUITE(sweeper)

BOOST_AUTO_TEST_CASE(each_phase_ends_at_its_time_and_in_its_way) {
    // For idle, `when` is the begin: normal patience is 30 s, under pressure 2 s.
    struct {
        phase what;
        watch::clock::time_point when, now;
        bool pressed;
        cut expected;
    } const rows[] = {
        {phase::working, begin, begin + 1h, true, cut::none},
        {phase::idle, begin, begin + 29'999ms, false, cut::none},
        {phase::idle, begin, begin + 30s, false, cut::reading},
        {phase::idle, begin, begin + 1'999ms, true, cut::none},
        {phase::idle, begin, begin + 2s, true, cut::reading},
        {phase::header, begin + 10s, begin + 9'999ms, true, cut::none},
        {phase::header, begin + 10s, begin + 10s, false, cut::reading},
        {phase::body, begin + 10s, begin + 9'999ms, true, cut::none},
        {phase::body, begin + 10s, begin + 10s, false, cut::reading},
        {phase::writing, begin + 10s, begin + 9'999ms, true, cut::none},
        {phase::writing, begin + 10s, begin + 10s, false, cut::both},
        {phase::lingering, begin + 5s, begin + 4'999ms, true, cut::none},
        {phase::lingering, begin + 5s, begin + 5s, false, cut::both},
    };
    for (const auto& row : rows) {
        watch_list list({30s, 2s});
        memory_stream stream;
        watch one(list, stream);
        one.enter(row.what, row.when);
        list.sweep(row.now, row.pressed);
        BOOST_TEST_CONTEXT("phase " << static_cast<int>(row.what) << " pressed " << row.pressed) {
            BOOST_TEST(state_of(stream) == row.expected);
            BOOST_TEST(one.has_expired() == (row.expected != cut::none));
        }
    }
}

BOOST_AUTO_TEST_CASE(pressure_never_prolongs) {
    watch_list list({1s, 60s});
    memory_stream stream;
    watch one(list, stream);
    one.enter(phase::idle, begin);
    list.sweep(begin + 1s, true);
    BOOST_TEST(one.has_expired());
}

BOOST_AUTO_TEST_CASE(a_new_phase_forgets_that_the_last_one_expired) {
    watch_list list({30s, 2s});
    memory_stream stream;
    watch one(list, stream);
    one.enter(phase::header, begin);
    list.sweep(begin, false);
    BOOST_TEST(one.has_expired());
    one.enter(phase::working);
    BOOST_TEST(!one.has_expired());
}

BOOST_AUTO_TEST_CASE(only_the_late_ones_are_ended) {
    watch_list list({30s, 2s});
    std::array<memory_stream, 3> streams;
    std::vector<std::unique_ptr<watch>> watches;
    for (auto& stream : streams) watches.push_back(std::make_unique<watch>(list, stream));
    BOOST_TEST(list.size() == 3u);
    watches[0]->enter(phase::header, begin + 1s);
    watches[1]->enter(phase::header, begin + 3s);
    watches[2]->enter(phase::header, begin + 2s);
    list.sweep(begin + 2s, false);
    BOOST_TEST(state_of(streams[0]) == cut::reading);
    BOOST_TEST(state_of(streams[1]) == cut::none);
    BOOST_TEST(state_of(streams[2]) == cut::reading);
    watches.erase(watches.begin());
    BOOST_TEST(list.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_drain_ends_what_is_idle_and_lets_the_rest_work) {
    watch_list list({30s, 2s});
    std::array<memory_stream, 4> streams;
    watch idle(list, streams[0]), working(list, streams[1]), writing(list, streams[2]),
        body(list, streams[3]);
    idle.enter(phase::idle, watch::clock::now());
    working.enter(phase::working);
    writing.enter(phase::writing, watch::clock::now() + 10s);
    body.enter(phase::body, watch::clock::now() + 10s);
    list.begin_drain();
    BOOST_TEST(state_of(streams[0]) == cut::reading);
    for (const auto i : {1, 2, 3}) BOOST_TEST(state_of(streams[static_cast<std::size_t>(i)]) == cut::none);
    // Who becomes idle later ends at the next sweep.
    const auto now = watch::clock::now();
    writing.enter(phase::idle, now);
    list.sweep(now, false);
    BOOST_TEST(state_of(streams[2]) == cut::reading);
    BOOST_TEST(state_of(streams[1]) == cut::none);
}

BOOST_AUTO_TEST_CASE(the_cut_counts_requests_and_not_idle_connections) {
    watch_list list({30s, 2s});
    std::array<memory_stream, 6> streams;
    const phase phases[] = {phase::idle, phase::working, phase::writing,
                            phase::body, phase::header,  phase::lingering};
    std::vector<std::unique_ptr<watch>> watches;
    for (std::size_t i = 0; i < streams.size(); ++i) {
        watches.push_back(std::make_unique<watch>(list, streams[i]));
        watches.back()->enter(phases[i], watch::clock::now() + 10s);
    }
    BOOST_TEST(list.at_work() == 4u);
    list.abort_all();
    for (const auto& stream : streams) BOOST_TEST(state_of(stream) == cut::both);
}

BOOST_AUTO_TEST_CASE(connections_come_and_go_while_it_sweeps) {
    watch_list list({0ms, 0ms});
    std::atomic<bool> is_done{false};
    std::atomic<unsigned> expired{0};
    std::thread sweeping([&] {
        while (!is_done) list.sweep(watch::clock::now() + 1h, false);
    });
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i)
        threads.emplace_back([&] {
            // Only what abort() of a real stream may touch from another thread: an atomic.
            struct quiet_stream final : net::byte_stream {
                std::atomic<int> aborted{0};
                result<std::size_t> read_now(std::span<char>) override { return errno_code(EAGAIN); }
                result<std::size_t> write_now(std::span<const iovec>, bool) override {
                    return errno_code(EAGAIN);
                }
                result<std::size_t> send_file_now(int, std::uint64_t, std::size_t) override {
                    return errno_code(EAGAIN);
                }
                task<error_code> wait(net::readiness) override { co_return error_code{}; }
                void shutdown_send() noexcept override {}
                void abort(abort_kind) noexcept override { ++aborted; }
                void close() noexcept override {}
            };
            for (int j = 0; j < 3000; ++j) {
                quiet_stream stream;
                watch one(list, stream);
                for (int k = 0; k < 5; ++k) {
                    one.enter(phase::working);
                    one.enter(phase::header, watch::clock::now());
                    expired += one.has_expired();
                }
            }
        });
    for (auto& one : threads) one.join();
    is_done = true;
    sweeping.join();
    BOOST_TEST(list.size() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::session
