// What happens to a file while it is sent: the head has announced one version of it.
#include "session/http1_session.hpp"

#include "requests.hpp"
#include "support/answers.hpp"
#include "support/session_fixture.hpp"

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

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::session
