#include "config/item_checks.hpp"
#include "config/named_checks.hpp"
#include "config/rows.hpp"

#include <array>

/// What is published, what answers say about it, in which coding, and to scripts of which origins.
namespace fairlead::config {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

constexpr std::array type_presets{"web"sv, "strict"sv};

template <auto Member>
constexpr auto site() {
    return field_at<&settings::site, Member>();
}
template <auto Member>
constexpr auto compression() {
    return delivery<&delivery_settings::compression, Member>();
}
template <auto Member>
constexpr auto cors() {
    return delivery<&delivery_settings::cors, Member>();
}

using d = delivery_settings;
using c = compression_settings;
using o = cors_settings;

constexpr std::array rows{
    setting{"hosts", texts_kind{site<&site_settings::hosts>(), true, check_host, {}},
            "Names that `Host` may have, `*.example.org` for subdomains, `*` for all; loopback and listen "
            "addresses always count.",
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
            "which. An empty list is all that there is.",
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
};

}  // namespace

std::span<const setting> delivery_rows() noexcept { return rows; }

}  // namespace fairlead::config
