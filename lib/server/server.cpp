#include "server/server.hpp"

#include "base/pause.hpp"
#include "server/log_places.hpp"
#include "session/connection.hpp"
#include "session/http1_writer.hpp"
#include "telemetry/status_line.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <exception>
#include <new>
#include <system_error>
#include <thread>

namespace fairlead::server {
namespace {

constexpr std::chrono::milliseconds sweep_interval{100};
constexpr std::chrono::milliseconds drain_poll{20};
constexpr std::chrono::seconds house_interval{1};
// After the cut every connection fails at its next call; this is for those whose disk call has to come back
// first.
constexpr std::chrono::seconds cut_patience{2};
// The admin listener has places of its own, so that it answers when the public one is full.
constexpr unsigned admin_soft = 64;
constexpr unsigned admin_hard = 80;
constexpr unsigned disk_threads = 4;
// Of those that commit uploads; more are counted as exactly, but slower.
constexpr unsigned counting_commit_threads = 64;

/// With one thread the reactor needs no locks: nobody else touches a descriptor (what the sweeper does to a
/// stream is a system call, and the pools only post). Posting stays safe from any thread.
int concurrency_hint(unsigned threads) {
    return threads == 1 ? BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO : static_cast<int>(threads);
}

unsigned io_threads(unsigned wanted) {
    return wanted > 0 ? wanted : std::max(1u, std::thread::hardware_concurrency());
}

/// Of texts that were checked when the configuration was loaded.
ip_networks networks_of(const std::vector<std::string>& texts) {
    auto networks = ip_networks::parse(texts);
    if (!networks) throw std::runtime_error("trusted_proxies: " + networks.error());
    return std::move(*networks);
}

}  // namespace

server::server(const config::settings& settings, telemetry::log& log, telemetry::access_log& access_log)
    : settings_(settings),
      threads_(io_threads(settings.threads)),
      log_(log),
      access_log_(access_log),
      metrics_(threads_ + disk_threads + counting_commit_threads + threads_ + 1),
      context_(concurrency_hint(threads_)),
      guard_(context_.get_executor()),
      disk_(disk_threads),
      encoders_(threads_),
      connections_(settings_.limits.connections, settings_.limits.connections_hard),
      admin_connections_(admin_soft, admin_hard),
      addresses_(settings_.limits.connections_per_address, networks_of(settings_.trusted_proxies)),
      work_(settings_.limits.in_flight, settings_.limits.queue, settings_.limits.queue_timeout, metrics_),
      watches_({settings_.limits.idle_timeout, settings_.limits.idle_timeout_pressed}),
      sites_(site::build(settings_,
                         {disk_, commits_, encoders_, work_, deadlines_, metrics_, log_, is_leaving_})),
      admin_shared_(share(*sites_.admin, admin_connections_, admin_addresses_)),
      sweep_timer_(context_.get_executor()),
      last_status_time_(std::chrono::steady_clock::now()) {
    for (const auto& one : sites_.pages) {
        const auto& shared = *public_shared_.emplace_back(
            std::make_unique<session::environment>(share(*one.served, connections_, addresses_)));
        for (const auto& where : one.at) listeners_.push_back(make_listener(where, shared));
    }
    for (const auto& where : settings_.admin.listen)
        admin_listeners_.push_back(make_listener(where, admin_shared_));
    watch_numbers();
}

session::environment server::share(site::site& pages, limits::connection_limit& connections,
                                   limits::address_limit& addresses) {
    const auto idle = std::chrono::duration_cast<std::chrono::seconds>(settings_.limits.idle_timeout);
    return {settings_.limits,
            pages,
            connections,
            addresses,
            watches_,
            metrics_,
            access_log_,
            log_,
            disk_,
            is_draining_,
            session::keep_alive_lines(idle)};
}

server::~server() {
    disk_.join();
    commits_.join();
    encoders_.join();
}

std::unique_ptr<net::listener> server::make_listener(const config::endpoint& where,
                                                     const session::environment& shared) {
    net::listener_options options;
    options.defer_accept = settings_.defer_accept;
    options.congestion_control = settings_.congestion_control;
    options.backlog = std::max(4096, static_cast<int>(settings_.limits.connections_hard));
    return std::make_unique<net::listener>(
        context_, where.host, where.port, options,
        [this, &shared](net::accepted_socket&& socket) {
            try {
                session::connection::start(context_, std::move(socket), shared);
            } catch (const std::bad_alloc&) {
                throw;  // a shortage, which makes the listener pause
            } catch (const std::exception& failure) {
                log_.error("connection ended by an exception: {}", failure.what());
            }
        },
        [this](int error) {
            metrics_.connection_rejected(telemetry::reject_reason::fd_limit);
            sites_.make_room();
            const bool is_memory = error == ENOMEM || error == ENOBUFS;
            log_.warn("accept: {}: pausing 100 ms (raise the limit of {}, or lower limits.connections_hard)",
                      errno_code(error).message(), is_memory ? "memory" : "open files");
        });
}

void server::watch_numbers() {
    using telemetry::source;
    metrics_.watch(source::connections_active, [this] { return static_cast<double>(connections_.active()); });
    metrics_.watch(source::connections_limit, [this] { return static_cast<double>(connections_.soft()); });
    metrics_.watch(source::requests_in_flight,
                   [this] { return static_cast<double>(work_.current().in_flight); });
    metrics_.watch(source::requests_queued, [this] { return static_cast<double>(work_.current().queued); });
    metrics_.watch(source::log_dropped, [this] { return static_cast<double>(lost_lines()); });
}

void server::spawn(task<> work, const char* what) {
    boost::asio::co_spawn(context_.get_executor(), std::move(work), [this, what](std::exception_ptr failure) {
        if (!failure) return;
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& error) {
            log_.error("{} ended by an exception: {}", what, error.what());
        }
    });
}

int server::run() {
    announce();
    for (const auto& one : listeners_) spawn(one->run(), "accept loop");
    for (const auto& one : admin_listeners_) spawn(one->run(), "accept loop");
    spawn(sweep(), "sweeper");
    spawn(drain(), "drain");
    std::vector<std::thread> others;
    try {
        for (unsigned i = 1; i < threads_; ++i) others.emplace_back([this] { context_.run(); });
    } catch (const std::system_error& error) {
        log_.error("only {} of {} I/O threads could be started: {} (threads; ulimit -u, TasksMax)",
                   others.size() + 1, threads_, error.what());
    }
    context_.run();
    for (auto& thread : others) thread.join();
    return exit_code_;
}

void server::begin_drain() { drain_requested_.set(); }

/// Expires what is late: deadlines of connections and of the queue; lets the sites keep house, and prints the
/// status line, when it is due.
task<> server::sweep() {
    auto next_status = std::chrono::steady_clock::now() + settings_.log.status_interval;
    auto next_house = std::chrono::steady_clock::now() + house_interval;
    const auto turn = [&](std::chrono::steady_clock::time_point now) {
        watches_.sweep(now, connections_.is_pressed());
        work_.expire(now);
        deadlines_.sweep(now);
        sites_.expire(now);
        if (now >= next_house && !is_keeping_house_.exchange(true)) {  // a disk that hangs gets one call
            next_house = now + house_interval;
            try {
                boost::asio::post(disk_, [this] { keep_house(); });
            } catch (const std::bad_alloc&) {
                is_keeping_house_ = false;
            }
        }
        if (settings_.log.status_interval.count() > 0 && now >= next_status) {
            next_status = now + settings_.log.status_interval;
            print_status();
        }
    };
    while (!is_stopped_) {
        sweep_timer_.expires_after(sweep_interval);
        const auto [failed] = co_await sweep_timer_.async_wait(as_result);
        if (failed) co_return;
        try {
            turn(std::chrono::steady_clock::now());
        } catch (const std::bad_alloc&) {
            // The next turn tries again: without the sweeper no deadline would hold.
        }
    }
}

/// On the disk pool, which an exception would leave, and so end the program. The next turn tries again.
void server::keep_house() noexcept {
    try {
        sites_.keep_house();
    } catch (const std::exception& error) {
        log_.error("keeping house ended by an exception: {}", error.what());
    }
    is_keeping_house_ = false;
}

/// Waits for the word to stop, then: goes on for a while, so that balancers can see that it will not; no new
/// connections; idle ones end; those at work may finish; at the deadline the rest is cut. Whoever watches
/// sees how it goes until the end. Then nothing is left that keeps the context running.
task<> server::drain() {
    co_await drain_requested_.wait();
    is_leaving_ = true;
    if (const auto delay = settings_.limits.shutdown_delay; delay.count() > 0) {
        log_.info("asked to stop: not ready from now on, stopping in {} ms", delay.count());
        co_await pause_for(delay);
    }
    is_draining_ = true;
    const auto deadline = std::chrono::steady_clock::now() + settings_.limits.drain_timeout;
    log_.info("stopping: {} connections open, waiting up to {} ms for requests at work", watches_.size(),
              settings_.limits.drain_timeout.count());
    for (const auto& one : listeners_) one->stop();
    watches_.begin_drain();
    while (watches_.size() > 0 && std::chrono::steady_clock::now() < deadline) co_await pause_for(drain_poll);
    if (watches_.size() > 0) {
        const auto cut = watches_.at_work();  // before anything is ended: that is quick to be gone
        sites_.abandon();
        deadlines_.abort_all();
        watches_.abort_all();
        if (cut > 0) exit_code_ = 3;
        log_.warn("drain_timeout passed: {} requests cut", cut);
        const auto end = std::chrono::steady_clock::now() + cut_patience;
        while (watches_.size() > 0 && std::chrono::steady_clock::now() < end) co_await pause_for(drain_poll);
    }
    for (const auto& one : admin_listeners_) one->stop();
    is_stopped_ = true;  // the sweeper ends at its next turn
    guard_.reset();
    if (on_stopped_) on_stopped_();
    log_.info("stopped");
}

void server::announce() const {
    log_.info("{}", describe_logs(settings_.log));
    for (const auto& line : sites_.summary) log_.info("{}", line);
    for (const auto& one : listeners_) log_.info("listening on http://{}", one->local_endpoint());
    for (const auto& one : admin_listeners_)
        log_.info("admin (metrics, health) on http://{}", one->local_endpoint());
    const auto& limits = settings_.limits;
    log_.info("{} I/O threads; connections {} (hard {}), in flight {}, queue {}", threads_,
              limits.connections, limits.connections_hard, limits.in_flight, limits.queue);
}

void server::print_status() {
    const auto now = std::chrono::steady_clock::now();
    const auto work = work_.current();
    const auto totals = metrics_.totals();
    telemetry::status_sample sample;
    sample.connections = connections_.active();
    sample.connections_limit = connections_.soft();
    sample.in_flight = work.in_flight;
    sample.in_flight_limit = work_.capacity();
    sample.queued = work.queued;
    sample.requests = totals.requests - last_totals_.requests;
    sample.shed = totals.requests_shed - last_totals_.requests_shed;
    sample.interval = now - last_status_time_;
    last_totals_ = totals;
    last_status_time_ = now;
    log_.write_unescaped(telemetry::severity::info, telemetry::status_line(sample, log_.is_coloured()));
    const auto lost = lost_lines();
    if (lost > last_lost_lines_)
        log_.warn("{} lines of the logs were lost since the last status line: is the disk full, or slow?",
                  lost - last_lost_lines_);
    last_lost_lines_ = lost;
}

std::vector<std::string> server::endpoints() const {
    std::vector<std::string> all;
    for (const auto& one : listeners_) all.push_back(one->local_endpoint());
    return all;
}

std::vector<std::string> server::admin_endpoints() const {
    std::vector<std::string> all;
    for (const auto& one : admin_listeners_) all.push_back(one->local_endpoint());
    return all;
}

}  // namespace fairlead::server
