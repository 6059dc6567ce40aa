#include "base/single_flight.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace fairlead {
namespace {

namespace asio = boost::asio;

/// Asks for what `run` yields, and notes it.
struct fixture {
    single_flight<int, std::string> flights;
    asio::io_context context;
    std::vector<std::string> results;
    unsigned runs = 0;

    /// Runs until everybody who was there at its begin has asked.
    task<std::string> make(std::string text) {
        ++runs;
        co_await asio::post(context.get_executor(), asio::deferred);
        if (text.empty()) throw std::runtime_error("nothing to tell");
        co_return text;
    }
    task<> ask(int key, std::string text) {
        // Not within the call: g++ 12.2 destroys what such a temporary owns twice.
        const auto run = [this, text] { return make(text); };
        auto result = co_await flights.share(key, run);
        results.push_back(result);
    }
    void start(int key, const std::string& text) {
        asio::co_spawn(context, ask(key, text), [this](std::exception_ptr thrown) {
            if (thrown) results.push_back("thrown");
        });
    }
};

BOOST_FIXTURE_TEST_SUITE(single_flights, fixture)

BOOST_AUTO_TEST_CASE(who_asks_for_the_same_shares_one_run) {
    for (const auto* text : {"first", "second", "third"}) start(1, text);
    start(2, "other");
    context.run();
    BOOST_TEST(runs == 2u);
    std::sort(results.begin(), results.end());
    BOOST_TEST((results == std::vector<std::string>{"first", "first", "first", "other"}));
}

BOOST_AUTO_TEST_CASE(nothing_is_kept) {
    start(1, "first");
    context.run();
    context.restart();
    start(1, "second");
    context.run();
    BOOST_TEST(runs == 2u);
    BOOST_TEST((results == std::vector<std::string>{"first", "second"}));
}

BOOST_AUTO_TEST_CASE(an_exception_strands_nobody) {
    start(1, "");
    start(1, "never run");
    context.run();
    BOOST_TEST(runs == 1u);
    std::sort(results.begin(), results.end());
    BOOST_TEST((results == std::vector<std::string>{"", "thrown"}));
    context.restart();
    start(1, "again");
    context.run();
    BOOST_TEST(results.back() == "again");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead
