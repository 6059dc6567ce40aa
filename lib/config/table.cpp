#include "config/table.hpp"

#include "config/item_checks.hpp"
#include "config/named_checks.hpp"

#include <algorithm>
#include <array>

namespace fairlead::config {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

constexpr std::array type_presets{"web"sv, "strict"sv};
constexpr std::array durability_words{"full"sv, "off"sv};
constexpr std::array naming_words{"server"sv, "client"sv};
constexpr std::array log_levels{"debug"sv, "info"sv, "warn"sv, "error"sv};
constexpr std::array log_formats{"text"sv, "json"sv};
constexpr std::array rate_by_words{"address"sv, "user"sv};
constexpr std::array proxy_field_words{"auto"sv, "forwarded"sv, "x-forwarded-for"sv};
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
constexpr auto site() {
    return field_at<&settings::site, Member>();
}
template <auto Member>
constexpr auto delivery() {
    return field_at<&settings::site, &site_settings::delivery, Member>();
}
template <auto Member>
constexpr auto compression() {
    return field_at<&settings::site, &site_settings::delivery, &delivery_settings::compression, Member>();
}
template <auto Member>
constexpr auto cors() {
    return field_at<&settings::site, &site_settings::delivery, &delivery_settings::cors, Member>();
}
template <auto Member>
constexpr auto cgi() {
    return field_at<&settings::site, &site_settings::delivery, &delivery_settings::cgi, Member>();
}
template <auto Member>
constexpr auto auth() {
    return field_at<&settings::site, &site_settings::delivery, &delivery_settings::auth, Member>();
}
template <auto Member>
constexpr auto rate() {
    return field_at<&settings::site, &site_settings::delivery, &delivery_settings::rate, Member>();
}
template <auto Member>
constexpr auto fastcgi() {
    return field_at<&settings::site, &site_settings::delivery, &delivery_settings::fastcgi, Member>();
}
template <auto Member>
constexpr auto connect() {
    return field_at<&settings::site, &site_settings::connect, Member>();
}
template <auto... Members>
constexpr auto log() {
    return field_at<&settings::log, Members...>();
}
/// The form and the file of a log of requests, which differ in their sentences.
template <auto Log>
constexpr word_kind request_log_format() {
    return word_at<&settings::log, Log, &access_log_settings::format>(access_formats);
}
template <auto Log>
constexpr path_kind request_log_file() {
    return {log<Log, &access_log_settings::file>(), true};
}

using u = upload_settings;
using l = limit_settings;
using d = delivery_settings;
using c = compression_settings;
using o = cors_settings;
using g = cgi_settings;
using a = auth_settings;
using r = rate_settings;
using f = fastcgi_settings;
using t = connect_settings;

constexpr std::array rows{
    setting{"listen", endpoints_kind{field_at<&settings::listen>(), false},
            "Addresses that the site is served on; `*:PORT` or `PORT` is every address, IPv6 and IPv4.",
            R"(["*:8080"])", scope::site},
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
    setting{"trusted_proxies", texts_kind{field_at<&settings::trusted_proxies>(), true, check_network, {}},
            "Addresses of proxies whose word about their clients is taken (`Forwarded`, `X-Forwarded-For`); "
            "that of "
            "others is not.",
            R"(["10.0.0.0/8", "2001:db8::7"])"},
    setting{"proxy_field", word_at<&settings::proxy_field>(proxy_field_words),
            "The field that these proxies write; with `auto` either, and a request in which the two name "
            "different "
            "clients gets 400.",
            R"("x-forwarded-for")"},
    setting{"hosts", texts_kind{field_at<&settings::site, &site_settings::hosts>(), true, check_host, {}},
            "Names that `Host` may have, `*.example.org` for subdomains, `*` for all; loopback and listen "
            "addresses always "
            "count.",
            R"(["www.example.org", "*.example.org"])"},
    setting{"root", path_kind{delivery<&d::root>(), false}, "Directory that is published.", R"("/srv/www")",
            scope::route},
    setting{"types", texts_kind{delivery<&d::types>(), false, check_extension, type_presets},
            "Which files are served: a preset, or a list of extensions (\"\" is files without one); others "
            "get 415.",
            R"(["html", "css", "png"])", scope::route},
    setting{"mime_types", path_kind{field_at<&settings::mime_types>(), true},
            "File of media types (mime.types of Apache or nginx); empty is the built-in table.",
            R"("/etc/mime.types")"},
    setting{"index", texts_kind{delivery<&d::index>(), true, check_index, {}},
            "Files tried in this order for a path that ends in '/'; with an empty list folders have none.",
            R"(["index.html", "index.htm"])", scope::route},
    setting{"listing", boolean_kind{delivery<&d::listing>()},
            "Whether a folder without an index file shows what is in it, as a page or as JSON.", "true",
            scope::route},
    setting{"methods", texts_kind{delivery<&d::methods>(), true, check_method, {}},
            "Methods that are answered, others get 405; `GET` takes HEAD, too, and OPTIONS always tells "
            "which. An empty "
            "list is all that there is.",
            R"(["GET", "POST"])", scope::route},
    setting{"try", texts_kind{delivery<&d::try_paths>(), true, check_try_path, {}},
            "Files tried in this order when a path names none; `$path` is the path that was asked for.",
            R"(["$path.html", "/index.html"])", scope::route},
    setting{"redirects",
            named_values_kind{site<&site_settings::redirects>(), check_redirects, nullptr, false,
                              "an object of path patterns and targets ({\"/old/**\": \"301 /new/$1\"})"},
            "Paths that have moved, first match wins: pattern to `[STATUS] TARGET`, or to `410` for what is "
            "gone.",
            R"({"/old/**": "301 /new/$1", "/gone": "410"})", scope::site},
    setting{"rewrites",
            named_values_kind{site<&site_settings::rewrites>(), check_rewrites, nullptr, false,
                              "an object of path patterns and paths ({\"/app/**\": \"/app.html\"})"},
            "Paths that are answered with what stands at another one, first match wins.",
            R"({"/app/**": "/app.html"})", scope::site},
    setting{
        "cache_control",
        named_values_kind{delivery<&d::cache_control>(), check_cache_control, merge_cache_control, false,
                          "an object of patterns and values ({\"*.{js,css}\": \"max-age=3600\"})"},
        "`Cache-Control` by file name, path or media type, first match wins; without one it is `no-cache`.",
        R"({"*.{js,css}": "public, max-age=31536000, immutable", "image/*": "max-age=3600"})", scope::route},
    setting{"headers",
            named_values_kind{delivery<&d::headers>(), check_headers, merge_headers, true,
                              "an object of field names and values, or null to remove one"},
            "Response fields that are set, in place of the server's own, or removed.",
            R"({"X-Frame-Options": "DENY", "Permissions-Policy": null})", scope::route},
    setting{"security_headers", boolean_kind{delivery<&d::security_headers>()},
            "Whether answers carry the fields that make browsers careful; `headers` changes single ones.",
            "false", scope::route},
    setting{"error_pages",
            named_values_kind{delivery<&d::error_pages>(), check_error_pages, merge_error_pages, true,
                              "an object of statuses and files ({\"404\": \"/404.html\"})"},
            "Files below `root` that are sent with errors, by status, to clients that do not prefer JSON.",
            R"({"404": "/404.html"})", scope::route},

    setting{"compression.codings", texts_kind{compression<&c::codings>(), true, check_coding, {}},
            "Content codings in order of preference; an empty list switches compression off.", R"(["gzip"])",
            scope::route},
    setting{"compression.precompressed", boolean_kind{compression<&c::precompressed>()},
            "Whether `x.js.br`, `.zst` and `.gz` beside `x.js` are sent in its place, when not older.",
            "false", scope::route},
    setting{"compression.types", texts_kind{compression<&c::types>(), true, check_type_pattern, {}},
            "Media types that are compressed when they are asked for; `text/*` is all of a kind.",
            R"(["text/*", "application/json"])", scope::route},
    setting{"compression.min_size", size_kind{compression<&c::min_size>(), 0, gib},
            "Least size of a file that is compressed.", R"("256")", scope::route},
    setting{"compression.gzip_level", count_kind{compression<&c::gzip_level>(), 1, 9},
            "Effort of gzip: 1 is fast, 9 is small.", "1", scope::route},
    setting{"compression.brotli_level", count_kind{compression<&c::brotli_level>(), 0, 11},
            "Effort of brotli: 0 is fast, 11 is small and slow.", "9", scope::route},
    setting{"compression.zstd_level", count_kind{compression<&c::zstd_level>(), 1, 19},
            "Effort of Zstandard: 1 is fast, 19 is small and slow.", "12", scope::route},
    setting{"compression.cache", size_kind{field_at<&settings::compression_cache>(), 0, 1024 * gib},
            "Memory for compressed files, so that each is compressed once; 0 keeps none.", R"("1g")"},

    setting{"cors.origins", texts_kind{cors<&o::origins>(), true, check_origin, {}},
            "Origins whose scripts may read answers: `https://app.example.org`, `https://*.example.org`, "
            "`*`; an empty list is none.",
            R"(["https://app.example.org"])", scope::route},
    setting{"cors.credentials", boolean_kind{cors<&o::credentials>()},
            "Whether they may do so with cookies and passwords; not with `*`.", "true", scope::route},
    setting{"cors.methods", texts_kind{cors<&o::methods>(), false, check_field_name, {}},
            "Methods that they may use.", R"(["GET", "HEAD", "POST"])", scope::route},
    setting{"cors.headers", texts_kind{cors<&o::headers>(), true, check_field_name, {}},
            "Request fields that they may send, beyond those that every script may.",
            R"(["X-Requested-With"])", scope::route},
    setting{"cors.expose", texts_kind{cors<&o::expose>(), true, check_field_name, {}},
            "Response fields that they may read, beyond those that every script may.", R"(["ETag"])",
            scope::route},
    setting{"cors.max_age", time_kind{cors<&o::max_age>(), 0ms, 24h},
            "How long a browser may remember the answer to its preflight.", R"("1h")", scope::route},

    setting{
        "auth.users", path_kind{auth<&a::users>(), true},
        "File of users, a line `NAME:HASH` each, as htpasswd and `fairlead hash-password` write it (bcrypt, "
        "yescrypt, sha512-crypt); it is read again when it changes.",
        R"("/etc/fairlead/users")", scope::route},
    setting{"auth.groups",
            named_values_kind{auth<&a::groups>(), check_groups, merge_groups, false,
                              "an object of names and lists of users ({\"staff\": \"ann, bob\"})"},
            "Groups, and the users in them, for `access`.", R"({"staff": "ann, bob"})", scope::route},
    setting{"auth.realm",
            text_kind{auth<&a::realm>(), check_realm, "printable ASCII without quotes and backslash"},
            "What browsers show, and remember a password for.", R"("Office")", scope::route},
    setting{"access",
            named_values_kind{delivery<&d::access>(), check_access, merge_access, false,
                              "an object of rules ({\"GET /team/**\": \"group staff\"})"},
            "Who may do what: `[METHODS ]PATTERN` to `public`, `users`, `deny`, or a list of `user NAME`, "
            "`group NAME` "
            "and networks, perhaps `from` networks; the first match decides, and what none allows is denied.",
            R"({"GET /office/**": "10.0.0.0/8", "GET /public/**": "public"})", scope::route},
    setting{"rate.requests",
            text_kind{rate<&r::requests>(), check_rate, "a number and a time (\"10/s\") or \"\""},
            "Requests of one client, an IPv4 address or the /64 of an IPv6 address; beyond that 429. Empty "
            "is no limit.",
            R"("600/m")", scope::route},
    setting{"rate.burst", count_kind{rate<&r::burst>(), 0, many},
            "Requests that a client may make at once, when there were none before; 0 is the number of "
            "`rate.requests`.",
            "20", scope::route},
    setting{"rate.bytes", size_kind{rate<&r::bytes>(), 0, 1024 * gib},
            "Bytes of content a second, received and sent together; a client that is ahead of it gets 429 "
            "until it has "
            "been made up for. 0 is no limit.",
            R"("10m")", scope::route},
    setting{
        "rate.by",
        word_at<&settings::site, &site_settings::delivery, &delivery_settings::rate, &r::by>(rate_by_words),
        "Whose rates these are: those of each `address`, or of each `user`, where requests of nobody count "
        "by "
        "address.",
        R"("user")", scope::route},

    setting{"uploads.path", text_kind{upload<&u::path>(), check_upload_path, "a request path or \"\""},
            "Request path that takes POST; empty switches uploads at the top off.", R"("/api/documents")"},
    setting{"uploads.directory", path_kind{upload<&u::directory>(), false},
            "Directory where files are stored; a route that has one takes uploads.",
            R"("/var/lib/fairlead/uploads")", scope::route},
    setting{"uploads.accept", texts_kind{upload<&u::accept>(), false, check_upload_way, {}},
            "Ways in: POST of `json` documents, of `raw` bytes, of a `form` (multipart/form-data); `put` and "
            "`delete` of single files.",
            R"(["json", "raw", "form", "put", "delete"])", scope::route},
    setting{"uploads.types", texts_kind{upload<&u::types>(), false, check_upload_type, {}},
            "Media types of raw bodies, of PUT and of files in forms; others get 415.",
            R"(["image/*", "application/pdf"])", scope::route},
    setting{"uploads.names", word_at<&settings::uploads, &u::names>(naming_words),
            "Who names the files of forms: the `server`, or the `client`.", R"("client")", scope::route},
    setting{"uploads.max_body", size_kind{upload<&u::max_body>(), 1, 1024 * gib},
            "Most bytes of one document, file or form; above it 413.", R"("16m")", scope::route},
    setting{"uploads.max_depth", count_kind{upload<&u::max_depth>(), 1, 1000},
            "Deepest nesting of lists and objects in a document; above it 400.", "64", scope::route},
    setting{"uploads.max_parts", count_kind{upload<&u::max_parts>(), 1, 10'000},
            "Most fields and files of a form; above it 400.", "10", scope::route},
    setting{"uploads.make_directories", boolean_kind{upload<&u::make_directories>()},
            "Whether PUT makes the folders that its path names; else a missing one is 409.", "true",
            scope::route},
    setting{"uploads.digest", boolean_kind{upload<&u::digest>()},
            "Whether the SHA-256 of each file is computed, told in `Repr-Digest`, and kept with it.", "false",
            scope::route},
    setting{"uploads.quota", size_kind{upload<&u::quota>(), 0, 1024 * 1024 * gib},
            "Most bytes of all files in the directory together, above which uploads get 413; 0 is no limit.",
            R"("10g")", scope::route},
    setting{
        "uploads.min_free", size_kind{upload<&u::min_free>(), 0, 1024 * 1024 * gib},
        "Bytes of the file system that uploads leave free; an upload for which there is no room gets 507.",
        R"("1g")", scope::route},
    setting{
        "uploads.idempotency_time", time_kind{upload<&u::idempotency_time>(), 0ms, 24h * 366},
        "How long the first answer to a POST with an `Idempotency-Key` is remembered; \"0s\" ignores keys.",
        R"("1h")", scope::route},
    setting{"uploads.idempotency_keys", count_kind{upload<&u::idempotency_keys>(), 1, 10 * many},
            "Most keys that are remembered; the oldest are forgotten first.", "1000", scope::route},
    setting{"uploads.durability", word_at<&settings::uploads, &u::durability>(durability_words),
            "When 201 is sent: `full` after data and name are on the disk, `off` when the kernel has them.",
            R"("off")", scope::route},
    setting{"uploads.serve", boolean_kind{upload<&u::serve>()},
            "Whether GET of a stored file is answered (as an attachment) or 404.", "true", scope::route},
    setting{"uploads.inside_root", boolean_kind{upload<&u::inside_root>()},
            "Allow an upload directory inside `root`, where files are published like any other.", "true",
            scope::route},

    setting{
        "cgi.programs",
        named_values_kind{cgi<&g::programs>(), check_programs, nullptr, false,
                          "an object of extensions and interpreters ({\"php\": \"/usr/bin/php-cgi\"})"},
        "Scripts by extension and what runs them: an absolute path, or \"\" for scripts that are programs "
        "themselves; `{}` is none.",
        R"({"php": "/usr/bin/php-cgi", "cgi": ""})", scope::route},
    setting{"cgi.script", path_kind{cgi<&g::script>(), true},
            "A program that answers every path, in place of files; empty is none.",
            R"("/usr/lib/git-core/git-http-backend")", scope::route},
    setting{"cgi.timeout", time_kind{cgi<&g::timeout>(), 100ms, 24h},
            "From the start of a script to the end of its output; then 504, or the answer is cut.", R"("5m")",
            scope::route},
    setting{"cgi.cpu_time", time_kind{cgi<&g::cpu_time>(), 1s, 24h},
            "Processor time of each process of a script, in whole seconds; then it is killed.", R"("2m")",
            scope::route},
    setting{"cgi.memory", size_kind{cgi<&g::memory>(), 0, 1024 * gib},
            "Address space of each process of a script; 0 is no limit.", R"("256m")", scope::route},
    setting{"cgi.max_output", size_kind{cgi<&g::max_output>(), 1, 1024 * 1024 * gib},
            "Most bytes that a script may write; then the answer is cut.", R"("10m")", scope::route},
    setting{"cgi.max_body", size_kind{cgi<&g::max_body>(), 0, 1024 * gib},
            "Most bytes of a body for a script; above it 413.", R"("100m")", scope::route},
    setting{"cgi.processes", count_kind{cgi<&g::processes>(), 1, 10'000},
            "Scripts that run at once, for each route apart.", "4", scope::route},
    setting{"cgi.queue", count_kind{cgi<&g::queue>(), 0, many},
            "Requests that may wait for a place among them, for `limits.queue_timeout` at most; beyond that "
            "503.",
            "200", scope::route},
    setting{
        "cgi.environment",
        named_values_kind{cgi<&g::environment>(), check_environment, nullptr, false,
                          "an object of variables and values ({\"APP_ENV\": \"production\"})"},
        "Variables for scripts beside those of RFC 3875; nothing of the server's own environment is passed "
        "on.",
        R"({"APP_ENV": "production"})", scope::route},
    setting{"cgi.authorization", boolean_kind{cgi<&g::authorization>()},
            "Whether scripts see the client's credentials (`HTTP_AUTHORIZATION`).", "true", scope::route},

    setting{"fastcgi.servers", texts_kind{fastcgi<&f::servers>(), true, check_fastcgi_server, {}},
            "Servers of one application, which take turns; one that cannot be reached is left out for a "
            "while. An "
            "empty list is no FastCGI.",
            R"(["unix:/run/php/php-fpm.sock", "127.0.0.1:9000"])", scope::route},
    setting{"fastcgi.extensions", texts_kind{fastcgi<&f::extensions>(), true, check_script_extension, {}},
            "Extensions of files below `root` that are scripts: they are run, and never sent as they are.",
            R"(["php", "phtml"])", scope::route},
    setting{"fastcgi.script",
            text_kind{fastcgi<&f::script>(), check_program_path, "an absolute path or \"\""},
            "One script that answers for every path; what follows the path of the route is its PATH_INFO.",
            R"("/srv/app/public/index.php")", scope::route},
    setting{"fastcgi.root", text_kind{fastcgi<&f::root>(), check_program_path, "an absolute path or \"\""},
            "What `root` is called where the application runs (a container); empty is the same path.",
            R"("/var/www/html")", scope::route},
    setting{"fastcgi.timeout", time_kind{fastcgi<&f::timeout>(), 100ms, 24h},
            "How long the application may neither take nor give a byte; then 504.", R"("5m")", scope::route},
    setting{"fastcgi.connect_timeout", time_kind{fastcgi<&f::connect_timeout>(), 10ms, 1h},
            "Longest wait for a connection to a server, before the next one is tried.", R"("500ms")",
            scope::route},
    setting{
        "fastcgi.connections", count_kind{fastcgi<&f::connections>(), 1, 10'000},
        "Requests that are with the application at once; beyond that the queue (`limits.queue`), then 503.",
        "8", scope::route},
    setting{"fastcgi.max_body", size_kind{fastcgi<&f::max_body>(), 0, 1024 * gib},
            "Most bytes of the body of a request to the application; above it 413.", R"("100m")",
            scope::route},
    setting{"fastcgi.environment",
            named_values_kind{fastcgi<&f::environment>(), check_environment, nullptr, false,
                              "an object of variables and values ({\"APP_ENV\": \"production\"})"},
            "Variables that the application is given with each request, beside those of CGI.",
            R"({"APP_ENV": "production"})", scope::route},

    setting{"limits.connections", count_kind{limit<&l::connections>(), 1, many},
            "From this many connections on, a new one gets 503 (health checks excepted).", "4096"},
    setting{"limits.connections_hard", count_kind{limit<&l::connections_hard>(), 1, many},
            "From this many on, a new connection is closed unread; not set, it is a quarter above "
            "`limits.connections`.",
            "8192"},
    setting{
        "limits.connections_per_address", count_kind{limit<&l::connections_per_address>(), 0, many},
        "From this many connections of one client on (IPv4 address, or /64 of IPv6), a new one gets 429; a "
        "quarter above it is closed unread. 0 is no limit; trusted proxies have none.",
        "64"},
    setting{"limits.rate_keys", count_kind{limit<&l::rate_keys>(), 1'000, 100 * many},
            "Addresses and users, for each rate, that are known at once, in 64 bytes of memory each; what is "
            "beyond "
            "that forgets those who used least of their rate.",
            "1000000"},
    setting{"limits.in_flight", count_kind{limit<&l::in_flight>(), 1, many},
            "Requests at work at once; waiting for a client's bytes is not work.", "256", scope::route},
    setting{"limits.queue", count_kind{limit<&l::queue>(), 0, many},
            "Requests that may wait for a place among `limits.in_flight`; beyond that 503.", "200",
            scope::route},
    setting{"limits.queue_timeout", time_kind{limit<&l::queue_timeout>(), 1ms, 1h},
            "Longest wait in the queue; then 503.", R"("2s")", scope::route},
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

    setting{
        "connect.allow", texts_kind{connect<&t::allow>(), true, check_destination, {}},
        "Destinations that CONNECT opens tunnels to: `HOST:PORT`, `*.example.org:443,8000-8099`; an empty "
        "list switches tunnels off.",
        R"(["*.example.org:443", "db.internal:5432"])", scope::site},
    setting{"connect.networks", texts_kind{connect<&t::networks>(), true, check_network, {}},
            "Networks that tunnels may reach although they are private, of this machine, or special "
            "otherwise.",
            R"(["10.1.0.0/16", "fd12::/32"])", scope::site},
    setting{"connect.tunnels", count_kind{connect<&t::tunnels>(), 1, many},
            "Tunnels at a time; beyond that 503. Each counts for `limits.connections`, too.", "64",
            scope::site},
    setting{"connect.timeout", time_kind{connect<&t::timeout>(), 100ms, 10min},
            "From the request until the connection to the destination stands; then 504.", R"("5s")",
            scope::site},
    setting{"connect.idle_timeout", time_kind{connect<&t::idle_timeout>(), 1s, 24h * 7},
            "How long a tunnel may stand without a byte in either direction.", R"("1h")", scope::site},
    setting{"connect.max_time", time_kind{connect<&t::max_time>(), 0ms, 24h * 365},
            "How long a tunnel may stand at all; \"0s\" is no limit.", R"("12h")", scope::site},
    setting{"connect.max_bytes", size_kind{connect<&t::max_bytes>(), 0, 1024 * 1024 * gib},
            "Bytes that a tunnel may move, both ways together; 0 is no limit.", R"("10g")", scope::site},

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
    setting{"log.access.format", request_log_format<&log_settings::access>(),
            "Form of the access log; `off` switches it off.", R"("json")"},
    setting{"log.access.file", request_log_file<&log_settings::access>(),
            "File of the access log; empty is standard output.", R"("/var/log/fairlead/access.log")"},
    setting{"log.success.format", request_log_format<&log_settings::success>(),
            "Form of a log of the requests that were answered below 400; where only its file is given, that "
            "of the access log.",
            R"("combined")"},
    setting{"log.success.file", request_log_file<&log_settings::success>(),
            "Its file; empty is standard output.", R"("/var/log/fairlead/success.log")"},
    setting{"log.failure.format", request_log_format<&log_settings::failure>(),
            "Form of a log of the requests that were answered 400 or above; where only its file is given, "
            "that of the access log.",
            R"("combined")"},
    setting{"log.failure.file", request_log_file<&log_settings::failure>(),
            "Its file; empty is standard output.", R"("/var/log/fairlead/failure.log")"},
    setting{"log.security.format",
            word_at<&settings::log, &log_settings::security, &security_log_settings::format>(log_formats),
            "Form of the log of security events; where only its file is given, that of the log.",
            R"("json")"},
    setting{"log.security.file",
            path_kind{log<&log_settings::security, &security_log_settings::file>(), true},
            "Its file; empty: the events stand in the log.", R"("/var/log/fairlead/security.log")"},
};

constexpr std::array scopes{
    scope_row{"routes", scope::route, scope::site, check_route,
              "Parts of a site by the path that they begin with; the longest one that fits counts.",
              R"({"/docs": {"root": "/usr/share/doc", "listing": true}})"},
    scope_row{"sites", scope::site, scope::program, check_site_names,
              "Further sites by the names of their hosts, separated by commas; what one does not say is as "
              "above.",
              R"({"www.example.org, example.org": {"root": "/srv/example"}})"},
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

std::span<const scope_row> scope_rows() noexcept { return scopes; }

const scope_row* find_scope_row(std::string_view key, scope where) noexcept {
    const auto found = std::find_if(scopes.begin(), scopes.end(), [&](const scope_row& row) {
        return row.key == key && where <= row.stands_in;
    });
    return found == scopes.end() ? nullptr : &*found;
}

bool is_section(std::string_view path, scope where) noexcept {
    return std::any_of(rows.begin(), rows.end(), [&](const setting& row) {
        return row.innermost >= where && below(row.path, path).has_value();
    });
}

std::vector<std::string_view> keys_below(std::string_view path, scope where) {
    std::vector<std::string_view> keys;
    for (const auto& row : rows) {
        const auto rest = row.innermost >= where ? below(row.path, path) : std::nullopt;
        if (!rest) continue;
        const auto key = rest->substr(0, rest->find('.'));
        if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
    for (const auto& row : scopes)
        if (path.empty() && where <= row.stands_in) keys.push_back(row.key);
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
