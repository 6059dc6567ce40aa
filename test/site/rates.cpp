// Rates and proxies, as a site answers them.
#include "site/site.hpp"
#include "support/run_task.hpp"
#include "support/session_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace fairlead::site {
namespace {

using namespace test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(rates)

using lines = std::vector<http::field_view>;

/// A site, and requests of one moment after the other.
struct asked_site {
    explicit asked_site(const std::function<void(config::settings&)>& adjust) : server(adjust) {}

    http::request request_of(std::string_view peer, std::string_view target, const lines& given = {}) {
        fields = given;
        fields.push_back({http::field::host, "Host", "localhost"});
        http::request request;
        request.method = http::verb::get;
        request.method_text = "GET";
        request.target = target;
        request.fields = http::field_table(fields);
        request.authority = request.host_name = "localhost";
        request.id = "0123456789abcdef";
        request.peer = request.client = {peer, 50412, *ip_address::parse(peer)};
        request.received = now;
        return request;
    }

    http::response answer(http::request& request) {
        http::outcome outcome;
        if (server.pages.try_respond(request, outcome)) return std::move(std::get<http::response>(outcome));
        return run_task(server.context, server.pages.respond(request));
    }
    http::response get(std::string_view peer, std::string_view target, const lines& given = {}) {
        auto request = request_of(peer, target, given);
        return answer(request);
    }
    unsigned status(std::string_view peer, std::string_view target, const lines& given = {}) {
        return static_cast<unsigned>(get(peer, target, given).status);
    }

    session_fixture server;
    lines fields;
    std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now();
};

BOOST_AUTO_TEST_CASE(each_address_has_its_requests) {
    asked_site site([](config::settings& settings) { settings.site.delivery.rate = {"10/s", 3}; });
    for (const auto* left : {"2", "1", "0"}) {
        const auto answer = site.get("192.0.2.7", "/index.html");
        BOOST_TEST((answer.status == http::status::ok));
        BOOST_TEST(answer.fields.get("RateLimit-Policy") == "\"requests\";q=10;w=1");
        BOOST_TEST(answer.fields.get("RateLimit") == "\"requests\";r=" + std::string(left) + ";t=1");
    }
    const auto refused = site.get("192.0.2.7", "/index.html");
    BOOST_TEST((refused.status == http::status::too_many_requests));
    BOOST_TEST(refused.fields.get("Retry-After") == "1");
    BOOST_TEST(refused.fields.get("RateLimit") == "\"requests\";r=0;t=1");
    BOOST_TEST(refused.fields.get("RateLimit-Policy") == "\"requests\";q=10;w=1");
    BOOST_TEST(!refused.close);
    // 404, HEAD and all else are requests, too; others have their own.
    BOOST_TEST(site.status("192.0.2.7", "/nothing") == 429u);
    BOOST_TEST(site.status("192.0.2.8", "/nothing") == 404u);
    BOOST_TEST(site.status("::ffff:192.0.2.7", "/index.html") == 429u);
    site.now += 100ms;
    BOOST_TEST(site.status("192.0.2.7", "/index.html") == 200u);
    BOOST_TEST(site.status("192.0.2.7", "/index.html") == 429u);
    // Health is answered whatever was asked before.
    for (int i = 0; i < 20; ++i) BOOST_TEST(site.status("192.0.2.7", "/livez") == 200u);
    BOOST_TEST(site.server.metrics.text().find("fairlead_requests_limited_total{reason=\"requests\"} 4\n") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_request_that_comes_by_twice_counts_once) {
    asked_site site([](config::settings& settings) { settings.site.delivery.rate = {"10/s", 2}; });
    auto request = site.request_of("192.0.2.7", "/index.html");
    for (int i = 0; i < 5; ++i)
        BOOST_TEST(site.answer(request).fields.get("RateLimit") == "\"requests\";r=1;t=1");
    BOOST_TEST(site.status("192.0.2.7", "/index.html") == 200u);
    BOOST_TEST(site.status("192.0.2.7", "/index.html") == 429u);
}

BOOST_AUTO_TEST_CASE(routes_share_buckets_unless_they_have_their_own) {
    asked_site site([](config::settings& settings) {
        settings.site.delivery.rate = {"10/s", 2};
        config::route_settings shares, own, none;
        shares.path = "/shares";
        shares.delivery = settings.site.delivery;
        own.path = "/own";
        own.delivery = settings.site.delivery;
        own.has_own_rate = true;
        none = own;
        none.path = "/none";
        none.delivery.rate = {};
        settings.site.routes = {shares, own, none};
    });
    BOOST_TEST(site.status("192.0.2.7", "/index.html") == 200u);
    BOOST_TEST(site.status("192.0.2.7", "/shares/x.txt") == 404u);
    BOOST_TEST(site.status("192.0.2.7", "/shares/x.txt") == 429u);
    BOOST_TEST(site.status("192.0.2.7", "/index.html") == 429u);
    BOOST_TEST(site.status("192.0.2.7", "/own/x.txt") == 404u);
    BOOST_TEST(site.status("192.0.2.7", "/own/x.txt") == 404u);
    BOOST_TEST(site.status("192.0.2.7", "/own/x.txt") == 429u);
    for (int i = 0; i < 10; ++i) BOOST_TEST(site.status("192.0.2.7", "/none/x.txt") == 404u);
    BOOST_TEST(site.get("192.0.2.7", "/none/x.txt").fields.get("RateLimit").empty());
}

BOOST_AUTO_TEST_CASE(users_have_buckets_wherever_they_are) {
    asked_site site([](config::settings& settings) {
        settings.site.delivery.rate = {"10/s", 2, 0, config::rate_by::user};
    });
    const auto status = [&](std::string_view peer, std::string user) {
        auto request = site.request_of(peer, "/index.html");
        request.set_user(std::make_shared<const std::string>(std::move(user)));
        return static_cast<unsigned>(site.answer(request).status);
    };
    BOOST_TEST(status("192.0.2.7", "ann") == 200u);
    BOOST_TEST(status("192.0.2.8", "ann") == 200u);
    BOOST_TEST(status("192.0.2.9", "ann") == 429u);
    BOOST_TEST(status("192.0.2.9", "bob") == 200u);
    // Who is nobody counts by address.
    BOOST_TEST(status("192.0.2.9", "") == 200u);
    BOOST_TEST(status("192.0.2.9", "") == 200u);
    BOOST_TEST(status("192.0.2.9", "") == 429u);
    BOOST_TEST(status("192.0.2.7", "") == 200u);
}

BOOST_AUTO_TEST_CASE(bytes_are_charged_when_they_have_been_sent) {
    asked_site site([](config::settings& settings) { settings.site.delivery.rate = {"", 0, 1000}; });
    auto request = site.request_of("192.0.2.7", "/index.html");
    auto answer = site.answer(request);
    BOOST_TEST(answer.fields.get("RateLimit-Policy") == "\"bytes\";q=1000;qu=\"content-bytes\";w=1");
    BOOST_TEST(answer.fields.get("RateLimit") == "\"bytes\";r=1000;t=0");
    BOOST_TEST_REQUIRE(request.account.meter);
    request.account.meter->charge(request.account.client, 3500, site.now);
    answer = site.get("192.0.2.7", "/index.html");
    BOOST_TEST((answer.status == http::status::too_many_requests));
    BOOST_TEST(answer.fields.get("Retry-After") == "3");
    BOOST_TEST(answer.fields.get("RateLimit") == "\"bytes\";r=0;t=4");
    site.now += 2501ms;
    BOOST_TEST(site.status("192.0.2.7", "/index.html") == 200u);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_not_charged) {
    asked_site site([](config::settings& settings) { settings.site.delivery.rate = {"", 0, 1000}; });
    auto request = site.request_of("192.0.2.7", "/index.html");
    (void)site.answer(request);
    BOOST_TEST_REQUIRE(request.account.meter);
    request.account.meter->charge(request.account.client, 3500, site.now);
    auto refused = site.request_of("192.0.2.7", "/index.html");
    BOOST_TEST((site.answer(refused).status == http::status::too_many_requests));
    BOOST_TEST(refused.account.is_counted);
    BOOST_TEST(!refused.account.meter);
}

BOOST_AUTO_TEST_CASE(refusals_that_a_session_sends_do_not_lengthen_the_wait) {
    session_fixture server([](config::settings& settings) { settings.site.delivery.rate = {"", 0, 1000}; });
    const auto ask = [&](std::string_view target) {
        return server
            .serve("GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .bytes;
    };
    const auto wait_of = [](std::string_view answer) {
        const auto at = answer.find("Retry-After: ");
        return at == std::string_view::npos ? -1 : std::stoi(std::string(answer.substr(at + 13, 9)));
    };
    (void)ask("/middle.txt");
    const auto first = wait_of(ask("/index.html"));
    BOOST_TEST_REQUIRE(first > 0);
    for (int i = 0; i < 100; ++i) BOOST_TEST(wait_of(ask("/index.html")) <= first);
}

BOOST_AUTO_TEST_CASE(the_session_charges_what_it_sends) {
    session_fixture server(
        [](config::settings& settings) { settings.site.delivery.rate = {"100/m", 0, 1000}; });
    const auto ask = [&](std::string_view target) {
        return server
            .serve("GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .bytes;
    };
    BOOST_TEST(ask("/middle.txt").find("RateLimit: \"requests\";r=99;t=1, \"bytes\";r=1000;t=0\r\n") !=
               std::string::npos);
    BOOST_TEST(ask("/index.html").starts_with("HTTP/1.1 429 "));
}

BOOST_AUTO_TEST_CASE(each_request_of_a_pipeline_counts) {
    session_fixture server([](config::settings& settings) { settings.site.delivery.rate = {"1/h", 3}; });
    std::string requests;
    for (int i = 0; i < 5; ++i) requests += "GET /index.html HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const auto bytes = server.serve(requests).bytes;
    std::string statuses;
    for (auto begin = bytes.find("HTTP/1.1 "); begin != std::string::npos;
         begin = bytes.find("HTTP/1.1 ", begin + 1))
        statuses += bytes.substr(begin + 9, 4);
    BOOST_TEST(statuses == "200 200 200 429 429 ");
}

BOOST_AUTO_TEST_CASE(only_trusted_proxies_name_their_clients) {
    asked_site site([](config::settings& settings) {
        settings.site.delivery.rate = {"1/h", 1};
        settings.trusted_proxies = {"10.0.0.0/8"};
    });
    const auto through = [](std::string_view client) {
        return lines{{http::field::unknown, "X-Forwarded-For", client}};
    };
    BOOST_TEST(site.status("10.0.0.1", "/index.html", through("192.0.2.1")) == 200u);
    BOOST_TEST(site.status("10.0.0.1", "/index.html", through("192.0.2.1")) == 429u);
    BOOST_TEST(site.status("10.0.0.2", "/index.html", through("9.9.9.9, 192.0.2.1")) == 429u);
    BOOST_TEST(site.status("10.0.0.1", "/index.html", through("192.0.2.2")) == 200u);
    BOOST_TEST(site.status("192.0.2.1", "/index.html") == 429u);
    BOOST_TEST(site.status("203.0.113.1", "/index.html", through("192.0.2.3")) == 200u);
    BOOST_TEST(site.status("203.0.113.1", "/index.html", through("192.0.2.4")) == 429u);

    auto request = site.request_of("10.0.0.1", "/index.html",
                                   {{http::field::forwarded, "Forwarded", "for=\"[2001:db8::7]:99\""}});
    BOOST_TEST((site.answer(request).status == http::status::ok));
    BOOST_TEST(request.client.address == "2001:db8::7");
    BOOST_TEST(request.client.ip.to_string() == "2001:db8::7");
    BOOST_TEST(request.peer.address == "10.0.0.1");

    auto two = through("192.0.2.5");
    two.push_back({http::field::forwarded, "Forwarded", "for=192.0.2.6"});
    auto refused = site.request_of("10.0.0.1", "/index.html", two);
    BOOST_TEST((site.answer(refused).status == http::status::bad_request));
    BOOST_TEST(refused.client.address == "10.0.0.1");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::site
