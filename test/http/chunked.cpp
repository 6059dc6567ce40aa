#include "http/chunked.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::string_literals;

struct decoded {
    std::string content;
    std::size_t consumed = 0;
    bool is_done = false;
    error_code error;
};

/// Decodes `text` in pieces of `piece` bytes into an output of `room` bytes at a time.
decoded decode(std::string_view text, std::size_t piece, std::size_t room) {
    chunked_decoder decoder;
    decoded all;
    std::vector<char> out(room);
    while (all.consumed < text.size() && !decoder.is_done()) {
        const auto in = text.substr(all.consumed, piece);
        const auto step = decoder.decode(in, out);
        if (!step) {
            all.error = step.error();
            return all;
        }
        all.content.append(out.data(), step->produced);
        all.consumed += step->consumed;
        BOOST_TEST_REQUIRE(step->consumed > 0u);
    }
    all.is_done = decoder.is_done();
    BOOST_TEST(decoder.produced() == all.content.size());
    return all;
}

BOOST_AUTO_TEST_SUITE(chunked)

BOOST_AUTO_TEST_CASE(decodes_at_every_split) {
    struct {
        std::string text, content;
    } const rows[] = {
        {"0\r\n\r\n", ""},
        {"000\r\n\r\n", ""},
        {"5\r\n[1,2]\r\n0\r\n\r\n", "[1,2]"},
        {"2\r\n[1\r\n3\r\n,2]\r\n0\r\n\r\n", "[1,2]"},
        {"0005\r\n[1,2]\r\n000\r\n\r\n", "[1,2]"},
        {"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"},
        {"5;ext=value\r\n[1,2]\r\n0\r\n\r\n", "[1,2]"},
        {"5;a\r\n[1,2]\r\n0;b;c=d\r\n\r\n", "[1,2]"},
        {"5 ; a = b ; c\r\n[1,2]\r\n0\r\n\r\n", "[1,2]"},
        {"5\t;\ta\t=\t\"x\" ;b\r\n[1,2]\r\n0\r\n\r\n", "[1,2]"},
        {"5;a=\"q;\\\"\\\\\xFF\t\";b=c\r\n[1,2]\r\n0\r\n\r\n", "[1,2]"},
        {"5;a=\"\"\r\n\r\n\r\n0\r\n0\r\n\r\n", "\r\n\r\n0"},
        {"1\r\nx\r\n0\r\nX-T: 1\r\nHost: evil\r\nE:\r\n\r\n", "x"},
        {"1\r\n\0\r\n0\r\n\r\n"s, "\0"s},
    };
    for (const auto& row : rows) {
        for (std::size_t piece = 1; piece <= row.text.size(); ++piece) {
            for (const std::size_t room : {1, 2, 3, 64}) {
                const auto got = decode(row.text + "GET /", piece, room);
                BOOST_TEST_CONTEXT(row.text << " in " << piece << " into " << room) {
                    BOOST_TEST(!got.error);
                    BOOST_TEST(got.is_done);
                    BOOST_TEST((got.content == row.content));
                    BOOST_TEST(got.consumed == row.text.size());
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(refuses_broken_framing) {
    const std::string rows[] = {
        "\r\n[1,2]\r\n0\r\n\r\n",
        " 5\r\n[1,2]",
        "5 \r\n[1,2]",
        "0x5\r\n[1,2]",
        "0_5\r\n[1,2]",
        "5xyz\r\n[1,2]",
        "size\r\n",
        "-1\r\n",
        "+5\r\n",
        "5,5\r\n",
        "5\n[1,2]\r\n0\r\n\r\n",
        "5\r\r;ABCD\r\n[1,2]",
        "5\rX",
        "5;\r\n[1,2]",
        "5;;a\r\n",
        "5; \r\n",
        "5;a=\r\n",
        "5;a= \r\n",
        "5;a =\r\n",
        "5;a \r\n",
        "5;a=b \r\n",
        "5;a b\r\n",
        "5;bad[=x\r\n",
        "5;=x\r\n",
        "5;a==b\r\n",
        "5;a=b=c\r\n",
        "5;a=b c\r\n",
        "5;a=\"b\"c\r\n",
        "5;a=\"b\r\n",
        "5;a=\"\n\"\r\n",
        "5;a=\"\0\"\r\n"s,
        "5;a=\"\\\n\"\r\n",
        "5;a=\"\\\r\"\r\n",
        "5;a\nb\r\n",
        "5;a\n[1,2]\r\n0\r\n\r\n",
        "5\r\n[1,2]0\r\n\r\n",
        "5\r\n[1,2]!!\r\n0\r\n\r\n",
        "5\r\n[1,2]XX0\r\n\r\n",
        "5\r\n[1,2]\n0\r\n\r\n",
        "5\r\n[1,2]\rX0\r\n\r\n",
        "0\r\n\n",
        "0\n\r\n",
        "0\r\n\rX",
        "0\r\n X: y\r\n\r\n",
        "0\r\nX : y\r\n\r\n",
        "0\r\nX\r\n\r\n",
        "0\r\n: y\r\n\r\n",
        "0\r\nX@Y: z\r\n\r\n",
        "0\r\nX: y\n\r\n",
        "0\r\nX: y\rZ\r\n\r\n",
        "0\r\nX: y\r\n folded\r\n\r\n",
        "0\r\nX: a\0b\r\n\r\n"s,
        "0\r\nX: a\x7f\r\n\r\n",
        "10000000000000000\r\n",
        "FFFFFFFFFFFFFFFFF\r\n",
        std::string(65, '0') + "\r\n\r\n",
    };
    for (const auto& text : rows) {
        for (const std::size_t piece : {std::size_t{1}, text.size()}) {
            const auto got = decode(text, piece, 64);
            BOOST_TEST((got.error == errc::bad_framing), text << " in pieces of " << piece);
            BOOST_TEST(!got.is_done);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_truncated_body_is_never_done) {
    const std::string text = "5;a=\"b\"\r\n[1,2]\r\n0\r\nX: y\r\n\r\n";
    for (std::size_t size = 0; size < text.size(); ++size) {
        const auto got = decode(std::string_view(text).substr(0, size), text.size(), 64);
        BOOST_TEST(!got.error);
        BOOST_TEST(!got.is_done, size);
    }
}

BOOST_AUTO_TEST_CASE(bounds_what_it_throws_away) {
    const auto with_extension = [](std::size_t bytes) {
        return "1;" + std::string(bytes - 1, 'a') + "\r\nx\r\n0\r\n\r\n";
    };
    const auto limit = chunked_decoder::max_extension_bytes;
    BOOST_TEST(decode(with_extension(limit), 1000, 64).is_done);
    BOOST_TEST((decode(with_extension(limit + 1), 1000, 64).error == errc::too_large));
    BOOST_TEST((decode("1;a=\"" + std::string(limit, 'x') + "\"\r\n", 1000, 64).error == errc::too_large));

    std::string many;
    for (std::size_t bytes = 0; bytes <= limit; bytes += 2) many += "1;a\r\nx\r\n";
    BOOST_TEST((decode(many + "0\r\n\r\n", 1000, 64).error == errc::too_large));

    const auto with_trailer = [](std::size_t bytes) {
        return "0\r\nX:" + std::string(bytes - 4, 'a') + "\r\n\r\n";
    };
    const auto most = chunked_decoder::max_trailer_bytes;
    BOOST_TEST(decode(with_trailer(most), 1000, 64).is_done);
    BOOST_TEST((decode(with_trailer(most + 1), 1000, 64).error == errc::too_large));
}

BOOST_AUTO_TEST_CASE(keeps_the_trailer_section_apart) {
    const struct {
        const char* section;
        std::vector<std::pair<std::string, std::string>> lines;
    } cases[] = {
        {"", {}},
        {"A:\r\n", {{"A", ""}}},
        {"Content-Digest: sha-256=:AA==:\r\n", {{"Content-Digest", "sha-256=:AA==:"}}},
        {"a: \t1:2 \t\r\nb:c d\r\na:\xFF\r\n", {{"a", "1:2"}, {"b", "c d"}, {"a", "\xFF"}}},
    };
    for (const auto& each : cases) {
        BOOST_TEST_CONTEXT(each.section) {
            for (const std::size_t piece : {1, 3, 1000}) {
                chunked_decoder decoder;
                const auto text = "2\r\nhi\r\n0\r\n" + std::string(each.section) + "\r\n";
                char out[8];
                std::size_t used = 0;
                while (used < text.size())
                    used +=
                        decoder
                            .decode(std::span(text).subspan(used, std::min(piece, text.size() - used)), out)
                            .value()
                            .consumed;
                BOOST_TEST(decoder.is_done());
                BOOST_TEST(decoder.trailer() == each.section);
                std::vector<std::pair<std::string, std::string>> lines;
                for (const auto& line : lines_of_trailer(decoder.trailer()))
                    lines.emplace_back(line.name, line.value);
                BOOST_TEST((lines == each.lines));
            }
        }
    }
    BOOST_TEST((lines_of_trailer("content-type:x\r\n").front().id == field::content_type));
}

BOOST_AUTO_TEST_CASE(stays_failed_and_stays_done) {
    chunked_decoder failed;
    char out[8];
    BOOST_TEST(!failed.decode(std::string_view("x"), out).has_value());
    BOOST_TEST(!failed.decode(std::string_view("0\r\n\r\n"), out).has_value());

    chunked_decoder done;
    BOOST_TEST(done.decode(std::string_view("0\r\n\r\nGET"), out)->consumed == 5u);
    BOOST_TEST(done.is_done());
    BOOST_TEST(done.decode(std::string_view("GET"), out)->consumed == 0u);
}

BOOST_AUTO_TEST_CASE(waits_for_room) {
    chunked_decoder decoder;
    const auto none = decoder.decode(std::string_view("3\r\nabc\r\n0\r\n\r\n"), {});
    BOOST_TEST(none->consumed == 3u);
    BOOST_TEST(none->produced == 0u);
    char out[3];
    const auto rest = decoder.decode(std::string_view("abc\r\n0\r\n\r\n"), out);
    BOOST_TEST(rest->produced == 3u);
    BOOST_TEST(decoder.is_done());
}

BOOST_AUTO_TEST_CASE(decodes_in_place) {
    std::string text = "3;a=b\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n";
    chunked_decoder decoder;
    const auto step = decoder.decode(text, text);
    BOOST_TEST(text.substr(0, step->produced) == "abcdefg");
    BOOST_TEST(decoder.is_done());
}

BOOST_AUTO_TEST_CASE(the_largest_size_is_read) {
    chunked_decoder decoder;
    char out[4];
    const auto step = decoder.decode(std::string_view("ffffffffffffffff\r\nabcd"), out);
    BOOST_TEST_REQUIRE(step.has_value());
    BOOST_TEST(step->produced == 4u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
