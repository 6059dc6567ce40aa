#include "handlers/cgi.hpp"

#include "support/run_task.hpp"
#include "support/temp_dir.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <thread>

namespace fairlead::handlers {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// A body in memory.
class text_body final : public http::body_reader {
public:
    explicit text_body(std::string text, bool has_length = true)
        : text_(std::move(text)), length_(has_length ? static_cast<std::int64_t>(text_.size()) : -1) {}
    task<result<std::size_t>> read_some(std::span<char> buffer) override {
        const auto size = std::min(buffer.size(), text_.size());
        std::copy_n(text_.begin(), size, buffer.begin());
        text_.erase(0, size);
        co_return size;
    }
    std::int64_t length() const noexcept override { return length_; }

private:
    std::string text_;
    std::int64_t length_;
};

class fake_connection final : public http::connection_view {
public:
    bool has_left() const noexcept override { return left; }
    http::local_end local() const noexcept override { return {*ip_address::parse("192.0.2.1"), 8080}; }
    std::atomic<bool> left{false};
};

/// A folder of scripts, and a place to run them at.
struct scripts {
    scripts() { rules.root = root.path().string(); }
    ~scripts() {
        is_over = true;
        sweeper.join();
    }

    void write(const std::string& name, const std::string& text, mode_t mode = 0755) {
        root.write(name, "#!/bin/sh\n" + text);
        ::chmod((root / name).c_str(), mode);
    }

    struct answer {
        unsigned status = 0;
        std::string fields;
        std::string body;
        std::string detail;  ///< of a refusal, for the log
        std::string local;
        bool is_made = false;  ///< the body, while it is sent
        std::optional<std::uint64_t> announced;
        error_code failed;  ///< of the body
    };

    task<answer> ask(http::request& request, found_script script) {
        cgi runner(rules, {keeper, places, places, disk, deadlines, log});
        auto outcome = co_await runner.run(request, script);
        answer got;
        if (const auto* refusal = std::get_if<http::problem>(&outcome)) {
            got.status = static_cast<unsigned>(refusal->status);
            got.detail = refusal->log_detail;
            co_return got;
        }
        auto& response = std::get<http::response>(outcome);
        got.status = static_cast<unsigned>(response.status);
        got.fields = response.fields.text();
        got.local = response.local_location;
        if (const auto* text = std::get_if<std::string>(&response.body)) got.body = *text;
        if (auto* made = std::get_if<http::stream_body>(&response.body)) {
            got.is_made = true;
            got.announced = made->length;
            std::string piece(1000, '\0');
            while (request.method != http::verb::head) {
                const auto read = co_await made->source->read_some(piece);
                if (!read) got.failed = read.error();
                if (!read || *read == 0) break;
                got.body.append(piece, 0, *read);
            }
        }
        co_return got;
    }

    answer run(const std::string& text, http::verb method = http::verb::get,
               http::body_reader* body = nullptr) {
        write("a.cgi", text);
        return run_file("a.cgi", method, body);
    }

    answer run_file(const std::string& file, http::verb method = http::verb::get,
                    http::body_reader* body = nullptr) {
        http::request request;
        request.method = method;
        request.method_text = method == http::verb::head ? "HEAD" : (body ? "POST" : "GET");
        const auto target = "/" + file + "/info?a=b";
        request.target = target;
        request.query = "a=b";
        request.body = body;
        request.id = "id-1";
        request.connection = &connection;
        return test::run_task(context, ask(request, {"/" + file, "/info", file}));
    }

    bool is_logged(std::string_view part) const {
        return std::any_of(lines.begin(), lines.end(),
                           [&](const auto& line) { return line.find(part) != std::string::npos; });
    }

    /// True when no child is left soon.
    bool is_clean() const {
        for (const auto end = clock::now() + 10s; clock::now() < end; std::this_thread::sleep_for(5ms))
            if (keeper.size() == 0 && places.current().in_flight == 0 &&
                ::waitid(P_ALL, 0, nullptr, WEXITED | WNOHANG | WNOWAIT) == -1)
                return true;
        return false;
    }

    test::temp_dir root;
    cgi_rules rules{.programs = {{"cgi", ""}, {"sh", "/bin/sh"}, {"none", "/does/not/exist"}},
                    .root = {},
                    .environment = {{"OWN", "own value"}},
                    .timeout = 10s,
                    .cpu_time = 10s,
                    .memory = 0,
                    .max_output = 1 << 20,
                    .max_body = 1 << 20,
                    .retry_after = 1s};
    boost::asio::io_context context{1};
    boost::asio::thread_pool disk{2};
    telemetry::metrics metrics{8};
    std::vector<std::string> lines;
    telemetry::log log{lines};
    limits::work_limit places{2, 1, 300ms, metrics};
    script_keeper keeper{log};
    net::deadline_list deadlines;
    fake_connection connection;
    std::atomic<bool> is_over{false};
    std::thread sweeper{[this] {
        while (!is_over) {
            deadlines.sweep(clock::now());
            places.expire(clock::now());
            std::this_thread::sleep_for(10ms);
        }
    }};
};

const std::string plain = "echo 'Content-Type: text/plain'; echo; ";

BOOST_FIXTURE_TEST_SUITE(running_scripts, scripts)

BOOST_AUTO_TEST_CASE(answers_with_what_the_script_writes) {
    const auto got =
        run(plain + "echo \"$QUERY_STRING|$PATH_INFO|$SCRIPT_NAME|$SERVER_ADDR:$SERVER_PORT|$OWN|$PWD\"");
    BOOST_TEST(got.status == 200u);
    BOOST_TEST(got.fields == "Content-Type: text/plain\r\n");
    BOOST_TEST(got.body == "a=b|/info|/a.cgi|192.0.2.1:8080|own value|" + rules.root + "\n");
    BOOST_TEST(is_clean());
}

BOOST_AUTO_TEST_CASE(runs_by_an_interpreter_in_the_folder_of_the_script) {
    std::filesystem::create_directory(root / "sub");
    write("sub/b.sh", plain + "echo \"$0 $PWD\"", 0644);
    const auto path = rules.root + "/sub";
    BOOST_TEST(run_file("sub/b.sh").body == path + "/b.sh " + path + "\n");
}

BOOST_AUTO_TEST_CASE(gives_the_body_with_its_length) {
    for (const bool has_length : {true, false})
        for (const std::size_t size : {0ul, 1ul, 65'536ul, 65'537ul, 1'000'000ul}) {
            text_body body(std::string(size, 'x'), has_length);
            const auto got = run(plain + "echo $CONTENT_LENGTH; wc -c", http::verb::post, &body);
            BOOST_TEST(got.body == std::to_string(size) + "\n" + std::to_string(size) + "\n");
        }
    text_body large(std::string((1 << 20) + 1, 'x'), false);
    BOOST_TEST(run(plain, http::verb::post, &large).status == 413u);
    text_body announced(std::string((1 << 20) + 1, 'x'));
    BOOST_TEST(run(plain, http::verb::post, &announced).status == 413u);
}

BOOST_AUTO_TEST_CASE(needs_nobody_to_read_the_body) {
    text_body body(std::string(900'000, 'x'));
    BOOST_TEST(run(plain + "echo done", http::verb::post, &body).body == "done\n");
    // More than any socket holds, before the first byte of the body is read.
    text_body other(std::string(900'000, 'x'));
    const auto got = run(plain + "head -c 500000 /dev/zero; wc -c >&2", http::verb::post, &other);
    BOOST_TEST(got.body.size() == 500'000u);
    BOOST_TEST(is_logged("says: 900000"));
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_answer) {
    struct {
        const char* text;
        unsigned status;
        const char* reason;
    } const rows[] = {
        {"exit 0", 502, "the output is empty"},
        {"echo hello", 502, "no \"Name: value\""},
        {"echo 'A: b'; echo", 502, "no Content-Type"},
        {"echo 'Status: 200'; echo; echo text", 502, "the output has a body, but no Content-Type"},
        {"printf 'X: a\\rSet-Cookie: b\\n\\n'", 502, "control byte"},
        {"printf 'Content-Type: a/b\\n'", 502, "within its head"},
        {"kill -9 $$", 502, "signal 9 ended the script"},
        {"while :; do echo 'A: b'; done", 502, "more than 100 fields"},
        {"exec tr '\\0' x </dev/zero", 502, "longer than 32768 bytes"},
    };
    for (const auto& row : rows) {
        const auto got = run(row.text);
        BOOST_TEST(got.status == row.status, row.text << ": " << got.status);
        BOOST_TEST(got.detail.find(row.reason) != std::string::npos, row.text << ": " << got.detail);
    }
    BOOST_TEST(is_clean());
}

BOOST_AUTO_TEST_CASE(says_what_cannot_be_started) {
    write("b.cgi", plain, 0644);
    write("c.none", plain);
    BOOST_TEST(run_file("b.cgi").status == 500u);
    BOOST_TEST(run_file("b.cgi").detail.find("chmod +x") != std::string::npos);
    BOOST_TEST(run_file("c.none").status == 500u);
    BOOST_TEST(run_file("missing.cgi").status == 500u);
    std::filesystem::create_symlink("/bin/sh", root / "link.cgi");
    BOOST_TEST(run_file("link.cgi").status == 500u);
    BOOST_TEST(run_file("a.other").status == 500u);
    BOOST_TEST(places.current().in_flight == 0u);
}

BOOST_AUTO_TEST_CASE(knows_redirects) {
    BOOST_TEST(run("echo 'Location: /other?x'; echo").local == "/other?x");
    const auto away = run("echo 'Location: https://other.example/'; echo; echo 'not sent'");
    BOOST_TEST(away.status == 302u);
    BOOST_TEST(away.body == "");
}

BOOST_AUTO_TEST_CASE(sends_no_body_to_head) {
    const auto got = run("echo 'Content-Length: 6'; " + plain + "echo hello", http::verb::head);
    BOOST_TEST(got.status == 200u);
    BOOST_TEST(got.body == "");
    BOOST_TEST(got.announced.value() == 6u);
    BOOST_TEST(got.is_made);
    // Nothing is known of the length that GET would have, which is not none.
    const auto open = run(plain + "echo hello", http::verb::head);
    BOOST_TEST(open.status == 200u);
    BOOST_TEST(open.is_made);
    BOOST_TEST(!open.announced);
    const auto none = run("echo 'Status: 204'; echo", http::verb::head);
    BOOST_TEST(none.status == 204u);
    BOOST_TEST(!none.is_made);
    BOOST_TEST(is_clean());
}

BOOST_AUTO_TEST_CASE(keeps_the_limit_of_time) {
    rules.timeout = 200ms;
    BOOST_TEST(run("exec sleep 100").status == 504u);
    const auto cut = run(plain + "echo begun; exec sleep 100");
    BOOST_TEST(cut.status == 200u);
    BOOST_TEST(cut.body == "begun\n");
    BOOST_TEST((cut.failed == errc::timeout));
    BOOST_TEST(is_logged("was cut off after 200 ms (cgi.timeout)"));
    // Whoever takes no notice of SIGTERM is killed.
    BOOST_TEST(run("trap '' TERM; while :; do sleep 100; done").status == 504u);
    BOOST_TEST(is_clean());
}

BOOST_AUTO_TEST_CASE(keeps_the_limit_of_processor_time) {
    rules.cpu_time = 1s;
    BOOST_TEST(run("while :; do :; done").status == 504u);
    BOOST_TEST(is_logged("it used more than cgi.cpu_time"));
}

BOOST_AUTO_TEST_CASE(keeps_the_limit_of_output) {
    rules.max_output = 100'000;
    const auto got = run(plain + "exec cat /dev/zero");
    BOOST_TEST(got.body.size() < 100'000u);
    BOOST_TEST((got.failed == errc::too_large));
    BOOST_TEST(is_logged("more than 100000 bytes (cgi.max_output)"));
    BOOST_TEST(is_clean());
}

BOOST_AUTO_TEST_CASE(does_not_take_half_an_answer_for_a_whole_one) {
    const auto got = run(plain + "echo half; kill -9 $$");
    BOOST_TEST(got.body == "half\n");
    BOOST_TEST((got.failed == errc::end_of_stream));
}

BOOST_AUTO_TEST_CASE(leaves_nothing_of_a_script_that_forks_and_lingers) {
    const auto begin = clock::now();
    // With its output closed, with its output held open, and outside of its group.
    BOOST_TEST(run(plain + "echo one; sleep 1000 >/dev/null 2>&1 &").body == "one\n");
    BOOST_TEST(run(plain + "echo two; sleep 1000 &").body == "two\n");
    BOOST_TEST(run(plain + "echo three; setsid sleep 1000 >/dev/null 2>&1 &").body == "three\n");
    BOOST_TEST(run(plain + "echo four; setsid setsid -f sleep 1000 >/dev/null 2>&1").body == "four\n");
    BOOST_TEST(is_clean());
    BOOST_TEST((clock::now() - begin < 8s));
}

BOOST_AUTO_TEST_CASE(ends_when_the_client_has_left) {
    std::thread leaver([this] {
        std::this_thread::sleep_for(200ms);
        connection.left = true;
    });
    const auto got = run("exec sleep 1000");
    leaver.join();
    BOOST_TEST(got.status == 499u);
    BOOST_TEST(is_clean());
    BOOST_TEST(run(plain).status == 499u);  // not even started
}

BOOST_AUTO_TEST_CASE(lets_no_more_run_than_there_are_places) {
    {
        const auto first = test::run_task(context, places.acquire());
        const auto second = test::run_task(context, places.acquire());
        BOOST_TEST(run(plain).status == 503u);
    }
    BOOST_TEST(run(plain).status == 200u);
    BOOST_TEST(is_clean());
}

BOOST_AUTO_TEST_CASE(logs_what_a_script_complains_about) {
    run(plain + "echo 'a complaint' >&2; printf 'no\\033[31m end' >&2");
    BOOST_TEST(is_clean());
    BOOST_TEST(is_logged("script /a.cgi of request id-1 says: a complaint"));
    BOOST_TEST(is_logged("[31m end"));
    lines.clear();
    run(plain + "head -c 1000000 /dev/zero | tr '\\0' x >&2");
    BOOST_TEST(is_clean());
    std::size_t bytes = 0;
    for (const auto& line : lines) bytes += line.size();
    BOOST_TEST(bytes < 100'000u);
}

BOOST_AUTO_TEST_CASE(stops_all_at_once) {
    std::thread stopper([this] {
        std::this_thread::sleep_for(200ms);
        keeper.stop();
    });
    const auto got = run("trap '' TERM; while :; do sleep 100; done");
    stopper.join();
    BOOST_TEST(got.status == 502u);
    BOOST_TEST(is_clean());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::handlers
