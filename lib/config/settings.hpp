#pragma once

#include "http/named_value.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace fairlead::config {

/// Bytes of the largest page that is sent with an error.
inline constexpr std::uint64_t most_error_page_bytes = 256 * 1024;

/// Address and port as written, for example `127.0.0.1:8080`, `[::1]:8080`, `*:8080`, or `localhost:8080`.
/// Port 0 lets the kernel choose.
struct endpoint {
    std::string host;  ///< without brackets; `*` or empty is every address, IPv6 and IPv4 (dual stack)
    std::uint16_t port = 0;
    bool operator==(const endpoint&) const = default;
};

/// An object of the file whose names the user chooses, in the order of the file. No value is `null`.
using named_values = std::vector<http::named_value>;

enum class durability {
    full,  ///< 201 is sent after the data and its name are on the disk (fdatasync, directory fsync)
    off,   ///< 201 is sent when the kernel has it: survives a crash of the server, not a power loss
};

/// Who names the files of forms.
enum class naming { server, client };

/// What is taken, and where it goes. A route takes uploads when it has a `directory` of its own; what it does
/// not say is as above.
struct upload_settings {
    std::string path = "/upload";  ///< request path that takes `POST`, at the top only; empty switches it off
    std::string directory = "uploads";        ///< where files are stored; relative to the configuration file
    std::vector<std::string> accept{"json"};  ///< ways in: json, raw, form, put, delete
    std::vector<std::string> types{"*/*"};    ///< media types of what is no JSON document
    naming names = naming::server;            ///< of files in forms
    std::uint64_t max_body = 1 << 20;         ///< bytes of one body
    unsigned max_depth = 32;                  ///< nesting of arrays and objects in a document
    unsigned max_parts = 100;                 ///< fields and files of a form
    bool make_directories = false;            ///< whether PUT makes the folders of its path
    bool digest = true;                       ///< whether the SHA-256 of each file is kept with it
    std::uint64_t quota = 0;                  ///< bytes that all files may have together; 0: no limit
    std::uint64_t min_free = 64 << 20;        ///< bytes of the file system that uploads leave free
    std::chrono::milliseconds idempotency_time{86'400'000};  ///< how long an Idempotency-Key counts; 0: never
    unsigned idempotency_keys = 100'000;  ///< keys that are remembered; the oldest are forgotten first
    fairlead::config::durability durability = durability::full;
    bool serve = false;        ///< whether GET of a stored file is answered (as an attachment)
    bool inside_root = false;  ///< allow `directory` inside `root`, where documents are published as files
};

/// Counts, sizes in bytes, and times. Every one of them is a refusal with a clear answer when it is reached.
struct limit_settings {
    unsigned connections = 1024;       ///< from here on a new connection gets 503 (health checks excepted)
    unsigned connections_hard = 1280;  ///< from here on a new connection is closed unread
    unsigned in_flight = 512;  ///< requests at work at once (handlers, disk); waiting for bytes is no work
    unsigned queue = 50;       ///< requests that may wait for a place
    std::chrono::milliseconds queue_timeout{5'000};
    std::chrono::milliseconds retry_after{5'000};  ///< least `Retry-After`; jitter only adds (0 to 40 %)
    unsigned requests_per_connection = 100;
    std::chrono::milliseconds idle_timeout{30'000};
    std::chrono::milliseconds idle_timeout_pressed{
        2'000};  ///< in place of idle_timeout from 90 % of `connections` on
    std::chrono::milliseconds header_timeout{10'000};  ///< from the first byte of a head to its last
    std::uint64_t header_size = 8 * 1024;              ///< bytes of request line and fields together
    std::uint64_t min_body_rate = 256;  ///< bytes per second, averaged, below which a body or a reader is cut
    std::chrono::milliseconds write_stall_timeout{30'000};  ///< no byte taken by the client for this long
    std::chrono::milliseconds shutdown_delay{0};            ///< from the word to stop until that begins
    std::chrono::milliseconds drain_timeout{10'000};        ///< for requests at work when the server stops
    unsigned connections_per_address = 0;  ///< of one client, from where on a new one gets 429; 0: no limit
    unsigned rate_keys = 100'000;          ///< addresses and users whose rates are known at once
};

struct admin_settings {
    std::vector<endpoint> listen{{"127.0.0.1", 9180}};  ///< empty switches the admin listener off
};

enum class log_level { debug, info, warn, error };
enum class log_format { text, json };
enum class access_format { off, common, combined, json };

struct access_log_settings {
    access_format format = access_format::combined;
    std::string file;  ///< empty is standard output
};

struct security_log_settings {
    log_format format = log_format::text;  ///< unless it is given, that of the log
    std::string file;                      ///< empty: events stand in the log, in its form
};

struct log_settings {
    log_level level = log_level::info;
    log_format format = log_format::text;
    std::string file;                                   ///< empty is standard error
    std::chrono::milliseconds status_interval{10'000};  ///< 0 switches the periodic status line off
    access_log_settings access;
    access_log_settings success{access_format::off, {}};  ///< answers below 400
    access_log_settings failure{access_format::off, {}};  ///< answers from 400 on
    security_log_settings security;
};

struct compression_settings {
    std::vector<std::string> codings{"br", "zstd", "gzip"};  ///< in order of preference; empty is off
    bool precompressed = true;  ///< `x.js.br` beside `x.js` is sent in its place, if it is not older
    std::vector<std::string> types{"text/*",
                                   "application/javascript",
                                   "application/json",
                                   "application/ld+json",
                                   "application/manifest+json",
                                   "application/xml",
                                   "application/atom+xml",
                                   "application/rss+xml",
                                   "application/wasm",
                                   "image/svg+xml",
                                   "image/x-icon",
                                   "image/vnd.microsoft.icon",
                                   "image/bmp",
                                   "font/ttf",
                                   "font/otf"};  ///< media types that are compressed when they are asked for
    std::uint64_t min_size = 1024;               ///< bytes; a smaller file fits in one segment as it is
    unsigned gzip_level = 6;
    unsigned brotli_level = 5;
    unsigned zstd_level = 6;
};

struct cors_settings {
    std::vector<std::string> origins;  ///< empty switches CORS off
    bool credentials = false;
    std::vector<std::string> methods{"GET", "HEAD"};
    std::vector<std::string> headers;  ///< request fields beyond the safelisted ones
    std::vector<std::string> expose;   ///< response fields beyond the safelisted ones
    std::chrono::milliseconds max_age{600'000};
};

/// Scripts that are run, each time that they are asked for (RFC 3875). None are while both `programs` and
/// `script` are empty.
struct cgi_settings {
    named_values programs;  ///< extension to the interpreter's absolute path, or to "": the file itself
    std::string script;     ///< a program that answers all paths; relative to the configuration file
    std::chrono::milliseconds timeout{60'000};   ///< from the start of a script to the end of its output
    std::chrono::milliseconds cpu_time{30'000};  ///< of each process
    std::uint64_t memory = 1ULL << 30;           ///< bytes of address space of each process; 0: no limit
    std::uint64_t max_output = 256 << 20;        ///< bytes
    std::uint64_t max_body = 16 << 20;           ///< bytes of a request's body
    std::uint64_t request_buffer = 64 << 10;  ///< bytes of a longer body that are taken in before the start
    unsigned processes = 16;                  ///< scripts that run at once
    unsigned queue = 64;                      ///< requests that may wait for a place among them
    named_values environment;                 ///< variables beside those of RFC 3875
    bool authorization = false;               ///< whether scripts see the credentials of the client
    bool is_on() const noexcept { return !programs.empty() || !script.empty(); }
};

struct auth_settings {
    std::string users;               ///< file of users, as htpasswd writes it; empty: nobody is known
    named_values groups;             ///< name to users, separated by commas
    std::string realm = "Fairlead";  ///< what browsers show when they ask for a password
};

/// Whose buckets count.
enum class rate_by { address, user };

/// What one client may do. Levels that do not say otherwise share the buckets of the level above them.
struct rate_settings {
    std::string requests;     ///< "10/s", "600/m" (http::parse_rate); empty: no limit
    unsigned burst = 0;       ///< requests at once; 0: as many as the number of `requests`
    std::uint64_t bytes = 0;  ///< of content in a second, received and sent; 0: no limit
    rate_by by = rate_by::address;
};

/// In which field trusted proxies name their clients: whichever is there, or only one of them.
enum class proxy_field { automatic, forwarded, x_forwarded_for };

/// Applications that speak FastCGI, such as php-fpm, and which requests they answer.
struct fastcgi_settings {
    std::vector<std::string> servers;            ///< `unix:PATH` or `HOST:PORT`; empty switches FastCGI off
    std::vector<std::string> extensions{"php"};  ///< of files that are scripts
    std::string script;  ///< one script that answers everything; empty: files with `extensions`
    std::string root;    ///< `root` as the application sees it; empty: the same path
    std::chrono::milliseconds timeout{60'000};  ///< how long it may neither take nor give a byte
    std::chrono::milliseconds connect_timeout{3'000};
    unsigned connections = 32;                ///< in use at once, to all servers together
    std::uint64_t max_body = 16 << 20;        ///< bytes of a request's body
    std::uint64_t request_buffer = 64 << 10;  ///< bytes of a longer body that are taken in first
    named_values environment;                 ///< variables beside those of the request
    bool authorization = false;               ///< whether the application sees the credentials of the client
    bool is_on() const noexcept { return !servers.empty(); }
    bool has_scripts() const noexcept { return is_on() && script.empty(); }  ///< among the files
};

/// What is published, and how it is delivered. A site and a route take what they do not say from the level
/// above them.
struct delivery_settings {
    std::string root = "resources/www";  ///< directory that is published; relative to the configuration file
    std::vector<std::string> types{
        "web"};  ///< a preset (`web`, `strict`) or a list of extensions; "" is "no extension"
    std::vector<std::string> index{"index.html"};
    std::vector<std::string> methods;    ///< what is answered; empty is all that the handlers can do
    bool listing = false;                ///< whether a folder without an index file shows what is in it
    std::vector<std::string> try_paths;  ///< tried when there is no such file: "$path.html", "/index.html"
    named_values cache_control;          ///< glob or media type to Cache-Control, first match wins
    named_values headers;                ///< response fields that are set, or removed (null)
    bool security_headers = true;        ///< see http::default_security_fields()
    named_values error_pages;            ///< status to a file below `root`; of this level alone
    compression_settings compression;
    cors_settings cors;
    cgi_settings cgi;
    auth_settings auth;
    named_values access;  ///< `[METHODS ]PATTERN` to who may; empty: everybody may everything
    rate_settings rate;
    fastcgi_settings fastcgi;
};

/// Tunnels (CONNECT): there are none where `allow` is empty.
struct connect_settings {
    std::vector<std::string> allow;     ///< destinations by what the client says: "*.example.org:443"
    std::vector<std::string> networks;  ///< addresses that may be reached although they are not public
    unsigned tunnels = 256;             ///< at a time; each is one of `limits.connections`, too
    std::chrono::milliseconds timeout{10'000};        ///< until the connection stands
    std::chrono::milliseconds idle_timeout{300'000};  ///< no byte in either direction
    std::chrono::milliseconds max_time{86'400'000};   ///< of a tunnel; 0: no limit
    std::uint64_t max_bytes = 0;                      ///< of both directions together; 0: no limit
};

/// Every path of a site that begins with `path`.
struct route_settings {
    std::string path;  ///< begins with '/', does not end in it
    delivery_settings delivery;
    bool has_own_root = false;  ///< `delivery.root` is what stands at `path`, else at "/"
    bool has_own_limits = false;
    limit_settings limits;       ///< `in_flight`, `queue` and `queue_timeout` count when `has_own_limits`
    bool has_own_rate = false;   ///< buckets of its own
    bool takes_uploads = false;  ///< at `path`, and below it
    upload_settings uploads;
};

/// What is served under some names.
struct site_settings {
    std::vector<endpoint> listen;    ///< addresses of its own; empty: those at the top
    std::vector<std::string> hosts;  ///< names that `Host` may have (`*.example.org` too); loopback names
                                     ///< always count as the default site's
    delivery_settings delivery;
    named_values redirects;  ///< path pattern to target
    named_values rewrites;   ///< path pattern to the path that is served in its place
    connect_settings connect;
    std::vector<route_settings> routes;
    bool has_own_limits = false;  ///< as in a route; routes without limits of their own share them
    limit_settings limits;
    bool has_own_rate = false;  ///< as in a route
};

/// Every setting of the program. This is the reference: names equal the keys of the file, defaults stand
/// here.
struct settings {
    std::vector<endpoint> listen{{"127.0.0.1", 8080}, {"::1", 8080}};
    unsigned threads = 0;                      ///< I/O threads; 0 is one per processor
    bool defer_accept = true;                  ///< TCP_DEFER_ACCEPT: wake only when the first bytes are there
    std::string congestion_control = "auto";   ///< "auto", "system" or the name of an algorithm of the kernel
    std::vector<std::string> trusted_proxies;  ///< networks whose word about their clients counts
    fairlead::config::proxy_field proxy_field = proxy_field::automatic;
    std::string mime_types;            ///< file of media types; empty: `resources/mime.types` as installed
    site_settings site;                ///< the keys at the top of the file: the default site
    std::vector<site_settings> sites;  ///< further ones, told apart by Host
    std::uint64_t compression_cache = 32 << 20;  ///< bytes of compressed files that are kept in memory
    upload_settings uploads;
    limit_settings limits;
    admin_settings admin;
    log_settings log;
};

}  // namespace fairlead::config
