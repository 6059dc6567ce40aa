#include "site/site.hpp"

#include "support/session_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <optional>
#include <stdexcept>

namespace fairlead::site {
namespace {

using namespace test;

/// A request as the session would hand it over; keeps what it views.
struct asked {
    asked(http::verb method, std::string target, std::vector<http::field_view> lines = {})
        : target_(std::move(target)), lines_(std::move(lines)) {
        lines_.push_back({http::field::host, "Host", "localhost"});
        request.method = method;
        method_text_ = boost::beast::http::to_string(method);
        request.method_text = method_text_;
        request.target = target_;
        request.fields = http::field_table(lines_);
        request.authority = request.host_name = "localhost";
        request.id = "0123456789abcdef";
        request.peer.address = request.client.address = "192.0.2.7";
    }
    http::request request;

private:
    std::string target_, method_text_;
    std::vector<http::field_view> lines_;
};

/// The answer of a site that has to wait for nothing.
http::response answer_now(site& pages, http::request& request) {
    http::outcome outcome;
    BOOST_TEST_REQUIRE(pages.try_respond(request, outcome));
    return std::move(std::get<http::response>(outcome));
}

/// All that a client could see of an answer.
std::string seen(const http::response& answer) {
    auto text =
        std::to_string(static_cast<unsigned>(answer.status)) + (answer.close ? " close\n" : " keep\n");
    text.append(answer.prebuilt).append(answer.fields.text()).append("\n");
    if (const auto* own = std::get_if<std::string>(&answer.body)) text += *own;
    if (const auto* slice = std::get_if<http::memory_slice>(&answer.body)) text += slice->bytes;
    if (const auto* file = std::get_if<http::file_slice>(&answer.body)) {
        std::string content(file->length, '\0');
        if (file->memory) {
            content.assign(file->memory + file->offset, file->length);
        } else {
            const auto n =
                ::pread(file->fd, content.data(), content.size(), static_cast<off_t>(file->offset));
            BOOST_TEST(n == static_cast<ssize_t>(content.size()));
        }
        text += content;
    }
    return text;
}

BOOST_AUTO_TEST_SUITE(one_site)

BOOST_AUTO_TEST_CASE(two_paths_give_one_answer) {
    session_fixture server([](config::settings& settings) { settings.uploads.serve = true; });
    using http::field;
    using http::verb;
    struct {
        verb method;
        const char* target;
        std::vector<http::field_view> lines;
        unsigned status;
    } const rows[] = {
        {verb::get, "/", {}, 200},
        {verb::head, "/", {}, 200},
        {verb::get, "/middle.txt", {}, 200},
        {verb::get, "/large.txt?query", {}, 200},
        {verb::get, "/empty.txt", {}, 200},
        {verb::get, "/sub/../index.html", {}, 403},
        {verb::get, "/%69ndex.html", {}, 200},
        {verb::get, "http://localhost/", {}, 200},
        {verb::get, "/large.txt", {{field::range, "Range", "bytes=5-99999"}}, 206},
        {verb::get, "/middle.txt", {{field::range, "Range", "bytes=-7"}}, 206},
        {verb::get, "/middle.txt", {{field::range, "Range", "bytes=10000-"}}, 416},
        {verb::get, "/empty.txt", {{field::range, "Range", "bytes=0-0"}}, 416},
        {verb::get, "/", {{field::if_none_match, "If-None-Match", "*"}}, 304},
        {verb::get, "/", {{field::if_match, "If-Match", "\"other\""}}, 412},
        {verb::get,
         "/",
         {{field::if_modified_since, "If-Modified-Since", "Sun, 13 Sep 2020 12:26:40 GMT"}},
         304},
        {verb::get, "/sub", {}, 301},
        {verb::get, "/sub?a=b", {}, 301},
        {verb::get, "/nothing.txt", {}, 404},
        {verb::get, "/nothing/", {}, 404},
        {verb::get, "/index.html/", {}, 404},
        {verb::get, "/.hidden", {}, 404},
        {verb::get, "/program.exe", {}, 415},
        {verb::get, "/no-extension", {}, 404},
        {verb::get, "/../../etc/passwd", {}, 403},
        {verb::get, "/%2e%2e/", {}, 403},
        {verb::get, "/%zz", {}, 400},
        {verb::put, "/", {}, 405},
        {verb::options, "/", {}, 204},
        {verb::options, "*", {}, 204},
        {verb::connect, "localhost:80", {}, 405},
        {verb::get, "/upload", {}, 405},
        {verb::get, "/uploads/nothing.json", {}, 404},
        {verb::get, "/livez", {}, 200},
        {verb::post, "/livez", {}, 405},
        {verb::get, "/readyz", {}, 200},
        {verb::get, "/nothing", {{field::accept, "Accept", "application/json"}}, 404},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.target) {
            asked first(row.method, row.target, row.lines);
            const auto waited = run_task(server.context, server.pages.respond(first.request));
            BOOST_TEST(static_cast<unsigned>(waited.status) == row.status);
            // What was opened a moment ago needs no disk: the short path has to answer it. For what is not
            // there the kernel may have to be asked again.
            asked second(row.method, row.target, row.lines);
            http::outcome outcome;
            const bool is_answered = server.pages.try_respond(second.request, outcome);
            BOOST_TEST((is_answered || row.status == 404));
            if (!is_answered) continue;
            const auto& at_once = std::get<http::response>(outcome);
            const bool is_same = seen(at_once) == seen(waited);
            BOOST_TEST(is_same);
            if (!is_same) BOOST_TEST(seen(at_once).substr(0, 1000) == seen(waited).substr(0, 1000));
        }
    }
    BOOST_TEST(server.work.current().in_flight == 0u);
}

/// Answers with its name; fails when told to.
struct named_handler final : handlers::handler {
    named_handler(std::string own_name, bool fails_always = false)
        : name(std::move(own_name)), fails(fails_always) {}
    bool try_handle(http::request&, http::outcome& outcome) override {
        if (!fails) std::get<http::response>(outcome).body = name;
        return !fails;
    }
    task<http::outcome> handle(http::request& request) override {
        if (fails) throw std::runtime_error("secret reason");
        http::outcome outcome;
        try_handle(request, outcome);
        co_return outcome;
    }
    std::string name;
    bool fails;
};

/// Writes down when it was asked.
struct noting_step final : steps::step {
    noting_step(std::string own_name, std::string& notes_to, bool refuses_all = false)
        : name(std::move(own_name)), notes(notes_to), refuses(refuses_all) {}
    std::optional<http::outcome> before(http::request&) const override {
        notes += "+" + name;
        if (!refuses) return std::nullopt;
        http::problem refusal;
        refusal.status = http::status::forbidden;
        return refusal;
    }
    void after(const http::request&, http::response& answer) const override {
        notes += "-" + name;
        answer.fields.add("X-Step", name);
    }
    std::string name;
    std::string& notes;
    bool refuses;
};

/// One site with one part, for every Host.
struct single {
    explicit single(telemetry::log& log) : log_(log) { made.parts.push_back(std::make_unique<part>()); }
    void add(router::match kind, std::string path, std::shared_ptr<handlers::handler> target) {
        made.routes.add(kind, std::move(path), std::move(target), *made.parts.front());
    }
    site build() { return {http::host_table(), {std::make_shared<named_site>(std::move(made))}, log_}; }
    named_site made;

private:
    telemetry::log& log_;
};

/// The body of the answer, and its status when that is not 200.
std::string text_of(const http::response& answer) {
    if (answer.status != http::status::ok) return std::to_string(static_cast<unsigned>(answer.status));
    return std::get<std::string>(answer.body);
}

BOOST_AUTO_TEST_CASE(the_longest_route_wins_and_an_exact_one_before_all) {
    telemetry::log log;
    single one_part(log);
    const auto add = [&one_part](router::match kind, const char* path) {
        one_part.add(kind, path, std::make_shared<named_handler>(path));
    };
    add(router::match::prefix, "/");
    add(router::match::prefix, "/a/b/");
    add(router::match::exact, "/a/b/exact");
    add(router::match::prefix, "/a/");
    auto pages = one_part.build();
    for (const auto& [target, expected] :
         std::vector<std::pair<std::string, std::string>>{{"/", "/"},
                                                          {"/x", "/"},
                                                          {"/a", "/"},
                                                          {"/a/", "/a/"},
                                                          {"/a/x", "/a/"},
                                                          {"/a/b", "/a/"},
                                                          {"/a/b/", "/a/b/"},
                                                          {"/a/b/exact", "/a/b/exact"},
                                                          {"/a/b/exact/x", "/a/b/"},
                                                          {"/a/./b/x", "/a/b/"}}) {
        asked one(http::verb::get, target);
        const auto answer = answer_now(pages, one.request);
        BOOST_TEST(text_of(answer) == expected);
    }
    asked nowhere(http::verb::options, "*");
    const auto answer = answer_now(pages, nowhere.request);
    BOOST_TEST(text_of(answer) == "404");
}

BOOST_AUTO_TEST_CASE(steps_are_asked_in_order_and_add_their_fields_to_every_answer) {
    std::string notes;
    telemetry::log log;
    for (const bool refuses : {false, true}) {
        single one_part(log);
        one_part.add(router::match::prefix, "/", std::make_shared<named_handler>("handler"));
        auto& all = one_part.made.parts.front()->steps;
        all.push_back(std::make_unique<noting_step>("1", notes));
        all.push_back(std::make_unique<noting_step>("2", notes, refuses));
        all.push_back(std::make_unique<noting_step>("3", notes));
        auto pages = one_part.build();
        notes.clear();
        asked one(http::verb::get, "/");
        const auto answer = answer_now(pages, one.request);
        BOOST_TEST(text_of(answer) == (refuses ? "403" : "handler"));
        BOOST_TEST(notes == (refuses ? "+1+2-3-2-1" : "+1+2+3-3-2-1"));
        BOOST_TEST(answer.fields.get("X-Step") == "3");
    }
}

/// Cannot decide about one path at once.
struct waiting_step final : steps::step {
    explicit waiting_step(std::string& notes_to, bool throws_always = false)
        : notes(notes_to), throws(throws_always) {}
    std::optional<http::outcome> before(http::request&) const override {
        notes += "+now";
        return std::nullopt;
    }
    bool has_to_wait(const http::request& request) const override { return request.path == "/slow"; }
    task<std::optional<http::outcome>> before_waiting(http::request& request) const override {
        notes += "+waited";
        if (throws) throw std::runtime_error("secret reason");
        request.user = "ann";
        co_return std::nullopt;
    }
    std::string& notes;
    bool throws;
};

BOOST_AUTO_TEST_CASE(a_step_that_has_to_wait_is_awaited_in_its_place) {
    std::string notes;
    telemetry::log log;
    single one_part(log);
    one_part.add(router::match::prefix, "/", std::make_shared<named_handler>("handler"));
    auto& all = one_part.made.parts.front()->steps;
    all.push_back(std::make_unique<noting_step>("1", notes));
    all.push_back(std::make_unique<waiting_step>(notes));
    all.push_back(std::make_unique<noting_step>("3", notes));
    auto pages = one_part.build();
    boost::asio::io_context context;

    asked quick(http::verb::get, "/quick");
    (void)answer_now(pages, quick.request);
    BOOST_TEST(notes == "+1+now+3-3-1");

    notes.clear();
    asked slow(http::verb::get, "/slow");
    http::outcome outcome;
    BOOST_TEST(!pages.try_respond(slow.request, outcome));
    BOOST_TEST(notes == "+1");  // and nothing behind it
    notes.clear();
    const auto answer = run_task(context, pages.respond(slow.request));
    BOOST_TEST(text_of(answer) == "handler");
    BOOST_TEST(notes == "+1+waited+3-3-1");
    BOOST_TEST(slow.request.user == "ann");
}

BOOST_AUTO_TEST_CASE(a_step_that_throws_lets_nobody_pass) {
    std::string notes;
    std::vector<std::string> lines;
    telemetry::log log(lines);
    single one_part(log);
    one_part.add(router::match::prefix, "/", std::make_shared<named_handler>("handler"));
    one_part.made.parts.front()->steps.push_back(std::make_unique<waiting_step>(notes, true));
    auto pages = one_part.build();
    boost::asio::io_context context;
    asked slow(http::verb::get, "/slow");
    const auto answer = run_task(context, pages.respond(slow.request));
    BOOST_TEST(text_of(answer) == "500");
    BOOST_TEST(std::get<std::string>(answer.body).find("secret") == std::string::npos);
    BOOST_TEST_REQUIRE(!lines.empty());
    BOOST_TEST(lines.front().find("secret reason") != std::string::npos);
}

/// Gives one length or none, and some bytes, in pieces.
struct made_of_pieces final : handlers::handler {
    made_of_pieces(std::vector<std::string> parts, std::optional<std::uint64_t> announced)
        : pieces(std::move(parts)), length(announced) {}
    struct source final : http::body_reader {
        source(std::vector<std::string> parts, std::shared_ptr<std::size_t> count)
            : pieces(std::move(parts)), reads(std::move(count)) {}
        task<result<std::size_t>> read_some(std::span<char> buffer) override {
            ++*reads;
            if (next == pieces.size()) co_return std::size_t{0};
            const auto& piece = pieces[next++];
            std::copy(piece.begin(), piece.end(), buffer.begin());
            co_return piece.size();
        }
        std::int64_t length() const noexcept override { return -1; }
        std::vector<std::string> pieces;
        std::shared_ptr<std::size_t> reads;
        std::size_t next = 0;
    };
    bool try_handle(http::request&, http::outcome&) override { return false; }
    task<http::outcome> handle(http::request&) override {
        http::response answer;
        answer.body = http::stream_body{std::make_unique<source>(pieces, reads), length};
        co_return answer;
    }
    std::vector<std::string> pieces;
    std::optional<std::uint64_t> length;
    std::shared_ptr<std::size_t> reads = std::make_shared<std::size_t>(0);  ///< how often it was asked
};

BOOST_AUTO_TEST_CASE(a_made_body_of_known_length_needs_no_chunks) {
    const struct {
        std::vector<std::string> pieces;
        std::uint64_t length;
        std::string_view sent;
        bool goes_on;
        std::size_t reads;  // once more behind the last byte, so that the source can come to its end
    } rows[] = {
        {{"hello ", "world"}, 11, "hello world", true, 3},
        {{"hello ", "world"}, 8, "hello wo", true, 3},  // what is too long is cut
        {{"hello ", "world"}, 6, "hello ", true, 2},
        {{"hello ", "world"}, 12, "hello world", false, 3},  // too short: the connection ends as a failure
        {{}, 0, "", true, 1},
        {{}, 1, "", false, 1},
    };
    for (const auto& row : rows) {
        for (const bool is_old_client : {false, true}) {
            telemetry::log log;
            single one_part(log);
            one_part.add(router::match::prefix, "/", std::make_shared<named_handler>("next"));
            const auto made = std::make_shared<made_of_pieces>(row.pieces, row.length);
            one_part.add(router::match::exact, "/made", made);
            auto pages = one_part.build();
            session_fixture around;
            auto& own = around.shared;
            session::environment shared{own.limits,  pages,           own.connections,     own.addresses,
                                        own.watches, own.metrics,     own.access_log,      own.log,
                                        own.disk,    own.is_draining, own.keep_alive_lines};
            const std::string version =
                is_old_client ? " HTTP/1.0\r\nConnection: keep-alive\r\n" : " HTTP/1.1\r\n";
            memory_stream stream("GET /made" + version + "Host: localhost\r\n\r\nGET /" + version +
                                 "Host: localhost\r\n\r\n");
            {
                session::watch deadline(around.watches, stream);
                const http::peer_info peer{"192.0.2.7", 50412};
                session::http1_session served(stream, shared, deadline, peer);
                run_task(around.context, served.run(served.serve_ready()));
            }
            BOOST_TEST_CONTEXT(row.length << (is_old_client ? " old" : "")) {
                std::string_view rest = stream.outgoing;
                const auto head_end = rest.find("\r\n\r\n") + 4;
                const auto head = rest.substr(0, head_end);
                BOOST_TEST(head.find("Content-Length: " + std::to_string(row.length) + "\r\n") !=
                           std::string_view::npos);
                BOOST_TEST(head.find("Transfer-Encoding") == std::string_view::npos);
                rest.remove_prefix(head_end);
                BOOST_TEST(rest.substr(0, row.sent.size()) == row.sent);
                BOOST_TEST((rest.size() > row.sent.size()) == row.goes_on);  // the answer behind it
                BOOST_TEST(stream.is_reset == !row.goes_on);
                BOOST_TEST(*made->reads == row.reads);
                const auto line = around.access_lines.empty() ? std::string() : around.access_lines.front();
                BOOST_TEST(line.find("\" 200 " + std::to_string(row.sent.size()) + " ") != std::string::npos,
                           line);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_handler_that_throws_is_answered_and_logged) {
    std::vector<std::string> lines;
    telemetry::log log(lines);
    single one_part(log);
    one_part.add(router::match::prefix, "/", std::make_shared<named_handler>("", true));
    auto pages = one_part.build();
    asked one(http::verb::get, "/");
    const auto answer = run_task(pages.respond(one.request));
    BOOST_TEST((answer.status == http::status::internal_server_error));
    BOOST_TEST(answer.close);
    BOOST_TEST(seen(answer).find("secret reason") == std::string::npos);
    BOOST_TEST_REQUIRE(lines.size() == 1u);
    BOOST_TEST(lines[0].find(" error request 0123456789abcdef answered 500") != std::string::npos);
    BOOST_TEST(lines[0].find("secret reason") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(only_health_checks_pass_where_everything_else_is_shed) {
    session_fixture server;
    for (const auto& [target, is_health] : std::vector<std::pair<std::string, bool>>{{"/livez", true},
                                                                                     {"/readyz", true},
                                                                                     {"/healthz", true},
                                                                                     {"/", false},
                                                                                     {"/nothing", false},
                                                                                     {"/livez/", false},
                                                                                     {"/../livez", false}}) {
        asked one(http::verb::get, target);
        http::response answer;
        BOOST_TEST_CONTEXT(target)
        BOOST_TEST(server.pages.try_health(one.request, answer) == is_health);
    }
    server.is_draining = true;
    asked live(http::verb::get, "/livez"), ready(http::verb::get, "/readyz");
    http::response answer;
    BOOST_TEST_REQUIRE(server.pages.try_health(live.request, answer));
    BOOST_TEST((answer.status == http::status::ok));
    BOOST_TEST_REQUIRE(server.pages.try_health(ready.request, answer));
    BOOST_TEST((answer.status == http::status::service_unavailable));
}

BOOST_AUTO_TEST_CASE(attempts_are_told_to_the_log) {
    session_fixture server;
    for (const auto& [target, event] : std::vector<std::pair<std::string, std::string>>{
             {"/../etc/passwd", "traversal"}, {"http://evil.example/", "host"}}) {
        server.log_lines.clear();
        asked one(http::verb::get, target);
        const auto answer = answer_now(server.pages, one.request);
        BOOST_TEST((answer.status == http::status::forbidden));
        BOOST_TEST_REQUIRE(!server.log_lines.empty());
        BOOST_TEST(server.log_lines[0].find("security event=" + event +
                                            " client=192.0.2.7 peer=192.0.2.7 request_id=0123456789abcdef") !=
                   std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(connect_is_answered_where_destinations_are_listed) {
    const struct {
        std::vector<std::string> allow, methods;
        std::string target;
        unsigned status;  // 0: it has to wait
        std::string_view allowed = {};
    } rows[] = {
        {{}, {}, "example.org:443", 405, "GET, HEAD, POST, OPTIONS"},
        {{"example.org"}, {}, "example.org:443", 0},
        {{"example.org"}, {"GET", "CONNECT"}, "example.org:443", 0},
        {{"example.org"}, {"GET"}, "example.org:443", 405, "GET, HEAD, OPTIONS"},
        {{"example.org"}, {"POST"}, "example.org:443", 405, "POST, OPTIONS"},
        {{"example.org"}, {}, "example.net:443", 403},
        {{"example.org"}, {}, "127.1:443", 400},
        {{"example.org"}, {}, "example.org", 400},
    };
    for (const auto& row : rows) {
        session_fixture server([&](config::settings& settings) {
            settings.site.connect.allow = row.allow;
            settings.site.delivery.methods = row.methods;
            settings.site.redirects = {{"/**", "301 /elsewhere/$1"}};
        });
        asked one(http::verb::connect, row.target);
        http::outcome outcome;
        const bool answers = server.shared.pages.try_respond(one.request, outcome);
        BOOST_TEST(answers == (row.status != 0), row.target);
        if (!answers) continue;
        const auto& answer = std::get<http::response>(outcome);
        BOOST_TEST(static_cast<unsigned>(answer.status) == row.status, row.target);
        BOOST_TEST(answer.fields.get("Allow") == row.allowed);
        BOOST_TEST(answer.close);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::site
