#include "config/table.hpp"

#include "config/item_checks.hpp"

#include <algorithm>
#include <array>

namespace fairlead::config {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

constexpr std::array type_presets{"web"sv, "strict"sv};
constexpr std::array durability_words{"full"sv, "off"sv};
constexpr std::array log_levels{"debug"sv, "info"sv, "warn"sv, "error"sv};
constexpr std::array log_formats{"text"sv, "json"sv};
constexpr std::array access_formats{"off"sv, "common"sv, "combined"sv, "json"sv};

constexpr std::uint64_t kib = 1ULL << 10, mib = 1ULL << 20, gib = 1ULL << 30;
constexpr unsigned many = 1'000'000;

template <auto... Members>
constexpr word_kind word_at(std::span<const std::string_view> words) {
    using word = std::remove_cvref_t<decltype((std::declval<settings&>().*....*Members))>;
    return {words, [](settings& all, unsigned index) { (all.*....*Members) = static_cast<word>(index); },
            [](const settings& all) { return static_cast<unsigned>((all.*....*Members)); }};
}

template <auto Member>
constexpr auto upload() {
    return field_at<&settings::uploads, Member>();
}
template <auto Member>
constexpr auto limit() {
    return field_at<&settings::limits, Member>();
}
template <auto Member>
constexpr auto log() {
    return field_at<&settings::log, Member>();
}

using u = upload_settings;
using l = limit_settings;

constexpr std::array rows{
    setting{"listen", endpoints_kind{field_at<&settings::listen>(), false},
            "Addresses that the site is served on; `*:PORT` or `PORT` is every address, IPv6 and IPv4.",
            R"(["*:8080"])"},
    setting{"threads", count_kind{field_at<&settings::threads>(), 0, 256},
            "I/O threads; 0 is one per processor.", "4"},
    setting{"defer_accept", boolean_kind{field_at<&settings::defer_accept>()},
            "Wake for a new connection only when its first bytes are there (TCP_DEFER_ACCEPT).", "false"},
    setting{"congestion_control",
            text_kind{field_at<&settings::congestion_control>(), check_congestion_control,
                      "auto, system or an algorithm of the kernel"},
            "Congestion control of TCP: `system` is the kernel's default, else the name of an algorithm; "
            "`auto` is `system`, "
            "but `reno` on loopback addresses where the default would pace (bbr).",
            R"("cubic")"},
    setting{"hosts", texts_kind{field_at<&settings::hosts>(), true, check_host, {}},
            "Names that `Host` may have, `*.example.org` for subdomains, `*` for all; loopback and listen "
            "addresses always "
            "count.",
            R"(["www.example.org", "*.example.org"])"},
    setting{"root", path_kind{field_at<&settings::root>(), false}, "Directory that is published.",
            R"("/srv/www")"},
    setting{"types", texts_kind{field_at<&settings::types>(), false, check_extension, type_presets},
            "Which files are served: a preset, or a list of extensions (\"\" is files without one); others "
            "get 415.",
            R"(["html", "css", "png"])"},
    setting{"mime_types", path_kind{field_at<&settings::mime_types>(), true},
            "File of media types (mime.types of Apache or nginx); empty is the built-in table.",
            R"("/etc/mime.types")"},
    setting{"index", texts_kind{field_at<&settings::index>(), true, check_index, {}},
            "Files tried in this order for a path that ends in '/'; an empty list serves no folders.",
            R"(["index.html", "index.htm"])"},

    setting{"uploads.path", text_kind{upload<&u::path>(), check_upload_path, "a request path or \"\""},
            "Request path that takes POST of JSON; empty switches uploads off.", R"("/api/documents")"},
    setting{"uploads.directory", path_kind{upload<&u::directory>(), false},
            "Directory where documents are stored.", R"("/var/lib/fairlead/uploads")"},
    setting{"uploads.max_body", size_kind{upload<&u::max_body>(), 1, 1024 * gib},
            "Most bytes of one document; above it 413.", R"("16m")"},
    setting{"uploads.max_depth", count_kind{upload<&u::max_depth>(), 1, 1000},
            "Deepest nesting of lists and objects in a document; above it 400.", "64"},
    setting{"uploads.durability", word_at<&settings::uploads, &u::durability>(durability_words),
            "When 201 is sent: `full` after data and name are on the disk, `off` when the kernel has them.",
            R"("off")"},
    setting{"uploads.serve", boolean_kind{upload<&u::serve>()},
            "Whether GET of a stored document is answered (as an attachment) or 404.", "true"},
    setting{"uploads.inside_root", boolean_kind{upload<&u::inside_root>()},
            "Allow an upload directory inside `root`, where documents are published like any other file.",
            "true"},

    setting{"limits.connections", count_kind{limit<&l::connections>(), 1, many},
            "From this many connections on, a new one gets 503 (health checks excepted).", "4096"},
    setting{"limits.connections_hard", count_kind{limit<&l::connections_hard>(), 1, many},
            "From this many on, a new connection is closed unread; not set, it is a quarter above "
            "`limits.connections`.",
            "8192"},
    setting{"limits.in_flight", count_kind{limit<&l::in_flight>(), 1, many},
            "Requests at work at once; waiting for a client's bytes is not work.", "256"},
    setting{"limits.queue", count_kind{limit<&l::queue>(), 0, many},
            "Requests that may wait for a place among `limits.in_flight`; beyond that 503.", "200"},
    setting{"limits.queue_timeout", time_kind{limit<&l::queue_timeout>(), 1ms, 1h},
            "Longest wait in the queue; then 503.", R"("2s")"},
    setting{"limits.retry_after", time_kind{limit<&l::retry_after>(), 1s, 1h},
            "Least `Retry-After` of a 503; up to 40 % are added at random.", R"("10s")"},
    setting{"limits.requests_per_connection",
            count_kind{limit<&l::requests_per_connection>(), 1, 1'000'000'000},
            "Requests of one connection before it is closed.", "1000"},
    setting{"limits.idle_timeout", time_kind{limit<&l::idle_timeout>(), 100ms, 24h},
            "How long a connection may be idle between two requests.", R"("75s")"},
    setting{"limits.idle_timeout_pressed", time_kind{limit<&l::idle_timeout_pressed>(), 100ms, 24h},
            "The same from 90 % of `limits.connections` on; never longer than `limits.idle_timeout`.",
            R"("1s")"},
    setting{"limits.header_timeout", time_kind{limit<&l::header_timeout>(), 100ms, 1h},
            "From the first byte of a request head to its last; then 408.", R"("5s")"},
    setting{"limits.header_size", size_kind{limit<&l::header_size>(), 512, mib},
            "Most bytes of request line and fields together; above it 414 or 431.", R"("16k")"},
    setting{"limits.min_body_rate", size_kind{limit<&l::min_body_rate>(), 0, gib},
            "Bytes per second, averaged, below which a body or a reader is cut; 0 switches it off.",
            R"("1k")"},
    setting{"limits.write_stall_timeout", time_kind{limit<&l::write_stall_timeout>(), 100ms, 24h},
            "How long a client may take no byte of an answer.", R"("1m")"},
    setting{"limits.drain_timeout", time_kind{limit<&l::drain_timeout>(), 0ms, 24h},
            "Time for requests at work when the server stops.", R"("25s")"},

    setting{"admin.listen", endpoints_kind{field_at<&settings::admin, &admin_settings::listen>(), true},
            "Addresses of `/metrics` and the detailed health pages; an empty list switches them off.",
            R"(["127.0.0.1:9999"])"},

    setting{"log.level", word_at<&settings::log, &log_settings::level>(log_levels),
            "Least level that is logged.", R"("debug")"},
    setting{"log.format", word_at<&settings::log, &log_settings::format>(log_formats), "Form of a log line.",
            R"("json")"},
    setting{"log.file", path_kind{log<&log_settings::file>(), true},
            "File of the log; empty is standard error.", R"("/var/log/fairlead/server.log")"},
    setting{"log.status_interval", time_kind{log<&log_settings::status_interval>(), 0ms, 24h},
            "Time between two status lines; \"0s\" switches them off.", R"("1m")"},
    setting{"log.access.format",
            word_at<&settings::log, &log_settings::access, &access_log_settings::format>(access_formats),
            "Form of the access log; `off` switches it off.", R"("json")"},
    setting{"log.access.file",
            path_kind{field_at<&settings::log, &log_settings::access, &access_log_settings::file>(), true},
            "File of the access log; empty is standard output.", R"("/var/log/fairlead/access.log")"},
};

/// What stands behind `section` and a dot in `path`, or nothing when the path is not below the section.
std::optional<std::string_view> below(std::string_view path, std::string_view section) {
    if (section.empty()) return path;
    if (!path.starts_with(section) || path.size() == section.size() || path[section.size()] != '.')
        return std::nullopt;
    return path.substr(section.size() + 1);
}

}  // namespace

std::span<const setting> table() noexcept { return rows; }

std::optional<std::size_t> find_setting(std::string_view path) noexcept {
    const auto found =
        std::find_if(rows.begin(), rows.end(), [&](const setting& row) { return row.path == path; });
    if (found == rows.end()) return std::nullopt;
    return static_cast<std::size_t>(found - rows.begin());
}

bool is_section(std::string_view path) noexcept {
    return std::any_of(rows.begin(), rows.end(),
                       [&](const setting& row) { return below(row.path, path).has_value(); });
}

std::vector<std::string_view> keys_below(std::string_view path) {
    std::vector<std::string_view> keys;
    for (const auto& row : rows) {
        const auto rest = below(row.path, path);
        if (!rest) continue;
        const auto key = rest->substr(0, rest->find('.'));
        if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
    return keys;
}

std::string environment_name(std::string_view path) {
    std::string name = "FAIRLEAD_";
    for (const char c : path) name += c == '.' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
    return name;
}

std::string pointer_of(std::string_view path) {
    std::string pointer = "/";
    for (const char c : path) pointer += c == '.' ? '/' : c;
    return pointer;
}

}  // namespace fairlead::config
