#include "net/resolver.hpp"

#include "support/run_task.hpp"
#include "support/sweeping.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <deque>
#include <future>
#include <new>
#include <thread>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using clock = resolver::clock;

ip_address at(std::string_view text) { return ip_address::parse(text).value(); }

/// One that outlives each resolver, whose thread may be within a call of it for a moment after its answer.
boost::asio::io_context& lasting_context() {
    static std::deque<boost::asio::io_context> contexts;
    return contexts.emplace_back(1);
}

resolver::answer ask(resolver& names, std::string name, std::chrono::milliseconds patience = 10s,
                     std::string_view asker = "192.0.2.7") {
    test::swept_deadlines deadlines;
    return test::run_task(lasting_context(), names.resolve(std::move(name), at(asker),
                                                           {deadlines.list, clock::now() + patience}));
}

BOOST_AUTO_TEST_SUITE(resolving)

BOOST_AUTO_TEST_CASE(the_system_knows_this_machine) {
    resolver names(1, 4);
    const auto found = ask(names, "localhost");
    BOOST_TEST_REQUIRE(found.has_value());
    BOOST_TEST(!found->empty());
    for (const auto& one : *found) BOOST_TEST((one == at("127.0.0.1") || one == at("::1")));
    const auto own = own_addresses();
    BOOST_TEST_REQUIRE(own.has_value());
    BOOST_TEST((std::find(own->begin(), own->end(), at("127.0.0.1")) != own->end()));
}

BOOST_AUTO_TEST_CASE(without_descriptors_nobody_can_say_what_is_own) {
    rlimit before{};
    BOOST_TEST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const rlimit none{0, before.rlim_max};
    BOOST_TEST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    const auto own = own_addresses();
    ::setrlimit(RLIMIT_NOFILE, &before);
    BOOST_TEST_REQUIRE(own.has_error());
    BOOST_TEST((own.error() == errno_code(EMFILE)), own.error().message());
}

BOOST_AUTO_TEST_CASE(a_lookup_that_throws_is_an_error_and_the_thread_goes_on) {
    resolver names(1, 4, [](const std::string& name) -> resolver::answer {
        if (name == "large") throw std::bad_alloc();
        return std::vector{at("192.0.2.1")};
    });
    BOOST_TEST((ask(names, "large").error() == errno_code(ENOMEM)));
    BOOST_TEST(ask(names, "small").has_value());
}

BOOST_AUTO_TEST_CASE(a_name_that_is_none_is_an_error) {
    resolver names(1, 4);
    BOOST_TEST(ask(names, "no.such.name.invalid", 20s).has_error());
    BOOST_TEST((ask(names, std::string(300, 'x')).error() == errno_code(ENOENT)));
}

BOOST_AUTO_TEST_CASE(who_asks_waits_to_the_deadline_and_no_longer) {
    std::promise<void> answered;
    const auto may_go = answered.get_future().share();
    std::atomic<int> asked{0};
    {
        resolver names(1, 2, [may_go, &asked](const std::string& name) -> resolver::answer {
            ++asked;
            if (name == "slow") may_go.wait();
            return std::vector{at("192.0.2.1")};
        });
        const auto begin = clock::now();
        BOOST_TEST((ask(names, "slow", 100ms).error() == errc::timeout));
        // Its thread still waits, so others are not even begun, and do not pile up.
        for (int i = 0; i < 5; ++i) BOOST_TEST((ask(names, "other", 20ms).error() == errc::timeout));
        BOOST_TEST((clock::now() - begin < 5s));
        BOOST_TEST(asked == 1);
        answered.set_value();
        const auto found = ask(names, "other");
        BOOST_TEST_REQUIRE(found.has_value());
        BOOST_TEST(asked == 2);
    }
}

task<> resolve_into(resolver& names, deadline_list& deadlines, std::atomic<int>& overloaded,
                    std::atomic<int>& others) {
    const auto found = co_await names.resolve("slow", at("192.0.2.7"), {deadlines, clock::now() + 300ms});
    ++(found.has_error() && found.error() == errc::overloaded ? overloaded : others);
}

BOOST_AUTO_TEST_CASE(the_queue_is_bounded) {
    std::promise<void> answered;
    const auto may_go = answered.get_future().share();
    boost::asio::io_context context;
    resolver names(1, 2, [may_go](const std::string&) -> resolver::answer {
        may_go.wait();
        return errno_code(ENOENT);
    });
    test::swept_deadlines deadlines;
    std::atomic<int> overloaded{0};
    std::atomic<int> others{0};
    for (int i = 0; i < 10; ++i)
        boost::asio::co_spawn(context, resolve_into(names, deadlines.list, overloaded, others),
                              boost::asio::detached);
    std::thread other([&] { context.run_for(20s); });
    context.run_for(20s);
    other.join();
    answered.set_value();
    BOOST_TEST(overloaded + others == 10);
    BOOST_TEST(others <= 3);  // one at work, two in the queue
}

/// A resolver of four threads that answers for no "dead" name while one asks for many of them.
struct with_dead_names {
    with_dead_names() {
        for (int i = 0; i < 20; ++i)
            boost::asio::co_spawn(
                context, names.resolve("dead", at("192.0.2.7"), {deadlines.list, clock::now() + 20s}),
                [this](std::exception_ptr, resolver::answer got) {
                    if (got.has_error() && got.error() == errc::overloaded) ++overloaded;
                });
        runner = std::thread([this] { context.run(); });
        const auto end = clock::now() + 10s;
        while (begun < 2 && clock::now() < end) std::this_thread::sleep_for(1ms);
        std::this_thread::sleep_for(50ms);
    }
    ~with_dead_names() {
        answered.set_value();
        runner.join();
    }

    std::promise<void> answered;
    std::shared_future<void> may_go = answered.get_future().share();
    std::atomic<int> begun{0};
    std::atomic<int> overloaded{0};
    boost::asio::io_context& context = lasting_context();
    test::swept_deadlines deadlines;
    resolver names{4, 8, [this](const std::string& name) -> resolver::answer {
                       if (name != "dead") return std::vector{at("192.0.2.1")};
                       ++begun;
                       may_go.wait();
                       return errno_code(ENOENT);
                   }};
    std::thread runner;
};

BOOST_FIXTURE_TEST_CASE(who_asks_for_dead_names_leaves_threads_and_places_to_others, with_dead_names) {
    BOOST_TEST(begun == 2);
    BOOST_TEST(overloaded >= 10);
    for (int i = 0; i < 10; ++i) BOOST_TEST(ask(names, "live", 10s, "198.51.100.1").has_value());
    BOOST_TEST(begun == 2);
}

BOOST_AUTO_TEST_CASE(nobody_waits_for_a_client_that_has_left_or_when_the_server_stops) {
    std::promise<void> answered;
    const auto may_go = answered.get_future().share();
    std::atomic<int> begun{0};
    boost::asio::io_context context(1);
    resolver names(1, 1, [may_go, &begun](const std::string&) -> resolver::answer {
        ++begun;
        may_go.wait();
        return errno_code(ENOENT);
    });
    const test::client_that_left gone;
    test::swept_deadlines deadlines;
    const auto begin = clock::now();
    for (int i = 0; i < 3; ++i) {  // the second, too, has a place in the queue again
        const auto found = test::run_task(
            context, names.resolve("slow", at("192.0.2.7"), {deadlines.list, clock::now() + 1h, &gone}));
        BOOST_TEST((found.error() == errc::abandoned));
    }
    deadlines.list.abort_all();
    const auto found =
        test::run_task(context, names.resolve("slow", at("192.0.2.7"), {deadlines.list, clock::now() + 1h}));
    BOOST_TEST((found.error() == errc::cancelled));
    BOOST_TEST((clock::now() - begin < 10s));
    BOOST_TEST(begun <= 1);
    answered.set_value();
}

BOOST_AUTO_TEST_CASE(it_goes_while_a_lookup_blocks) {
    const auto lock = std::make_shared<std::promise<void>>();
    const auto may_go = lock->get_future().share();
    {
        resolver names(1, 2, [may_go](const std::string&) -> resolver::answer {
            may_go.wait();
            return errno_code(ENOENT);
        });
        BOOST_TEST((ask(names, "slow", 50ms).error() == errc::timeout));
    }  // returns although the thread is still in there
    lock->set_value();
}

BOOST_AUTO_TEST_CASE(families_take_turns) {
    const std::vector<ip_address> given{at("2001:db8::1"), at("2001:db8::2"), at("2001:db8::3"),
                                        at("192.0.2.1"), at("192.0.2.2")};
    const std::vector<ip_address> expected{at("2001:db8::1"), at("192.0.2.1"), at("2001:db8::2"),
                                           at("192.0.2.2"), at("2001:db8::3")};
    BOOST_TEST((in_turn(given) == expected));
    BOOST_TEST(in_turn({}).empty());
    BOOST_TEST((in_turn({at("192.0.2.1")}) == std::vector{at("192.0.2.1")}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::net
