#include "telemetry/metrics.hpp"

#include <prometheus/metric_family.h>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>
#include <set>
#include <sstream>
#include <thread>

using namespace fairlead::telemetry;
using namespace std::chrono_literals;
using boost::beast::http::verb;

namespace {

/// The samples of a text by their name with labels. Checks the form on the way: HELP and TYPE before each
/// family, once.
std::map<std::string, double> parse(const std::string& text) {
    std::map<std::string, double> samples;
    std::set<std::string> families;
    std::string family;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("# HELP ")) continue;
        if (line.starts_with("# TYPE ")) {
            family = line.substr(7, line.find(' ', 7) - 7);
            BOOST_TEST(families.insert(family).second, "second family " << family);
            continue;
        }
        BOOST_TEST(line.starts_with(family), line << " is not of " << family);
        const auto space = line.rfind(' ');
        BOOST_TEST_REQUIRE(space != std::string::npos);
        BOOST_TEST(samples.emplace(line.substr(0, space), std::stod(line.substr(space + 1))).second, line);
    }
    return samples;
}

bool is_near(double a, double b) { return std::abs(a - b) < 1e-9; }

}  // namespace

BOOST_AUTO_TEST_SUITE(metrics_text)

BOOST_AUTO_TEST_CASE(every_counter_has_its_series) {
    metrics counters(4);
    counters.request_finished(verb::get, 200, 2ms, 1000);
    counters.request_finished(verb::get, 200, 2ms, 1000);
    counters.request_finished(verb::post, 201, 20ms, 100);
    counters.connection_accepted();
    counters.connection_rejected(reject_reason::soft_limit);
    counters.connection_rejected(reject_reason::fd_limit);
    counters.connection_rejected(reject_reason::address_limit);
    counters.request_shed(shed_reason::queue_timeout);
    counters.request_limited(limit_reason::bytes);
    counters.request_limited(limit_reason::bytes);
    counters.request_limited(limit_reason::connections);
    counters.upload_created();
    counters.upload_created();
    counters.upload_created();
    counters.upload_received(40);
    counters.upload_received(2);
    counters.upload_committed(3ms, true);
    counters.upload_committed(4ms, false);
    counters.upload_terminated();
    counters.tunnel_opened();
    counters.tunnel_opened();
    counters.tunnel_ended(7, 5);
    counters.tunnel_refused(tunnel_refusal::address);
    counters.watch(source::connections_active, [] { return 17.0; });
    counters.watch(source::rates_forgiven, [] { return 5.0; });
    counters.watch(source::log_dropped, [] { return 3.0; });
    const auto samples = parse(counters.text());
    const std::pair<std::string, double> rows[] = {
        {R"(fairlead_http_requests_total{method="GET",code="200"})", 2},
        {R"(fairlead_http_requests_total{method="POST",code="201"})", 1},
        {"fairlead_connections_accepted_total", 1},
        {R"(fairlead_connections_rejected_total{reason="soft_limit"})", 1},
        {R"(fairlead_connections_rejected_total{reason="hard_limit"})", 0},
        {R"(fairlead_connections_rejected_total{reason="fd_limit"})", 1},
        {R"(fairlead_connections_rejected_total{reason="address_limit"})", 1},
        {R"(fairlead_requests_limited_total{reason="requests"})", 0},
        {R"(fairlead_requests_limited_total{reason="bytes"})", 2},
        {R"(fairlead_requests_limited_total{reason="connections"})", 1},
        {R"(fairlead_requests_limited_total{reason="logins"})", 0},
        {"fairlead_rates_forgiven_total", 5},
        {R"(fairlead_requests_shed_total{reason="queue_full"})", 0},
        {R"(fairlead_requests_shed_total{reason="queue_timeout"})", 1},
        {R"(fairlead_requests_shed_total{reason="connections"})", 0},
        {R"(fairlead_requests_shed_total{reason="logins"})", 0},
        {"fairlead_uploads_created_total", 3},
        {"fairlead_uploads_finished_total", 1},
        {"fairlead_uploads_terminated_total", 2},
        {"fairlead_upload_bytes_received_total", 42},
        {"fairlead_tunnels_opened_total", 2},
        {"fairlead_tunnels_active", 1},
        {R"(fairlead_tunnels_refused_total{reason="rule"})", 0},
        {R"(fairlead_tunnels_refused_total{reason="address"})", 1},
        {R"(fairlead_tunnel_bytes_total{to="client"})", 7},
        {R"(fairlead_tunnel_bytes_total{to="destination"})", 5},
        {"fairlead_upload_commit_seconds_count", 2},
        {"fairlead_upload_commit_seconds_sum", 0.007},
        {"fairlead_http_request_duration_seconds_count", 3},
        {"fairlead_http_request_duration_seconds_sum", 0.024},
        {"fairlead_http_response_size_bytes_sum", 2100},
        {"fairlead_connections_active", 17},
        {"fairlead_log_dropped_total", 3},
    };
    for (const auto& [name, value] : rows) {
        BOOST_TEST_REQUIRE(samples.contains(name), name);
        BOOST_TEST(is_near(samples.at(name), value), name << " is " << samples.at(name));
    }
    for (const char* name : {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
                             "process_max_fds", "process_start_time_seconds", "process_virtual_memory_bytes"})
        BOOST_TEST(samples.at(name) > 0, name);
    BOOST_TEST(!samples.contains("fairlead_requests_queued"));
    BOOST_TEST(counters.text().find("\nfairlead_build_info{version=\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(totals_add_up) {
    metrics counters(2);
    counters.request_finished(verb::get, 200, 1ms, 10);
    counters.request_finished(verb::get, 404, 1ms, 20);
    counters.connection_accepted();
    counters.connection_rejected(reject_reason::hard_limit);
    counters.request_shed(shed_reason::logins);
    counters.request_shed(shed_reason::connections);
    const metrics_totals totals = counters.totals();
    BOOST_TEST(totals.requests == 2u);
    BOOST_TEST(totals.bytes_sent == 30u);
    BOOST_TEST(totals.connections_accepted == 1u);
    BOOST_TEST(totals.connections_rejected == 1u);
    BOOST_TEST(totals.requests_shed == 2u);
}

BOOST_AUTO_TEST_CASE(a_bound_belongs_to_its_bucket) {
    struct row {
        std::chrono::nanoseconds duration;
        std::string first_bound;  ///< of the first bucket that holds it
        std::string bound_before;
    };
    const row rows[] = {
        {0ns, "0.0005", ""},      {-1s, "0.0005", ""},
        {500us, "0.0005", ""},    {500'001ns, "0.001", "0.0005"},
        {1ms, "0.001", "0.0005"}, {5ms, "0.005", "0.001"},
        {10s, "10", "7.5"},       {10'000'000'001ns, "+Inf", "10"},
    };
    for (const row& each : rows) {
        metrics counters(1);
        counters.request_finished(verb::get, 200, each.duration, 0);
        const auto samples = parse(counters.text());
        const auto bucket = [&](const std::string& bound) {
            return samples.at("fairlead_http_request_duration_seconds_bucket{le=\"" + bound + "\"}");
        };
        BOOST_TEST(bucket(each.first_bound) == 1);
        if (!each.bound_before.empty()) BOOST_TEST(bucket(each.bound_before) == 0);
        BOOST_TEST(bucket("+Inf") == 1);
    }
}

BOOST_AUTO_TEST_CASE(histograms_are_cumulative_and_end_with_their_count) {
    metrics counters(1);
    for (int i = 0; i < 2000; ++i)
        counters.request_finished(verb::get, 200, std::chrono::microseconds(i * i * 5),
                                  static_cast<unsigned>(i * i));
    for (const auto& family : counters.Collect()) {
        if (family.type != prometheus::MetricType::Histogram) continue;
        for (const auto& metric : family.metric) {
            std::uint64_t before = 0;
            for (const auto& bucket : metric.histogram.bucket) {
                BOOST_TEST(bucket.cumulative_count >= before);
                before = bucket.cumulative_count;
            }
            BOOST_TEST(metric.histogram.sample_count >= before);
        }
    }
    const auto samples = parse(counters.text());
    for (const std::string name :
         {"fairlead_http_request_duration_seconds", "fairlead_http_response_size_bytes"}) {
        BOOST_TEST(samples.at(name + "_count") == 2000);
        BOOST_TEST(samples.at(name + "_bucket{le=\"+Inf\"}") == 2000);
    }
}

BOOST_AUTO_TEST_CASE(clients_cannot_make_series_grow) {
    metrics counters(1);
    for (unsigned method = 0; method < 40; ++method)
        for (unsigned status = 0; status < 1200; ++status)
            counters.request_finished(static_cast<verb>(method), status, 1ms, 1);
    const auto samples = parse(counters.text());
    std::set<std::string> methods, codes;
    double sum = 0;
    for (const auto& [name, value] : samples) {
        if (!name.starts_with("fairlead_http_requests_total{")) continue;
        const auto method = name.find("method=\"") + 8, code = name.find("code=\"") + 6;
        methods.insert(name.substr(method, name.find('"', method) - method));
        codes.insert(name.substr(code, name.find('"', code) - code));
        sum += value;
    }
    BOOST_TEST(sum == 40 * 1200);
    BOOST_TEST((methods == std::set<std::string>{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS",
                                                 "TRACE", "CONNECT", "OTHER"}));
    BOOST_TEST(codes.size() == 53u);
    for (const char* label : {"200", "431", "1xx", "4xx", "5xx", "other"})
        BOOST_TEST(codes.contains(label), label);
}

BOOST_AUTO_TEST_CASE(what_did_not_occur_has_no_series) {
    const metrics counters(1);
    BOOST_TEST(counters.text().find("fairlead_http_requests_total{") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(counts_are_exact_with_more_threads_than_slots) {
    // Two slots for six threads, two objects used in turn: threads share, and none may lose its place to the
    // other.
    metrics first(2), second(8);
    constexpr unsigned threads = 6, each = 20'000;
    std::atomic<unsigned> at_work{threads};
    std::vector<std::thread> running;
    for (unsigned i = 0; i < threads; ++i)
        running.emplace_back([&] {
            for (unsigned n = 0; n < each; ++n) {
                first.request_finished(verb::get, 200, 1ms, 3);
                second.connection_accepted();
            }
            --at_work;
        });
    // A scrape in the middle sees counters that only grow.
    std::uint64_t seen = 0;
    while (at_work > 0) {
        const std::uint64_t now = first.totals().requests;
        BOOST_TEST_REQUIRE(now >= seen);
        seen = now;
    }
    for (auto& thread : running) thread.join();
    BOOST_TEST(first.totals().requests == threads * each);
    BOOST_TEST(first.totals().bytes_sent == 3u * threads * each);
    BOOST_TEST(second.totals().connections_accepted == threads * each);
}

BOOST_AUTO_TEST_CASE(a_new_object_at_the_address_of_an_old_one_starts_at_zero) {
    for (int i = 0; i < 3; ++i) {
        metrics counters(1);
        counters.connection_accepted();
        BOOST_TEST(counters.totals().connections_accepted == 1u);
    }
}

BOOST_AUTO_TEST_CASE(threads_that_come_and_go_are_counted) {
    metrics counters(2);
    for (int i = 0; i < 20; ++i) std::thread([&] { counters.connection_accepted(); }).join();
    BOOST_TEST(counters.totals().connections_accepted == 20u);
}

BOOST_AUTO_TEST_SUITE_END()
