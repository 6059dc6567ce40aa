#include "handlers/upload_disk.hpp"

#include "support/run_task.hpp"
#include "support/temp_dir.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>
#include <thread>

namespace fairlead::handlers {
namespace {

using namespace std::chrono_literals;

/// A directory without syncs, so that calls run where they are made as long as the disk is quick.
struct with_disk {
    std::thread::id thread_of_a_call() {
        disk_visits visits(disk);
        return test::run_task(
                   visits.run([]() -> result<std::thread::id> { return std::this_thread::get_id(); }))
            .value();
    }
    template <class Call>
    void run(Call call) {
        disk_visits visits(disk);
        (void)test::run_task(visits.run([&call]() -> result<int> {
            call();
            return 0;
        }));
    }

    test::temp_dir directory;
    files::upload_store store{directory.path(), config::durability::off};
    boost::asio::thread_pool commits{1};
    telemetry::metrics metrics{1};
    limits::work_limit work{1, 1, 1s, metrics};
    upload_disk disk{store, commits, work};
};

BOOST_FIXTURE_TEST_SUITE(upload_disk_, with_disk)

BOOST_AUTO_TEST_CASE(a_quick_call_runs_where_it_is_made) {
    for (int i = 0; i < 3; ++i) BOOST_TEST((thread_of_a_call() == std::this_thread::get_id()));
}

BOOST_AUTO_TEST_CASE(after_one_that_had_to_wait_the_pool_is_used) {
    run([] { std::this_thread::sleep_for(5ms); });
    BOOST_TEST((thread_of_a_call() != std::this_thread::get_id()));
    // For a hundred times as long.
    std::this_thread::sleep_for(300ms);
    BOOST_TEST((thread_of_a_call() != std::this_thread::get_id()));
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (thread_of_a_call() != std::this_thread::get_id()) {
        BOOST_TEST_REQUIRE((std::chrono::steady_clock::now() < end));
        std::this_thread::sleep_for(10ms);
    }
}

BOOST_AUTO_TEST_CASE(a_call_that_only_works_or_waits_for_a_processor_changes_nothing) {
    run([] {
        const auto end = std::chrono::steady_clock::now() + 20ms;
        while (std::chrono::steady_clock::now() < end) {
        }
    });
    BOOST_TEST((thread_of_a_call() == std::this_thread::get_id()));
}

BOOST_AUTO_TEST_CASE(with_syncs_every_call_runs_on_the_pool) {
    const test::temp_dir other;
    files::upload_store durable{other.path(), config::durability::full};
    upload_disk synced{durable, commits, work};
    disk_visits visits(synced);
    const auto where =
        test::run_task(visits.run([]() -> result<std::thread::id> { return std::this_thread::get_id(); }));
    BOOST_TEST((where.value() != std::this_thread::get_id()));
}

// Its body has come since: what it was asked for cannot be taken back.
BOOST_AUTO_TEST_CASE(who_was_admitted_is_not_sent_away_at_a_later_call) {
    const auto nothing = [] { return error_code{}; };
    disk_visits admitted(disk);
    BOOST_TEST(!test::run_task(admitted.run(nothing)));
    boost::asio::io_context context(1);
    const auto start = [&](disk_visits& visits, std::optional<error_code>& outcome) {
        boost::asio::co_spawn(context, visits.run(nothing),
                              [&outcome](std::exception_ptr, error_code how) { outcome = how; });
        context.restart();
        context.poll();
    };
    auto only_place = work.try_acquire();
    BOOST_TEST_REQUIRE(only_place.has_value());
    disk_visits waits(disk), comes_late(disk);
    std::optional<error_code> queued, refused, again;
    start(waits, queued);
    start(comes_late, refused);
    start(admitted, again);
    BOOST_TEST((refused == make_error_code(errc::overloaded)));
    BOOST_TEST(!again.has_value());
    BOOST_TEST(work.current().queued == 2u);
    // Time sends away whoever was not admitted.
    work.expire(std::chrono::steady_clock::now() + 1h);
    context.restart();
    context.poll();
    BOOST_TEST((queued == make_error_code(errc::overloaded)));
    BOOST_TEST(!again.has_value());
    only_place.reset();
    context.restart();
    context.poll();
    BOOST_TEST((again == error_code{}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::handlers
