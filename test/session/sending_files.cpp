// What happens to a file while it is sent: the head has announced one version of it.
#include "session/http1_session.hpp"

#include "requests.hpp"
#include "support/answers.hpp"
#include "support/session_fixture.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <boost/test/unit_test.hpp>

#include <fstream>

namespace fairlead::session {
namespace {

using namespace test;

constexpr std::size_t file_size = 1'500'000;  // three slices

/// A download during which `change` happens, before the piece with that number is sent.
struct download {
    explicit download(std::size_t piece, std::function<void(const std::filesystem::path&)> change)
        : path(server.folder.write("www/download.txt", varied_bytes(file_size))),
          stream(get("/download.txt") + get("/")) {
        stream.write_limit = 100'000;
        stream.before_file = [this, piece, change, count = std::size_t{0}]() mutable {
            if (count++ == piece) change(path);
        };
        served = server.serve(stream);
    }
    /// What arrived of the file.
    std::string content() const { return served.bytes.substr(served.bytes.find("\r\n\r\n") + 4); }

    session_fixture server;
    std::filesystem::path path;
    memory_stream stream;
    session_fixture::outcome served;
};

BOOST_AUTO_TEST_SUITE(sending_files)

BOOST_AUTO_TEST_CASE(an_unchanged_file_is_sent_whole_and_the_connection_goes_on) {
    const download done(0, [](const auto&) {});
    const auto answers = all_answers(done.served.bytes);
    BOOST_TEST_REQUIRE(answers.size() == 2u);
    BOOST_TEST((answers[0].body == varied_bytes(file_size)));
    BOOST_TEST(answers[1].body == "<p>hello</p>\n");
}

BOOST_AUTO_TEST_CASE(a_file_of_a_time_beyond_64_bits_is_sent_whole) {
    session_fixture server;
    const auto path = server.folder.write("www/download.txt", varied_bytes(file_size));
    const timespec far[2] = {{13'569'465'600, 0}, {13'569'465'600, 0}};  // the year 2400
    BOOST_TEST_REQUIRE(::utimensat(AT_FDCWD, path.c_str(), far, 0) == 0);
    memory_stream stream(get("/download.txt"));
    BOOST_TEST((all_answers(server.serve(stream).bytes).at(0).body == varied_bytes(file_size)));
}

BOOST_AUTO_TEST_CASE(a_file_that_shrinks_ends_the_connection) {
    for (const std::size_t piece : {1u, 6u, 14u, 20u}) {
        const download cut(piece, [](const auto& path) { std::filesystem::resize_file(path, 100'001); });
        BOOST_TEST_CONTEXT("at piece " << piece) {
            BOOST_TEST((cut.served.end == step::leave));
            BOOST_TEST(cut.content().size() <
                       file_size);  // nothing stands in for what is missing, no second answer either
            BOOST_TEST(varied_bytes(file_size).starts_with(cut.content()));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_file_that_is_rewritten_in_place_is_never_completed) {
    const download cut(3, [](const auto& path) {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(file_size - 10);
        file << "overwrites";
    });
    BOOST_TEST((cut.served.end == step::leave));
    BOOST_TEST(cut.content().size() < file_size);
}

/// For as long as it lives, files that were just written are sent by copying.
struct copying {
    copying() { session_fixture::copied_for = std::chrono::hours(1); }
    ~copying() { session_fixture::copied_for = std::chrono::milliseconds(0); }
};

BOOST_AUTO_TEST_CASE(a_file_that_was_changed_lately_is_copied) {
    const copying all;
    session_fixture server;
    server.folder.write("www/download.txt", varied_bytes(file_size));
    for (const std::size_t limit : {SIZE_MAX, std::size_t{100'000}, std::size_t{7'777}}) {
        memory_stream stream(get("/download.txt") + get("/download.txt", "Range: bytes=9-1000008\r\n") +
                             get("/"));
        stream.write_limit = limit;
        stream.before_file = [] { BOOST_ERROR("sendfile was called"); };
        const auto answers = all_answers(server.serve(stream).bytes);
        BOOST_TEST_REQUIRE(answers.size() == 3u);
        BOOST_TEST((answers[0].body == varied_bytes(file_size)));
        BOOST_TEST((answers[1].body == varied_bytes(file_size).substr(9, 1'000'000)));
        BOOST_TEST(answers[2].body == "<p>hello</p>\n");
    }
}

BOOST_AUTO_TEST_CASE(a_copied_file_that_changes_is_never_completed) {
    const copying all;
    for (const std::size_t stall : {1'000u, 700'000u, 1'430'000u}) {
        session_fixture server;
        const auto path = server.folder.write("www/download.txt", varied_bytes(file_size));
        memory_stream stream(get("/download.txt") + get("/"));
        stream.stall_after = stall;
        stream.while_stalled = [&] {
            std::fstream(path, std::ios::in | std::ios::out | std::ios::binary) << "overwrites";
            stream.stall_after = SIZE_MAX;
        };
        const auto served = server.serve(stream);
        BOOST_TEST((served.end == step::leave));
        BOOST_TEST(served.bytes.size() - served.bytes.find("\r\n\r\n") - 4 < file_size);
    }
}

BOOST_AUTO_TEST_CASE(the_access_log_tells_what_has_gone) {
    session_fixture server;
    server.folder.write("www/download.txt", varied_bytes(file_size));
    memory_stream stream(get("/download.txt"));
    stream.write_limit = 100'000;
    stream.stall_after = 450'000;
    stream.while_stalled = [&] { stream.abort(net::byte_stream::abort_both); };
    const auto served = server.serve(stream);
    BOOST_TEST((served.end == step::leave));
    const auto content = served.bytes.size() - served.bytes.find("\r\n\r\n") - 4;
    BOOST_TEST_REQUIRE(server.access_lines.size() == 1u);
    BOOST_TEST(server.access_lines[0].find("\" 200 " + std::to_string(content) + " ") != std::string::npos,
               server.access_lines[0]);
}

BOOST_AUTO_TEST_CASE(the_access_log_tells_of_nothing_that_could_not_be_sent) {
    session_fixture server;
    server.folder.write("www/download.txt", varied_bytes(file_size));
    for (const auto* path : {"/download.txt", "/"}) {
        memory_stream stream(get(path));
        stream.before_file = [&] { stream.abort(net::byte_stream::abort_both); };
        if (path == std::string("/")) stream.abort(net::byte_stream::abort_both);
        BOOST_TEST((server.serve(stream).end == step::leave));
    }
    for (const auto& line : server.access_lines)
        BOOST_TEST(line.find("\" 200 0 ") != std::string::npos, line);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_replaced_is_sent_as_it_was_opened) {
    const download done(3, [](const auto& path) {
        std::ofstream(path.string() + ".new") << "another version";
        std::filesystem::rename(path.string() + ".new", path);
    });
    const auto answers = all_answers(done.served.bytes);
    BOOST_TEST_REQUIRE(answers.size() == 2u);
    BOOST_TEST((answers[0].body == varied_bytes(file_size)));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_removed_is_sent_as_it_was_opened) {
    const download done(3, [](const auto& path) { std::filesystem::remove(path); });
    BOOST_TEST(statuses(done.served.bytes) == "200 200");
}

BOOST_AUTO_TEST_CASE(several_ranges_arrive_whole_however_little_the_client_takes_at_a_time) {
    session_fixture server;
    for (const std::size_t size : {5'000u, 300'000u, 3'000'000u}) {
        const auto content = varied_bytes(size);
        const auto name = std::to_string(size) + ".txt";
        server.folder.write("www/" + name, content);
        const auto last = std::to_string(size - 1);
        for (const std::size_t write_limit : {SIZE_MAX, std::size_t{100'000}, std::size_t{33}}) {
            if (size / write_limit > 20'000) continue;
            memory_stream stream(
                get("/" + name, "Range: bytes=1000-2999,10-19,-" + std::to_string(size / 3) + "\r\n") +
                get("/"));
            stream.write_limit = write_limit;
            const auto answers = all_answers(server.serve(stream).bytes);
            BOOST_TEST_CONTEXT(size << " bytes, " << write_limit << " at a time") {
                BOOST_TEST_REQUIRE(answers.size() == 2u);
                BOOST_TEST(answers[0].status == 206u);
                BOOST_TEST(!answers[0].has_field("Content-Range"));
                const auto type = answers[0].field("Content-Type");
                BOOST_TEST_REQUIRE(type.starts_with("multipart/byteranges; boundary="));
                const auto line = "--" + std::string(type.substr(type.find('=') + 1));
                const auto part = [&](std::size_t from, std::size_t to) {
                    return line + "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes " +
                           std::to_string(from) + "-" + std::to_string(to) + "/" + std::to_string(size) +
                           "\r\n\r\n" + content.substr(from, to - from + 1) + "\r\n";
                };
                const auto expected =
                    part(1000, 2999) + part(10, 19) + part(size - size / 3, size - 1) + line + "--\r\n";
                BOOST_TEST((answers[0].body == expected));
                BOOST_TEST(answers[1].body == "<p>hello</p>\n");
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(short_bodies_share_a_segment_with_their_head_and_longer_ones_fill_theirs) {
    session_fixture server;
    server.folder.write("www/b.txt", varied_bytes(300'000));
    std::filesystem::resize_file(server.folder.write("www/c.txt", ""), 17'000'000);
    const struct {
        std::string request;
        bool paces;
        bool is_shared;
        bool is_full;
    } cases[] = {
        {get("/b.txt", "Range: bytes=0-65535\r\n"), false, true, false},
        {get("/b.txt", "Range: bytes=0-65536\r\n"), false, false, true},
        {get("/b.txt"), false, false, true},
        {get("/b.txt"), true, false, false},
        {get("/c.txt"), true, false, true},
    };
    using changes = std::vector<std::pair<std::size_t, bool>>;
    for (const auto& [request, paces, is_shared, is_full] : cases) {
        memory_stream stream(request);
        stream.paces = paces;
        (void)server.serve(stream);
        BOOST_TEST_CONTEXT(request << " paced: " << paces) {
            BOOST_TEST_REQUIRE(stream.more_followed.size() == 1u);
            BOOST_TEST(stream.more_followed[0] == is_shared);
            BOOST_TEST((stream.fill_changes ==
                        (is_full ? changes{{0, true}, {stream.outgoing.size(), false}} : changes{})));
        }
    }
}

BOOST_AUTO_TEST_CASE(the_end_of_a_connection_leaves_with_its_last_answer) {
    session_fixture server;
    const std::string closing = "Connection: close\r\n";
    const struct {
        std::string request;
        bool is_joined;
    } cases[] = {
        {get("/", closing), true},
        {request("HEAD /", closing), true},
        {get("/"), false},
        {get("/", closing) + "more", true},
        {get("/", closing) + std::string(100'000, 'x'), false},  // more than one read takes
        // Old clients send an empty line behind a body: unread, it would make the close a reset, and an
        // answer that is held back for the close would be lost.
        {post("[]", closing), false},
    };
    for (const auto& [sent, is_joined] : cases) {
        (void)server.serve(get("/"));  // a file that is not cached is answered later, from memory of its own
        memory_stream stream(sent);
        (void)server.serve(stream);
        BOOST_TEST_CONTEXT(sent) {
            BOOST_TEST_REQUIRE(stream.more_followed.size() == 1u);
            BOOST_TEST(stream.more_followed[0] == is_joined);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_client_that_takes_everything_at_once_lets_others_have_a_turn) {
    session_fixture server;
    server.folder.write("www/b.txt", varied_bytes(1'500'000));
    std::string requests;
    for (int i = 0; i < 9; ++i) requests += get("/b.txt");
    memory_stream stream(requests);
    BOOST_TEST(all_answers(server.serve(stream).bytes).size() == 9u);
    BOOST_TEST(stream.waits_for_room >= 2u);  // 13.5 MB at 4 MiB a turn
    BOOST_TEST(stream.waits_for_room <= 4u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::session
