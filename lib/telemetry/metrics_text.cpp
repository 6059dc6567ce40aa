#include "telemetry/metrics_slot.hpp"
#include "telemetry/process_stats.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>

namespace fairlead::telemetry {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

struct described {
    const char* name;
    const char* help;
    MetricType type;
};

described describe(source number) {
    switch (number) {
        case source::connections_active:
            return {"fairlead_connections_active", "Connections that are open now.", MetricType::Gauge};
        case source::connections_limit:
            return {"fairlead_connections_limit", "Connections from which on new ones are answered 503.",
                    MetricType::Gauge};
        case source::requests_in_flight:
            return {"fairlead_http_requests_in_flight", "Requests that are worked on now.",
                    MetricType::Gauge};
        case source::requests_queued:
            return {"fairlead_requests_queued", "Requests that wait to be worked on.", MetricType::Gauge};
        case source::rates_forgiven:
            return {"fairlead_rates_forgiven_total",
                    "Clients whose use of a rate was forgotten early, for want of limits.rate_keys.",
                    MetricType::Counter};
        case source::log_dropped: break;
    }
    return {"fairlead_log_dropped_total", "Log lines lost to a full queue or disk.", MetricType::Counter};
}

ClientMetric sample(MetricType type, double value, std::vector<ClientMetric::Label> labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    if (type == MetricType::Counter)
        metric.counter.value = value;
    else
        metric.gauge.value = value;
    return metric;
}

MetricFamily family(const described& what) { return {what.name, what.help, what.type, {}}; }

MetricFamily single(const described& what, double value) {
    MetricFamily made = family(what);
    made.metric.push_back(sample(what.type, value));
    return made;
}

MetricFamily counter(const char* name, const char* help, std::uint64_t value) {
    return single({name, help, MetricType::Counter}, static_cast<double>(value));
}

/// One series for each value of a label, zeros too: a rate over a series that has yet to appear misses its
/// first increase.
template <std::size_t N>
MetricFamily by_reason(const char* name, const char* help, const std::array<const char*, N>& reasons,
                       const std::array<std::uint64_t, N>& counts, const char* label = "reason") {
    MetricFamily made = family({name, help, MetricType::Counter});
    for (std::size_t i = 0; i < N; ++i)
        made.metric.push_back(
            sample(MetricType::Counter, static_cast<double>(counts[i]), {{label, reasons[i]}}));
    return made;
}

/// `unit` is how many of the counted unit (nanoseconds, bytes) make one of the family's.
template <std::size_t N>
MetricFamily histogram(const char* name, const char* help, const std::array<double, N>& bounds,
                       const histogram_cells<std::uint64_t, N>& cells, double unit) {
    ClientMetric metric;
    std::uint64_t so_far = 0;
    for (std::size_t i = 0; i < N; ++i) {
        so_far += cells.buckets[i];
        metric.histogram.bucket.push_back({so_far, bounds[i]});
    }
    // The serializer adds the bucket +Inf from this count, so the two are always equal.
    metric.histogram.sample_count = so_far + cells.buckets[N];
    metric.histogram.sample_sum = static_cast<double>(cells.sum) / unit;
    MetricFamily made = family({name, help, MetricType::Histogram});
    made.metric.push_back(std::move(metric));
    return made;
}

std::string code_label(std::size_t column) {
    return column < known_codes.size() ? std::to_string(known_codes[column])
                                       : code_classes[column - known_codes.size()];
}

MetricFamily requests(const decltype(counter_cells<std::uint64_t>::requests)& counts) {
    MetricFamily made = family(
        {"fairlead_http_requests_total", "Requests answered, by method and status.", MetricType::Counter});
    for (std::size_t method = 0; method < counts.size(); ++method)
        for (std::size_t code = 0; code < code_count; ++code) {
            const std::uint64_t count = counts[method][code];
            if (count == 0) continue;
            made.metric.push_back(sample(MetricType::Counter, static_cast<double>(count),
                                         {{"method", method_names[method]}, {"code", code_label(code)}}));
        }
    return made;
}

MetricFamily build_info() {
    MetricFamily made =
        family({"fairlead_build_info", "Constant 1; the labels tell the build.", MetricType::Gauge});
    made.metric.push_back(
        sample(MetricType::Gauge, 1, {{"version", FAIRLEAD_VERSION}, {"compiler", __VERSION__}}));
    return made;
}

void add_process(std::vector<MetricFamily>& out) {
    const auto stats = read_process_stats();
    if (!stats) return;
    const auto add = [&](const char* name, const char* help, double value,
                         MetricType type = MetricType::Gauge) {
        out.push_back(single({name, help, type}, value));
    };
    add("process_cpu_seconds_total", "User and system CPU time spent.", stats->cpu_seconds,
        MetricType::Counter);
    add("process_start_time_seconds", "Start of the process since 1970.", stats->start_time_seconds);
    add("process_virtual_memory_bytes", "Virtual memory size.", static_cast<double>(stats->virtual_bytes));
    add("process_resident_memory_bytes", "Resident memory size.", static_cast<double>(stats->resident_bytes));
    add("process_open_fds", "Open file descriptors.", static_cast<double>(stats->open_fds));
    add("process_max_fds", "Most file descriptors that may be open.", static_cast<double>(stats->max_fds));
}

}  // namespace

std::vector<MetricFamily> metrics::Collect() const {
    const sums all = add_up();
    constexpr double nanoseconds = 1e9;
    std::vector<MetricFamily> out;
    out.push_back(requests(all.requests));
    out.push_back(histogram("fairlead_http_request_duration_seconds",
                            "From a request's first byte to its answer's last.", duration_bounds,
                            all.duration, nanoseconds));
    out.push_back(
        histogram("fairlead_http_response_size_bytes", "Size of the answers.", size_bounds, all.size, 1));
    out.push_back(counter("fairlead_connections_accepted_total", "Connections accepted.", all.accepted));
    out.push_back(by_reason("fairlead_connections_rejected_total", "Connections turned away.", reject_reasons,
                            all.rejected));
    out.push_back(by_reason("fairlead_requests_shed_total", "Requests answered 503 because of load.",
                            shed_reasons, all.shed));
    out.push_back(
        by_reason("fairlead_requests_limited_total", "Requests answered 429.", limit_reasons, all.limited));
    out.push_back(counter("fairlead_uploads_created_total", "Uploads begun.", all.uploads_created));
    out.push_back(counter("fairlead_uploads_finished_total", "Uploads stored.", all.uploads_finished));
    out.push_back(counter("fairlead_uploads_terminated_total", "Uploads that were not stored.",
                          all.uploads_terminated));
    out.push_back(
        counter("fairlead_upload_bytes_received_total", "Bytes of uploads received.", all.upload_bytes));
    out.push_back(histogram("fairlead_upload_commit_seconds", "Time to make an upload durable.",
                            duration_bounds, all.commit, nanoseconds));
    out.push_back(counter("fairlead_tunnels_opened_total", "Tunnels opened (CONNECT).", all.tunnels_opened));
    // Added up while others count: an end may be seen before its beginning.
    const auto active = all.tunnels_opened - std::min(all.tunnels_opened, all.tunnels_ended);
    out.push_back(single({"fairlead_tunnels_active", "Tunnels that are open now.", MetricType::Gauge},
                         static_cast<double>(active)));
    out.push_back(by_reason("fairlead_tunnels_refused_total", "Tunnels that were not opened.",
                            tunnel_refusals, all.tunnels_refused));
    out.push_back(by_reason("fairlead_tunnel_bytes_total", "Bytes that tunnels moved until they ended.",
                            tunnel_directions, all.tunnel_bytes, "to"));
    for (const watched& each : watched_) out.push_back(single(describe(each.number), each.read()));
    out.push_back(build_info());
    add_process(out);
    return out;
}

std::string metrics::text() const { return prometheus::TextSerializer().Serialize(Collect()); }

}  // namespace fairlead::telemetry
