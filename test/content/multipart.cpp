#include "content/multipart.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace fairlead::content {
namespace {

using namespace std::literals;
using event = multipart_reader::event;

constexpr multipart_limits small{
    .max_parts = 3, .max_header_bytes = 256, .max_header_lines = 4, .max_name_bytes = 20};

/// What a body is, in one line: `[name file type digest|content]` for each part, an open bracket for one that
/// did not end, "." for the closing boundary, then what is wrong, or "complete".
struct transcript {
    std::string text;
    std::size_t data_bytes = 0;
    std::size_t steps = 0;

    void take(multipart_reader& reader, std::string_view piece) {
        for (;;) {
            const auto step = reader.feed(piece);
            BOOST_TEST_REQUIRE(step.consumed <= piece.size());
            piece.remove_prefix(step.consumed);
            ++steps;
            if (step.what == event::need_more) {
                BOOST_TEST_REQUIRE(piece.empty());
                return;
            }
            if (step.what == event::error) {
                BOOST_TEST_REQUIRE(!step.error.empty());
                return;
            }
            note(reader, step);
        }
    }

    void note(const multipart_reader& reader, const multipart_reader::step& step) {
        const auto& part = reader.part();
        if (step.what == event::part_begin)
            text += '[' + part.name + (part.filename ? " <" + *part.filename + '>' : "") +
                    (part.content_type.empty() ? "" : ' ' + part.content_type) +
                    (part.content_digest.empty() ? "" : ' ' + part.content_digest) + part.repr_digest + '|';
        if (step.what == event::data) {
            BOOST_TEST_REQUIRE(!step.data.empty());
            text.append(step.data.begin(), step.data.end());
            data_bytes += step.data.size();
        }
        if (step.what == event::part_end) text += ']';
        if (step.what == event::end) text += '.';
    }
};

/// Fed in pieces that end at `cuts`, in ascending order.
std::string read(std::string_view body, const std::vector<std::size_t>& cuts, std::string_view boundary) {
    multipart_reader reader(boundary, small);
    transcript all;
    std::size_t from = 0;
    for (const auto cut : cuts) {
        // A copy of the exact size lets the address sanitizer see a read past its end, or a later use.
        const std::vector<char> piece(body.begin() + static_cast<std::ptrdiff_t>(from),
                                      body.begin() + static_cast<std::ptrdiff_t>(cut));
        all.take(reader, {piece.data(), piece.size()});
        from = cut;
    }
    const auto wrong = reader.finish();
    return all.text + ' ' + wrong.value_or("complete");
}

std::string read_whole(std::string_view body, std::string_view boundary = "b") {
    return read(body, {body.size()}, boundary);
}

std::string read_bytewise(std::string_view body, std::string_view boundary = "b") {
    std::vector<std::size_t> cuts;
    for (std::size_t at = 1; at <= body.size(); ++at) cuts.push_back(at);
    return read(body, cuts, boundary);
}

bool is_complete(std::string_view result) { return result.ends_with(" complete"); }

/// The same whatever the pieces: at once, byte by byte, and cut in two at each byte.
std::string read_in_all_ways(std::string_view body, std::string_view boundary = "b") {
    const auto whole = read_whole(body, boundary);
    BOOST_TEST(read_bytewise(body, boundary) == whole, body);
    for (std::size_t cut = 0; cut <= body.size(); ++cut)
        BOOST_TEST(read(body, {cut, body.size()}, boundary) == whole, body << " cut at " << cut);
    return whole;
}

constexpr auto a = "Content-Disposition: form-data; name=a\r\n"sv;

std::string part(std::string_view content) {
    return std::string("--b\r\n").append(a).append("\r\n").append(content).append("\r\n");
}

std::string headed(std::string_view lines) {
    return std::string("--b\r\n").append(lines).append("\r\nx\r\n--b--");
}

BOOST_AUTO_TEST_SUITE(multipart)

BOOST_AUTO_TEST_CASE(reads_boundaries) {
    struct {
        std::string type, boundary, words;
    } const rows[] = {
        {"multipart/form-data; boundary=b", "b", ""},
        {"multipart/form-data;BOUNDARY=\"b c\"", "b c", ""},
        {"multipart/form-data; charset=utf-8; boundary=----WebKitFormBoundary7MA",
         "----WebKitFormBoundary7MA", ""},
        {R"(multipart/form-data; boundary="'()+_,-./:=?")", "'()+_,-./:=?", ""},
        {R"(multipart/form-data; boundary="\b\c")", "bc", ""},
        {"multipart/form-data; boundary=" + std::string(70, 'b'), std::string(70, 'b'), ""},
        {"multipart/form-data", "", "has no boundary"},
        {"multipart/form-data; boundaries=b", "", "has no boundary"},
        {"multipart/form-data; boundary=" + std::string(71, 'b'), "", "1 to 70"},
        {"multipart/form-data; boundary=\"\"", "", "1 to 70"},
        {"multipart/form-data; boundary=\"b \"", "", "ends with a space"},
        {"multipart/form-data; boundary=b*b", "", "does not allow"},
        {"multipart/form-data; boundary=\"b\xC3\xA4\"", "", "does not allow"},
        {"multipart/form-data; boundary=\"b\\\"c\"", "", "does not allow"},
        {"multipart/form-data; boundary=\"b\r\nc\"", "", "does not allow"},
        {"multipart/form-data; boundary=\"b\tc\"", "", "does not allow"},
        {"multipart/form-data; boundary=\"b" + std::string(1, '\0') + "\"", "", "does not allow"},
        {"multipart/form-data; boundary=b; boundary=b", "", "more than one"},
        {"multipart/form-data; boundary=b; Boundary=c", "", "more than one"},
        {"multipart/form-data; boundary=b:c", "", "malformed"},
        {"multipart/form-data; boundary=", "", "malformed"},
        {"multipart/form-data; boundary=\"b", "", "malformed"},
        {"multipart/form-data boundary=b", "", "malformed"},
        {"", "", "malformed"},
    };
    for (const auto& row : rows) {
        const auto found = multipart_reader::boundary_of(row.type);
        BOOST_TEST_REQUIRE(found.has_value() == row.words.empty(), row.type);
        if (found)
            BOOST_TEST(*found == row.boundary, row.type);
        else
            BOOST_TEST(found.error().find(row.words) != std::string::npos, row.type << ": " << found.error());
    }
}

BOOST_AUTO_TEST_CASE(takes_forms_apart) {
    const std::string file =
        "--b\r\ncontent-disposition:form-data; name=\"f\"; filename=\"../x\"\r\nContent-Type: image/png; "
        "q=1\r\n"
        "Content-Digest: sha-256=:AA==:\r\nX-Other: y\r\n\r\n\x89PNG\r\n\0\r\n"s;
    struct {
        std::string body, expected;
    } const rows[] = {
        {part("x") + "--b--\r\n", "[a|x]. complete"},
        {part("x") + "--b--", "[a|x]. complete"},
        {part("x") + "--b-- \t\r\n", "[a|x]. complete"},
        {part("x") + "--b-- \t", "[a|x]. complete"},
        {part("x") + "--b--\r\nepilogue\n--b\r\n\r\n--b--\r\n--b--x\0"s, "[a|x]. complete"},
        {part("x") + part("yy") + part("") + "--b--\r\n", "[a|x][a|yy][a|]. complete"},
        {file + "--b--\r\n", "[f <../x> image/png; q=1 sha-256=:AA==:|\x89PNG\r\n\0]. complete"s},
        {"--b--", ". complete"},
        {"--b--\r\n", ". complete"},
        {"\r\n--b--\r\n", ". complete"},
        {"This is a preamble.\r\n--b\r\n" + std::string(a) + "\r\n\r\n--b--", "[a|]. complete"},
        {"--bb\r\nno --b\r\n" + part("x") + "--b--", "[a|x]. complete"},
        {std::string(1024, 'p') + "\r\n" + part("x") + "--b--", "[a|x]. complete"},
        {"--b \t \r\n" + std::string(a) + "\r\nx\r\n--b\t\r\n" + std::string(a) + "\r\ny\r\n--b--",
         "[a|x][a|y]. complete"},
        {"--b" + std::string(16, ' ') + "\r\n" + std::string(a) + "\r\nx\r\n--b--" + std::string(16, ' ') +
             "\r\n",
         "[a|x]. complete"},
        // A part without content needs no line end of its own (RFC 2046: the empty line belongs to both).
        {"--b\r\n" + std::string(a) + "\r\n--b--", "[a|]. complete"},
        {"--b\r\n" + std::string(a) + "\r\n--b\r\n" + std::string(a) + "\r\n\r\n--b--", "[a|][a|]. complete"},
        // What only looks like the boundary is content.
        {part("--bx") + "--b--", "[a|--bx]. complete"},
        {part("\r\n--bx\r\n--b-x\r\n--b -\r\n--b \t.") + "--b--",
         "[a|\r\n--bx\r\n--b-x\r\n--b -\r\n--b \t.]. complete"},
        {part("x--b\r\n\n--b\r\n\r--b\r\n-b\r\n--\r\n-") + "--b--",
         "[a|x--b\r\n\n--b\r\n\r--b\r\n-b\r\n--\r\n-]. complete"},
        {part("\r\n--B--\r\n--c--") + "--b--", "[a|\r\n--B--\r\n--c--]. complete"},
        {part("\r\r\n\n\r") + "--b--", "[a|\r\r\n\n\r]. complete"},
        {part("\r\n\r\n\r\n") + "--b--", "[a|\r\n\r\n\r\n]. complete"},
        {part("\r\n-\r\n--\r\r\n--b!\r") + "--b--", "[a|\r\n-\r\n--\r\r\n--b!\r]. complete"},
        {headed(std::string(a) + "Content-Transfer-Encoding: Binary\r\n"), "[a|x]. complete"},
        {headed(std::string(a) + "Content-Transfer-Encoding:8bit\r\n"), "[a|x]. complete"},
        {headed(std::string(a) + "Content-Transfer-Encoding: 7BIT \r\n"), "[a|x]. complete"},
        {headed("Content-Disposition: form-data; name=\"_charset_\"\r\n"), "[_charset_|x]. complete"},
        {headed("Content-Disposition: form-data; name=a; filename=\"\"\r\n"), "[a <>|x]. complete"},
        {headed("X:\r\nX:\r\nX: \xFF\r\n" + std::string(a)), "[a|x]. complete"},
    };
    for (const auto& row : rows) BOOST_TEST(read_in_all_ways(row.body) == row.expected, row.body);
}

BOOST_AUTO_TEST_CASE(knows_long_and_odd_boundaries) {
    for (const std::string& boundary : {std::string(70, '-'), "--"s, "-"s, "a b"s, "x--"s, "'()+_,-./:=?"s}) {
        const auto line = "--" + boundary;
        const auto near = "\r\n" + line.substr(0, line.size() - 1) + "!";
        const auto body =
            line + "\r\n" + std::string(a) + "\r\n" + near + "\r\n" + line + "+\r\n" + line + "--\r\n";
        BOOST_TEST(read_in_all_ways(body, boundary) == "[a|" + near + "\r\n" + line + "+]. complete",
                   boundary);
    }
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_form) {
    const auto disposition = std::string(a);
    struct {
        std::string body, expected;
    } const rows[] = {
        {"", " The body ends before"},
        {"x", " The body ends before"},
        {"--b", " The body ends before"},
        {"--b-", " The body ends before"},
        {"--c\r\n" + disposition + "\r\nx\r\n--c--\r\n", " The body ends before"},
        {part("x") + "--b", "[a|x The body ends before"},
        {part("x") + "--b-\r\n", "[a|x\r\n--b- The body ends before"},
        {part("x") + "--b\r\n", "[a|x] The body ends before"},
        {std::string(1025, 'p') + "\r\n" + part("x") + "--b--", " The body does not begin with the boundary"},
        {std::string(5000, '\r'), " The body does not begin with the boundary"},
        {"--b\n" + disposition + "\r\nx\r\n--b--", " A line with the boundary"},
        {"--b\rX", " A line with the boundary"},
        {"--b" + std::string(17, ' ') + "\r\n", " A line with the boundary"},
        {part("x\r\n--b\ny"), "[a|x A line with the boundary"},
        {part("x\r\n--b \ny"), "[a|x A line with the boundary"},
        {part("x\r\n--b\ry"), "[a|x A line with the boundary"},
        {part("x") + "--b--\n", "[a|x]. A line with the boundary"},
        {part("x") + "--b--\rx", "[a|x]. A line with the boundary"},
        {part("x") + "--b--\r", "[a|x]. The body ends before"},
        {part("x") + "--b--" + std::string(17, ' '), "[a|x]. A line with the boundary"},
        {part("x") + "--b--x\r\n", "[a|x]. The line of the closing boundary goes on"},
        {part("x") + "--b--\0"s, "[a|x]. The line of the closing boundary goes on"},
        {headed(""), " A part has no Content-Disposition"},
        {headed("X: y\r\n"), " A part has no Content-Disposition"},
        {headed(disposition + disposition), " A part has more than one Content-Disposition"},
        {headed("Content-Disposition: attachment; name=a\r\n"), " The Content-Disposition of a part is not"},
        {headed("Content-Disposition: form-data; name=a; filename*=UTF-8''..%2Fx\r\n"),
         " A Content-Disposition has filename*"},
        {headed("Content-Disposition: form-data; name=a;\r\n filename=x\r\n"),
         " A header line of a part is folded"},
        {headed(disposition + "\tfolded: x\r\n"), " A header line of a part is folded"},
        {headed(disposition + "X\r\n"), " A header line of a part has no colon"},
        {headed(disposition + ": x\r\n"), " A header line of a part has a malformed name"},
        {headed("Content-Disposition : form-data; name=a\r\n"),
         " A header line of a part has a malformed name"},
        {headed("X\0: y\r\n"s + disposition), " A header line of a part has a malformed name"},
        {headed("X: y\0z\r\n"s + disposition), " A header line of a part has a control byte"},
        {headed("X: y\rz\r\n" + disposition), " A header line of a part has a control byte"},
        {headed("X: y\r\r\n" + disposition), " A header line of a part has a control byte"},
        {headed("X: \x1B[2J\r\n" + disposition), " A header line of a part has a control byte"},
        {headed("X: y\n" + disposition), " A header line of a part does not end with CRLF"},
        {"--b\r\n" + disposition + "\nx\r\n--b--", " A header line of a part does not end with CRLF"},
        {"--b\r\n--b--", " The body ends before"},
        {"--b\r\n--b--\r\n", " A header line of a part has no colon"},
        {"--b\r\n--b\r\n", " A header line of a part has no colon"},
        {headed(disposition + "Content-Type: multipart/mixed; boundary=c\r\n"),
         " A part is multipart itself"},
        {headed(disposition + "Content-Type:MULTIPART/x\r\n"), " A part is multipart itself"},
        {headed(disposition + "Content-Type: image\r\n"), " The Content-Type of a part is malformed"},
        {headed(disposition + "Content-Type:\r\n"), " The Content-Type of a part is malformed"},
        {headed(disposition + "Content-Type: a/b\r\nContent-Type: a/b\r\n"),
         " A part has more than one Content-Type"},
        {headed(disposition + "Content-Transfer-Encoding: base64\r\n"),
         " A part has a Content-Transfer-Encoding"},
        {headed(disposition + "Content-Transfer-Encoding: quoted-printable\r\n"),
         " A part has a Content-Transfer"},
        {headed(disposition + "Content-Transfer-Encoding:\r\n"), " A part has a Content-Transfer-Encoding"},
        {headed(disposition + "Content-Digest: a=:AA==:\r\nContent-Digest: b=:AA==:\r\n"),
         " A part has more than one Content-Digest"},
    };
    for (const auto& row : rows) {
        const auto result = read_in_all_ways(row.body);
        BOOST_TEST(result.starts_with(row.expected), row.body << " gives " << result);
    }
}

BOOST_AUTO_TEST_CASE(limits_stand_where_they_say) {
    const auto disposition = std::string(a);
    const auto padded = [&](std::size_t bytes) {  // header lines of so many bytes, with the empty one
        return disposition + "X: " + std::string(bytes - disposition.size() - 7, 'x') + "\r\n";
    };
    const auto named = [](std::size_t name, std::size_t filename) {
        return "Content-Disposition: form-data; name=" + std::string(name, 'n') +
               "; filename=" + std::string(filename, 'f') + "\r\n";
    };
    struct {
        std::string body, words;
    } const rows[] = {
        {headed(padded(256)), "complete"},
        {headed(padded(257)), "more than 256 bytes"},
        {headed(padded(1000)), "more than 256 bytes"},
        {"--b\r\n" + std::string(257, 'x'), "more than 256 bytes"},
        {"--b\r\n" + std::string(256, 'x'), "ends before"},
        {headed(disposition + "X:\r\nX:\r\nX:\r\n"), "complete"},
        {headed(disposition + "X:\r\nX:\r\nX:\r\nX:\r\n"), "more than 4 header lines"},
        {headed(named(20, 20)), "complete"},
        {headed(named(21, 20)), "more than 20 bytes"},
        {headed(named(20, 21)), "more than 20 bytes"},
        {part("") + part("") + part("") + "--b--", "complete"},
        {part("") + part("") + part("") + part("") + "--b--", "limit of 3 (uploads.max_parts)"},
    };
    for (const auto& row : rows) {
        const auto result = read_in_all_ways(row.body);
        BOOST_TEST(result.find(row.words) != std::string::npos, row.body << " gives " << result);
    }
    // Counted for each part anew.
    BOOST_TEST(is_complete(
        read_whole("--b\r\n" + padded(256) + "\r\nx\r\n--b\r\n" + padded(256) + "\r\nx\r\n--b--")));
}

BOOST_AUTO_TEST_CASE(ten_thousand_parts_end_at_the_limit) {
    std::string flood;
    for (int i = 0; i < 10'000; ++i) flood += part("x");
    multipart_reader reader("b", {});
    transcript all;
    all.take(reader, flood);
    BOOST_TEST(std::count(all.text.begin(), all.text.end(), '[') == 100);
    BOOST_TEST(reader.finish().value_or("") ==
               "The form has more parts than the limit of 100 (uploads.max_parts).");
    // An error is final.
    const auto again = reader.feed(flood);
    BOOST_TEST((again.what == event::error));
    BOOST_TEST(again.consumed == 0u);
    BOOST_TEST(again.error == *reader.finish());
}

BOOST_AUTO_TEST_CASE(a_body_that_stops_early_is_never_complete) {
    const auto body = "p\r\n" + part("x\r\n--b-\r\n--bx") + part("") + "--b--";
    for (std::size_t size = 0; size < body.size(); ++size) {
        BOOST_TEST(!is_complete(read_whole(body.substr(0, size))), size);
        BOOST_TEST(!is_complete(read_bytewise(body.substr(0, size))), size);
    }
    BOOST_TEST(is_complete(read_whole(body)));
}

BOOST_AUTO_TEST_CASE(parts_do_not_inherit) {
    const auto body =
        "--b\r\nContent-Disposition: form-data; name=f; filename=x\r\nContent-Type: a/b\r\nContent-Digest: "
        "d\r\n\r\n1\r\n" +
        part("2") + "--b--";
    BOOST_TEST(read_in_all_ways(body) == "[f <x> a/b d|1][a|2]. complete");
}

/// Nothing is copied where the input can be pointed at, and there are few steps.
BOOST_AUTO_TEST_CASE(content_is_handed_out_in_place) {
    multipart_reader reader("b", {});
    transcript all;
    all.take(reader, "--b\r\n" + std::string(a) + "\r\nx");
    const std::string block(1 << 16, 'x');
    const auto step = reader.feed(block);
    BOOST_TEST((step.what == event::data));
    BOOST_TEST(step.consumed == block.size());
    BOOST_TEST((step.data.data() == block.data()));
    BOOST_TEST(step.data.size() == block.size());
    BOOST_TEST((reader.feed({}).what == event::need_more));
}

/// Near boundaries cost neither steps nor a second look.
BOOST_AUTO_TEST_CASE(floods_of_near_boundaries_are_large_spans) {
    const std::string boundary(70, 'a');
    for (const std::string& flood : {"\r\n--" + boundary + "b", "\r\n--" + boundary.substr(1) + "\r", "\r"s,
                                     "\r\n"s, "\r\n--" + boundary + " -"}) {
        std::string content;
        while (content.size() < 1 << 20) content += flood;
        multipart_reader reader(boundary, {});
        transcript all;
        all.take(reader, "--" + boundary + "\r\n" + std::string(a) + "\r\n");
        for (std::size_t at = 0; at < content.size(); at += 1 << 16)
            all.take(reader, std::string_view(content).substr(at, 1 << 16));
        all.take(reader, "\r\n--" + boundary + "--");
        BOOST_TEST(!reader.finish());
        BOOST_TEST(all.data_bytes == content.size());
        BOOST_TEST(all.steps < 100u);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::content
