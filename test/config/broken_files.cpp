#include "given.hpp"

#include "config/table.hpp"

namespace fairlead::config {
namespace {

BOOST_AUTO_TEST_SUITE(broken_files)

BOOST_AUTO_TEST_CASE(every_error_of_a_file_is_told_in_one_run) {
    const std::string at = "/etc/fairlead/site.json:";
    given::must_refuse(
        R"({
  "listen": ["127.0.0.1", 7],
  "trheads": 3,
  "threads": "4",
  "root": 5,
  "uploads": { "max_body": "1x", "durability": "ful", "max_body": "1m" },
  "limits": { "connections": 0, "queue_timeout": 5 },
  "log": []
})",
        {
            at +
                R"(2:14: /listen/0: expected ADDR:PORT, one or a list ("127.0.0.1:8080", "[::1]:8080", "*:8080"), found the string "127.0.0.1"; add the port, for example "127.0.0.1:8080")",
            at +
                R"(2:27: /listen/1: expected ADDR:PORT, one or a list ("127.0.0.1:8080", "[::1]:8080", "*:8080"), found 7; each item is a string in quotes)",
            at + "3:3: /trheads: unknown key: did you mean /threads?",
            at +
                R"(4:14: /threads: expected a whole number from 0 to 256, found the string "4"; write the number without quotes)",
            at + "5:11: /root: expected a path, found 5",
            at +
                R"(6:28: /uploads/max_body: expected a size from 1 to 1024g (bytes, or "8k", "1m", "2g"), found the string "1x")",
            at +
                R"(6:48: /uploads/durability: expected "full" or "off", found the string "ful"; did you mean "full"?)",
            at + "6:55: /uploads/max_body: repeated key: it stands in line 6 already; remove one of the two",
            at + "7:30: /limits/connections: expected a whole number from 1 to 1000000, found 0",
            at +
                R"(7:50: /limits/queue_timeout: expected a time from 1ms to 1h ("500ms", "5s", "2m", "1h"), found 5; add the unit: "5s" is seconds, "5ms" milliseconds)",
            at + "8:10: /log: expected an object { } with level, format, file, status_interval, access, "
                 "success, failure, security, found an empty list",
        });
}

/// One wrong member of an object, and the message that follows its place.
struct wrong {
    std::string_view member;
    std::string message;
};

/// Those that may stand at the top of a file, in the order of the reference.
std::string all_keys() {
    std::string text;
    for (const auto key : keys_below("")) text.append(text.empty() ? "" : ", ").append(key);
    return text;
}

void check(const std::vector<wrong>& cases) {
    for (const auto& [member, message] : cases) {
        BOOST_TEST_CONTEXT(member) {
            const auto outcome = given::load_site(std::string("{").append(member).append("}"));
            const auto* errors = std::get_if<config_errors>(&outcome);
            BOOST_REQUIRE(errors);
            BOOST_REQUIRE_EQUAL(errors->size(), 1);
            BOOST_TEST(errors->front().pointer + ": " + errors->front().message == message);
        }
    }
}

BOOST_AUTO_TEST_CASE(unknown_keys_get_a_suggestion) {
    check({
        {R"("rot": "x")", "/rot: unknown key: did you mean /root?"},
        {R"("limit": {})", "/limit: unknown key: did you mean /limits?"},
        {R"("limits": {"conections": 1})",
         "/limits/conections: unknown key: did you mean /limits/connections?"},
        {R"("uploads": {"maxBody": 1})", "/uploads/maxBody: unknown key: did you mean /uploads/max_body?"},
        {R"("uploads": {"max-body": 1})", "/uploads/max-body: unknown key: did you mean /uploads/max_body?"},
        {R"("max_body": 1)", "/max_body: unknown key: did you mean /uploads/max_body?"},
        {R"("limits": {"threads": 1})", "/limits/threads: unknown key: did you mean /threads?"},
        {R"("limits.queue": 1)", "/limits.queue: unknown key: did you mean /limits/queue?"},
        {R"("log": {"access": {"zzzzzzz": 1}})",
         "/log/access/zzzzzzz: unknown key: allowed here are format, file"},
        {R"("a/b~c": 1)", "/a~1b~0c: unknown key: allowed here are " + all_keys()},
        {R"("": 1)", "/: unknown key: allowed here are " + all_keys()},
    });
}

BOOST_AUTO_TEST_CASE(wrong_types_say_what_is_allowed_and_what_was_found) {
    check({
        {R"("threads": null)", "/threads: expected a whole number from 0 to 256, found null"},
        {R"("threads": true)", "/threads: expected a whole number from 0 to 256, found true"},
        {R"("threads": 1.5)", "/threads: expected a whole number from 0 to 256, found 1.5"},
        {R"("threads": 257)", "/threads: expected a whole number from 0 to 256, found 257"},
        {R"("threads": -1)", "/threads: expected a whole number from 0 to 256, found -1"},
        {R"("threads": 99999999999999999999999)",
         "/threads: expected a whole number from 0 to 256, found 99999999999999999999999"},
        {R"("defer_accept": "true")", "/defer_accept: expected true or false, found the string \"true\""},
        {R"("defer_accept": 1)", "/defer_accept: expected true or false, found 1"},
        {R"("congestion_control": "")",
         "/congestion_control: expected auto, system or an algorithm of the kernel, found the string \"\"; "
         "write \"auto\", \"system\" or an algorithm of "
         "/proc/sys/net/ipv4/tcp_available_congestion_control"},
        {R"("root": "")", "/root: expected a path, found the string \"\""},
        {R"("root": "a\u0000b")",
         "/root: expected a path, found the string \"a\\u0000b\"; it has a control character"},
        {R"("root": {})", "/root: expected a path, found an object"},
        {R"("uploads": true)",
         "/uploads: expected an object { } with path, directory, accept, types, names, max_body, max_depth, "
         "max_parts, make_directories, digest, quota, min_free, idempotency_time, idempotency_keys, "
         "durability, serve, inside_root, found true"},
        {R"("uploads": {"accept": ["post"]})",
         "/uploads/accept/0: expected a list of strings, found the string \"post\"; write \"json\", \"raw\", "
         "\"form\", \"put\" or \"delete\""},
        {R"("listen": [])",
         "/listen: expected ADDR:PORT, one or a list (\"127.0.0.1:8080\", \"[::1]:8080\", \"*:8080\"), found "
         "an empty "
         "list; list at least one"},
        {R"("listen": ["a:1", "a:1"])",
         "/listen/1: expected ADDR:PORT, one or a list (\"127.0.0.1:8080\", \"[::1]:8080\", \"*:8080\"), "
         "found the "
         "string \"a:1\"; it is listed twice: remove one"},
        {R"("listen": 8080)",
         "/listen: expected ADDR:PORT, one or a list (\"127.0.0.1:8080\", \"[::1]:8080\", \"*:8080\"), found "
         "8080"},
        {R"("hosts": ["http://a"])",
         "/hosts/0: expected a list of strings, found the string \"http://a\"; write a name "
         "(\"www.example.org\"), "
         "\"*.example.org\", an address or \"*\", without scheme and path"},
        {R"("index": ["a/b"])",
         "/index/0: expected a list of strings, found the string \"a/b\"; write a file name without '/'"},
        {R"("types": "wep")",
         "/types: expected \"web\" or \"strict\", or a list of extensions ([\"html\", \"css\"]), found the "
         "string "
         "\"wep\"; did you mean \"web\"? One extension is written as a list: [\"wep\"]"},
        {R"("types": ["html", "web"])",
         "/types/1: expected \"web\" or \"strict\", or a list of extensions ([\"html\", \"css\"]), found the "
         "string "
         "\"web\"; a preset stands alone: write \"web\" and no list"},
        {R"("types": [".html"])",
         "/types/0: expected \"web\" or \"strict\", or a list of extensions ([\"html\", \"css\"]), found the "
         "string "
         "\".html\"; write the extension without the dot"},
        {R"("types": ["tar.gz"])",
         "/types/0: expected \"web\" or \"strict\", or a list of extensions ([\"html\", \"css\"]), found the "
         "string "
         "\"tar.gz\"; an extension has at most 16 letters, digits, '-', '_' or '+' (only what follows the "
         "last dot "
         "counts)"},
        {R"("types": [])",
         "/types: expected \"web\" or \"strict\", or a list of extensions ([\"html\", \"css\"]), found an "
         "empty list; "
         "list at least one"},
        {R"("fastcgi": {"servers": ["/run/php.sock"]})",
         "/fastcgi/servers/0: expected a list of strings, found the string \"/run/php.sock\"; write "
         "\"unix:\" in "
         "front of the path of a socket"},
        {R"("fastcgi": {"servers": ["unix:php.sock"]})",
         "/fastcgi/servers/0: expected a list of strings, found the string \"unix:php.sock\"; write the "
         "absolute "
         "path of the socket behind \"unix:\" (\"unix:/run/php/php-fpm.sock\")"},
        {R"("fastcgi": {"servers": ["9000"]})",
         "/fastcgi/servers/0: expected a list of strings, found the string \"9000\"; name the host, for "
         "example "
         "\"127.0.0.1:9000\""},
        {R"("fastcgi": {"servers": ["php:0"]})",
         "/fastcgi/servers/0: expected a list of strings, found the string \"php:0\"; the port must be a "
         "number "
         "from 1 to 65535"},
        {R"("fastcgi": {"servers": ["127.0.0.300:9000"]})",
         "/fastcgi/servers/0: expected a list of strings, found the string \"127.0.0.300:9000\"; "
         "\"127.0.0.300\" is no IPv4 address (four numbers from 0 to 255 with dots between them)"},
        {R"("fastcgi": {"servers": ["php:9000"], "extensions": []})",
         "/fastcgi/extensions: without an extension, and without fastcgi.script, nothing is a script; list "
         "one"},
        {R"("fastcgi": {"extensions": [""]})",
         "/fastcgi/extensions/0: expected a list of strings, found the string \"\"; a script has an "
         "extension, "
         "for example \"php\""},
        {R"("fastcgi": {"root": "html"})",
         "/fastcgi/root: expected an absolute path or \"\", found the string \"html\"; write an absolute "
         "path, as "
         "the application sees it"},
        {R"("fastcgi": {"root": "/var/../html"})",
         "/fastcgi/root: expected an absolute path or \"\", found the string \"/var/../html\"; no segment "
         "may be "
         "empty, \".\" or \"..\", and there is no slash at the end"},
        {R"("fastcgi": {"environment": {"HTTP_PROXY": "x"}})",
         "/fastcgi/environment/HTTP_PROXY: this variable tells of the request, so the server sets it itself; "
         "remove it"},
        {R"("fastcgi": {"environment": {"A=B": "x"}})",
         "/fastcgi/environment/A=B: the name of a variable has letters, digits and '_', and no digit in "
         "front"},
        {R"("connect": {"allow": ["http://a"]})",
         "/connect/allow/0: expected a list of strings, found the string \"http://a\"; a port is a number "
         "from "
         "1 to 65535, or a range from the lower to the higher"},
        {R"("connect": {"allow": ["a:443", "a b"]})",
         "/connect/allow/1: expected a list of strings, found the string \"a b\"; write HOST:PORT "
         "(\"db.example.org:5432\"), where HOST may be \"*.example.org\", an address (IPv6 in brackets) or "
         "\"*\", and PORT a list (\"443,8000-8099\")"},
        {R"("connect": {"allow": ["127.1:22"]})",
         "/connect/allow/0: expected a list of strings, found the string \"127.1:22\"; an address has four "
         "decimal numbers (\"192.0.2.1\")"},
        {R"("connect": {"tunnels": 0})",
         "/connect/tunnels: expected a whole number from 1 to 1000000, found 0"},
        {R"("uploads": {"max_body": 0})",
         "/uploads/max_body: expected a size from 1 to 1024g (bytes, or \"8k\", \"1m\", \"2g\"), found 0"},
        {R"("uploads": {"path": "upload"})",
         "/uploads/path: expected a request path or \"\", found the string \"upload\"; it must begin with "
         "'/' and name "
         "something, as \"/upload\" does"},
        {R"("uploads": {"path": "/livez"})",
         "/uploads/path: expected a request path or \"\", found the string \"/livez\"; this path belongs to "
         "the health "
         "checks"},
        {R"("uploads": {"path": "/a/../b"})",
         "/uploads/path: expected a request path or \"\", found the string \"/a/../b\"; no segment may be "
         "empty or "
         "begin with '.', and the path must not end in '/'"},
        {R"("uploads": {"path": "/a%20b"})",
         "/uploads/path: expected a request path or \"\", found the string \"/a%20b\"; use letters, digits "
         "and "
         "-._~!$&'()*+,;=:@/ only (no escapes, query or fragment)"},
        {R"("limits": {"idle_timeout": "30"})",
         "/limits/idle_timeout: expected a time from 100ms to 24h (\"500ms\", \"5s\", \"2m\", \"1h\"), found "
         "the string "
         "\"30\"; add the unit: \"30s\" is seconds, \"30ms\" milliseconds"},
        {R"("limits": {"retry_after": "999ms"})",
         "/limits/retry_after: expected a time from 1s to 1h (\"500ms\", \"5s\", \"2m\", \"1h\"), found the "
         "string "
         "\"999ms\""},
        {R"("log": {"level": "warning"})",
         "/log/level: expected \"debug\", \"info\", \"warn\" or \"error\", found the string \"warning\""},
        {R"("log": {"level": "Warn"})",
         "/log/level: expected \"debug\", \"info\", \"warn\" or \"error\", found the string \"Warn\"; did "
         "you mean "
         "\"warn\"?"},
        {R"("$schema": 5)", "/$schema: expected a string, found 5"},
    });
}

BOOST_AUTO_TEST_CASE(a_document_that_is_no_object_is_refused) {
    given::must_refuse("[1]", {"/etc/fairlead/site.json:1:1: expected an object { }, found a list"});
    given::must_refuse("// x\n \"y\"",
                       {"/etc/fairlead/site.json:2:2: expected an object { }, found the string \"y\""});
}

BOOST_AUTO_TEST_CASE(long_values_are_shortened_in_messages) {
    const auto errors =
        given::errors_of(given::load_site("{\"defer_accept\": \"" + std::string(5000, 'x') + "\"}"));
    BOOST_REQUIRE_EQUAL(errors.size(), 1);
    BOOST_TEST(errors[0].size() < 200);
}

BOOST_AUTO_TEST_CASE(an_error_is_one_line_whatever_the_key_is) {
    given::must_refuse(
        R"({"a\u001b[2J\n\"b\"": 1})",
        {R"(/etc/fairlead/site.json:1:2: /a\u001b[2J\n\"b\": unknown key: allowed here are )" + all_keys()});
}

BOOST_AUTO_TEST_CASE(scripts_are_named_by_extension_and_program) {
    check({
        {R"("cgi": {"programs": {"": "/bin/sh"}})",
         "/cgi/programs/: files without an extension cannot be told from others: name one"},
        {R"("cgi": {"programs": {"php": "php-cgi"}})",
         R"(/cgi/programs/php: write the whole path of one program ("/usr/bin/php-cgi"), or "" for files that are programs themselves)"},
        {R"("cgi": {"environment": {"1A": "b"}})",
         "/cgi/environment/1A: the name of a variable has letters, digits and '_', and no digit "
         "in front"},
        {R"("cgi": {"environment": {"HTTP_HOST": "b"}})",
         "/cgi/environment/HTTP_HOST: this variable tells of the request, so the server sets it "
         "itself; remove it"},
        {R"("cgi": {"environment": {"A": "b\u0000c"}})",
         R"(/cgi/environment/A: expected an object of variables and values ({"APP_ENV": "production"}), found the string "b\u0000c"; it has a control character)"},
        {R"("cgi": {"processes": 0})", "/cgi/processes: expected a whole number from 1 to 10000, found 0"},
        {R"("cgi": {"cpu_time": "10ms"})",
         R"(/cgi/cpu_time: expected a time from 1s to 24h ("500ms", "5s", "2m", "1h"), found the string "10ms")"},
    });
}

BOOST_AUTO_TEST_CASE(repeated_keys_are_found_at_every_level_and_each_time) {
    const std::string at = "/etc/fairlead/site.json:";
    given::must_refuse(
        "{\"threads\": 1,\n\"log\": {},\n\"threads\": 2, \"threads\": 3,\n\"log\": {\"level\": \"?\"}}",
        {at + "3:1: /threads: repeated key: it stands in line 1 already; remove one of the two",
         at + "3:15: /threads: repeated key: it stands in line 1 already; remove one of the two",
         at + "4:1: /log: repeated key: it stands in line 2 already; remove one of the two"});
    given::must_refuse(
        "{\"log\": {\"access\": {\"file\": \"\", \"file\": \"\"}}}",
        {at + "1:33: /log/access/file: repeated key: it stands in line 1 already; remove one of the two"});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::config
