#include "config/item_checks.hpp"
#include "config/named_checks.hpp"
#include "config/rows.hpp"

#include <array>

/// Programs that answer in place of files: CGI and FastCGI.
namespace fairlead::config {
namespace {

using namespace std::chrono_literals;

template <auto Member>
constexpr auto cgi() {
    return delivery<&delivery_settings::cgi, Member>();
}
template <auto Member>
constexpr auto fastcgi() {
    return delivery<&delivery_settings::fastcgi, Member>();
}

using g = cgi_settings;
using f = fastcgi_settings;

constexpr std::array rows{
    setting{"cgi.programs",
            named_values_kind{cgi<&g::programs>(), check_programs, nullptr, false,
                              "an object of extensions and interpreters ({\"php\": \"/usr/bin/php-cgi\"})"},
            "Scripts by extension and what runs them: an absolute path, or \"\" for scripts that are "
            "programs themselves; `{}` is none.",
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
    setting{
        "cgi.request_buffer", size_kind{cgi<&g::request_buffer>(), 0, 1024 * gib},
        "So much of a body is taken in before a script starts; the rest is passed on as it comes. As much "
        "as `max_body`: always all of it.",
        R"("16m")", scope::route},
    setting{"cgi.processes", count_kind{cgi<&g::processes>(), 1, 10'000},
            "Scripts that run at once, for each route apart.", "4", scope::route},
    setting{
        "cgi.queue", count_kind{cgi<&g::queue>(), 0, many},
        "Requests that may wait for a place among them, for `limits.queue_timeout` at most; beyond that 503.",
        "200", scope::route},
    setting{"cgi.environment",
            named_values_kind{cgi<&g::environment>(), check_environment, nullptr, false,
                              "an object of variables and values ({\"APP_ENV\": \"production\"})"},
            "Variables for scripts beside those of RFC 3875; nothing of the server's own environment is "
            "passed on.",
            R"({"APP_ENV": "production"})", scope::route},
    setting{"cgi.authorization", boolean_kind{cgi<&g::authorization>()},
            "Whether scripts see the client's credentials (`HTTP_AUTHORIZATION`).", "true", scope::route},

    setting{"fastcgi.servers", texts_kind{fastcgi<&f::servers>(), true, check_fastcgi_server, {}},
            "Servers of one application, which take turns; one that cannot be reached is left out for a "
            "while. An empty list is no FastCGI.",
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
        "Requests that are with the application at once; beyond that the queue (`limits.queue`), then 503. "
        "Best as many as it has processes (`pm.max_children`): who waits keeps its turn here.",
        "8", scope::route},
    setting{"fastcgi.max_body", size_kind{fastcgi<&f::max_body>(), 0, 1024 * gib},
            "Most bytes of the body of a request to the application; above it 413.", R"("100m")",
            scope::route},
    setting{"fastcgi.request_buffer", size_kind{fastcgi<&f::request_buffer>(), 0, 1024 * gib},
            "So much of a body is taken in before the application is asked; the rest is passed on as it "
            "comes. As much as `max_body`: always all of it.",
            R"("16m")", scope::route},
    setting{"fastcgi.environment",
            named_values_kind{fastcgi<&f::environment>(), check_environment, nullptr, false,
                              "an object of variables and values ({\"APP_ENV\": \"production\"})"},
            "Variables that the application is given with each request, beside those of CGI.",
            R"({"APP_ENV": "production"})", scope::route},
    setting{
        "fastcgi.authorization", boolean_kind{fastcgi<&f::authorization>()},
        "Whether the application sees the client's credentials (`HTTP_AUTHORIZATION`), so that it can check "
        "passwords itself.",
        "true", scope::route},
};

}  // namespace

std::span<const setting> program_rows() noexcept { return rows; }

}  // namespace fairlead::config
