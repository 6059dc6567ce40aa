#pragma once

#include "limits/work_limit.hpp"
#include "session/environment.hpp"
#include "session/http1_session.hpp"
#include "session/http1_writer.hpp"
#include "site/build.hpp"
#include "support/memory_stream.hpp"
#include "support/run_task.hpp"
#include "support/temp_dir.hpp"

#include <functional>
#include <string>
#include <vector>

namespace fairlead::test {

/// What the server gives its sessions, around a site that is built as in production over a temporary folder:
/// `www` is published, documents are taken at /upload.
class session_fixture {
public:
    using change = std::function<void(config::settings&)>;

    static inline std::chrono::milliseconds copied_for{0};  ///< for the fixtures that are made from now on

    explicit session_fixture(const change& adjust = {})
        : settings(make_settings(adjust)),
          log(log_lines),
          access_log(access_lines, telemetry::access_format::combined),
          metrics(4),
          disk(1),
          encoders(1),
          connections(settings.limits.connections, settings.limits.connections_hard),
          addresses(settings.limits.connections_per_address),
          work(settings.limits.in_flight, settings.limits.queue, settings.limits.queue_timeout, metrics),
          watches({settings.limits.idle_timeout, settings.limits.idle_timeout_pressed}),
          sites(site::build(settings, {disk, commits, encoders, work, deadlines, metrics, log, is_draining,
                                       cache_limits()})),
          pages(*sites.pages.front().served),
          shared{settings.limits,
                 pages,
                 connections,
                 addresses,
                 watches,
                 metrics,
                 access_log,
                 log,
                 disk,
                 is_draining,
                 session::keep_alive_lines(
                     std::chrono::duration_cast<std::chrono::seconds>(settings.limits.idle_timeout))} {}
    ~session_fixture() {
        disk.join();
        commits.join();
        encoders.join();
    }

    struct outcome {
        std::string bytes;
        session::step end = session::step::leave;  ///< linger or leave
    };

    /// Serves one connection from its first byte to its end.
    outcome serve(memory_stream& stream) {
        session::watch deadline(watches, stream);
        const http::peer_info peer{"192.0.2.7", 50412, *ip_address::parse("192.0.2.7")};
        session::http1_session served(stream, shared, deadline, peer);
        const auto next = served.serve_ready();
        const auto end = run_task(context, served.run(next));
        return {stream.outgoing, end};
    }
    /// The same for bytes that arrive all at once.
    outcome serve(std::string_view bytes) {
        memory_stream stream(bytes);
        return serve(stream);
    }

    temp_dir folder;
    config::settings settings;
    std::vector<std::string> log_lines;
    std::vector<std::string> access_lines;
    telemetry::log log;
    telemetry::access_log access_log;
    telemetry::metrics metrics;
    std::atomic<bool> is_draining{false};
    boost::asio::io_context context{1};
    boost::asio::thread_pool disk;
    background_pool commits;
    boost::asio::thread_pool encoders;
    limits::connection_limit connections;
    limits::address_limit addresses;
    limits::work_limit work;
    net::deadline_list deadlines;
    session::watch_list watches;
    site::built_sites sites;
    site::site& pages;  ///< of the first listener
    session::environment shared;

private:
    /// The files were written a moment ago, and are to be sent as all others are.
    static files::open_files_limits cache_limits() {
        files::open_files_limits limits;
        limits.distrust_younger_than = std::chrono::milliseconds(0);
        limits.copied_for = copied_for;
        return limits;
    }
    config::settings make_settings(const change& adjust) const {
        config::settings made;
        made.site.delivery.root = folder.make_folder("www").string();
        made.uploads.directory = folder.make_folder("uploads").string();
        made.uploads.durability = config::durability::off;
        folder.write("www/index.html", "<p>hello</p>\n");
        folder.write("www/empty.txt", "");
        folder.write("www/sub/index.html", "<p>below</p>\n");
        folder.write("www/middle.txt", varied_bytes(10'000));  // more than is copied into a batch
        folder.write("www/large.txt", varied_bytes(200'000));  // more than is kept in memory
        folder.write("www/program.exe", "MZ");
        if (adjust) adjust(made);
        return made;
    }
};

}  // namespace fairlead::test
