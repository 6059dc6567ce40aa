#include "session/http1_reader.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <vector>

namespace fairlead::session {
namespace {

using state = head_scanner::state;

/// What a scanner says of bytes that arrive in pieces which end at `cuts`, and at the end.
struct verdict {
    state found = state::incomplete;
    std::size_t size = 0;  ///< of a complete head
    unsigned status = 0;   ///< of a refusal
    std::string detail;
    bool operator==(const verdict&) const = default;
};

std::ostream& operator<<(std::ostream& out, const verdict& v) {
    return out << static_cast<int>(v.found) << '/' << v.size << '/' << v.status << ' ' << v.detail;
}

verdict scan(std::string_view bytes, std::vector<std::size_t> cuts, std::size_t limit) {
    head_scanner scanner(limit);
    cuts.push_back(bytes.size());
    verdict now;
    for (const auto cut : cuts) {
        const std::vector<char> piece(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(cut));
        now.found = scanner.scan(piece);
        if (now.found == state::incomplete) continue;
        if (now.found == state::complete)
            now.size = scanner.head_size();
        else
            now.status = static_cast<unsigned>(scanner.refusal().status),
            now.detail = scanner.refusal().detail;
        if (now.found == state::refused) BOOST_TEST(scanner.refusal().close);
        break;
    }
    return now;
}

/// The verdict, after it has been checked that it does not depend on how the bytes arrive.
verdict scan_every_way(std::string_view bytes, std::size_t limit = 8192) {
    const auto whole = scan(bytes, {}, limit);
    std::vector<std::size_t> every;
    for (std::size_t i = 1; i < bytes.size(); ++i) every.push_back(i);
    BOOST_TEST_CONTEXT("of " << bytes) {
        BOOST_TEST(scan(bytes, every, limit) == whole);
        for (const auto cut : every)
            BOOST_TEST_CONTEXT("cut at " << cut) BOOST_TEST(scan(bytes, {cut}, limit) == whole);
    }
    return whole;
}

std::optional<http::problem> parse(std::string text, request_head& out) {
    static field_storage storage;
    static std::string kept;
    kept = std::move(text);
    return parse_head(kept, storage, out);
}

unsigned parse_status(const std::string& text) {
    request_head head;
    const auto refusal = parse(text, head);
    if (refusal) BOOST_TEST(refusal->close);
    return refusal ? static_cast<unsigned>(refusal->status) : 200;
}

BOOST_AUTO_TEST_SUITE(http1_reader)

BOOST_AUTO_TEST_CASE(every_split_gives_the_same_verdict) {
    const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    struct {
        std::string bytes;
        state found;
        unsigned status;
        std::size_t size;
    } const rows[] = {
        {get, state::complete, 0, get.size()},
        {get + "GET /next HTTP/1.1\r\n", state::complete, 0, get.size()},
        {get + "\n\n", state::complete, 0, get.size()},  // what follows a head is not its matter
        {"GET / HTTP/1.0\r\n\r\n", state::complete, 0, 18},
        {"\r\n" + get, state::complete, 0, get.size() + 2},
        {"\r\n\r\n\r\n\r\n" + get, state::complete, 0, get.size() + 8},
        {"\r\n\r\n\r\n\r\n\r\n" + get, state::refused, 400, 0},
        {"G", state::incomplete, 0, 0},
        {"\r", state::incomplete, 0, 0},
        {"\r" + get, state::refused, 400, 0},
        {"\r\n\r\n", state::incomplete, 0, 0},
        {"GET / HTTP/1.1\r\nHost: h\r\n", state::incomplete, 0, 0},
        {"GET / HTTP/1.1\r\nHost: h\r\n\r", state::incomplete, 0, 0},
        {"GET / HTTP/1.1\nHost: h\r\n\r\n", state::refused, 400, 0},
        {"GET / HTTP/1.1\r\nHost: h\n\r\n", state::refused, 400, 0},
        {"GET / HTTP/1.1\r\nHost: h\r\n\n", state::refused, 400, 0},
        {"\nGET / HTTP/1.1\r\n\r\n", state::refused, 400, 0},
        {"\r\n\nGET / HTTP/1.1\r\n\r\n", state::refused, 400, 0},
        {"\rGET / HTTP/1.1\n\r\n", state::refused, 400, 0},
        {"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", state::refused, 400, 0},
        {"GET / HTTP/1.1\r\nA: b\r\n\tc\r\n\r\n", state::refused, 400, 0},
        {"GET / HTTP/1.1\r\n A: b\r\n\r\n", state::refused, 400, 0},
        {" GET / HTTP/1.1\r\n\r\n", state::refused, 400, 0},
        {std::string("\x16\x03\x01\x02\x00\x01", 6), state::refused, 400, 0},
        {std::string("\0", 1), state::refused, 400, 0},
        {"\x80", state::refused, 400, 0},
        {"(", state::refused, 400, 0},
    };
    for (const auto& row : rows) {
        const auto verdict = scan_every_way(row.bytes);
        BOOST_TEST_CONTEXT("of " << row.bytes) {
            BOOST_TEST((verdict.found == row.found));
            BOOST_TEST(verdict.status == row.status);
            BOOST_TEST(verdict.size == row.size);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_limit_counts_every_byte_of_the_head) {
    const auto head_of = [](std::size_t size) {
        const std::string begin = "GET / HTTP/1.1\r\nA: ";
        return begin + std::string(size - begin.size() - 4, 'x') + "\r\n\r\n";
    };
    for (const std::size_t limit : {30u, 64u}) {
        BOOST_TEST((scan_every_way(head_of(limit), limit).found == state::complete));
        BOOST_TEST(scan_every_way(head_of(limit) + "GET / HTTP/1.1\r\n\r\n", limit).size == limit);
        BOOST_TEST(scan_every_way(head_of(limit + 1), limit).status == 431u);
        BOOST_TEST(scan_every_way(head_of(limit + 200), limit).status == 431u);
        BOOST_TEST(scan_every_way(head_of(limit + 1), limit).detail ==
                   "The request head is longer than the limit of " + std::to_string(limit) + " bytes.");
    }
}

BOOST_AUTO_TEST_CASE(a_request_line_beyond_the_limit_has_a_status_of_its_own) {
    const auto line_of = [](std::size_t size) {
        return "GET /" + std::string(size - 16, 'a') + " HTTP/1.1\r\n";
    };
    for (const std::size_t limit : {30u, 64u}) {
        BOOST_TEST((scan_every_way(line_of(limit), limit).found == state::incomplete));
        BOOST_TEST(scan_every_way(line_of(limit) + "\r\n", limit).status == 431u);
        BOOST_TEST(scan_every_way(line_of(limit + 2), limit).status == 414u);
        BOOST_TEST(scan_every_way(line_of(limit + 100), limit).status == 414u);
        // What stands beyond the limit changes nothing, whatever it is.
        for (const char* tail : {" fold", "\tfold", "\n", "\r\n", "A: b\r\n"})
            for (std::size_t size = limit - 1; size <= limit + 2; ++size) {
                const auto verdict = scan_every_way(line_of(size) + tail + "\r\n", limit);
                BOOST_TEST((verdict.found == state::refused));
            }
    }
}

BOOST_AUTO_TEST_CASE(a_scanner_knows_whether_a_head_has_begun) {
    head_scanner scanner(100);
    BOOST_TEST(!scanner.has_begun());
    BOOST_TEST((scanner.scan(std::string("\r\n")) == state::incomplete));
    BOOST_TEST(!scanner.has_begun());
    BOOST_TEST((scanner.scan(std::string("\r\nG")) == state::incomplete));
    BOOST_TEST(scanner.has_begun());
    scanner.reset();
    BOOST_TEST(!scanner.has_begun());
    BOOST_TEST((scanner.scan(std::string("GET / HTTP/1.0\r\n\r\n")) == state::complete));
}

BOOST_AUTO_TEST_CASE(parses_lines_as_they_stand) {
    request_head head;
    const auto refusal = parse(
        "\r\nPROPFIND /a%20b?x=1 HTTP/1.1\r\nHost:h\r\nX-Own:  \t a b \t\r\nEmpty:\r\nACCEPT: */*\r\n\r\n",
        head);
    BOOST_TEST_REQUIRE(!refusal.has_value());
    BOOST_TEST((head.method == http::verb::propfind));
    BOOST_TEST(head.method_text == "PROPFIND");
    BOOST_TEST(head.target == "/a%20b?x=1");
    BOOST_TEST(head.version_minor == 1u);
    BOOST_TEST_REQUIRE(head.fields.size() == 4u);
    const struct {
        http::field id;
        const char *name, *value;
    } rows[] = {{http::field::host, "Host", "h"},
                {http::field::unknown, "X-Own", "a b"},
                {http::field::unknown, "Empty", ""},
                {http::field::accept, "ACCEPT", "*/*"}};
    auto line = head.fields.begin();
    for (const auto& row : rows) {
        BOOST_TEST((line->id == row.id));
        BOOST_TEST(line->name == row.name);
        BOOST_TEST(line->value == row.value);
        ++line;
    }
}

BOOST_AUTO_TEST_CASE(versions) {
    struct {
        const char* version;
        unsigned status, minor;
    } const rows[] = {
        {"HTTP/1.1", 200, 1},  {"HTTP/1.0", 200, 0},  {"HTTP/1.2", 200, 1},  {"HTTP/1.9", 200, 1},
        {"HTTP/2.0", 505, 0},  {"HTTP/0.9", 505, 0},  {"HTTP/3.1", 505, 0},  {"HTTP/9.9", 505, 0},
        {"HTTP/1.10", 400, 0}, {"HTTP/1.", 400, 0},   {"HTTP/1", 400, 0},    {"HTTP/11", 400, 0},
        {"HTTP/a.1", 400, 0},  {"HTTP/1.a", 400, 0},  {"http/1.1", 400, 0},  {"HTTP 1.1", 400, 0},
        {"HTTP/1.1 ", 400, 0}, {"", 400, 0},          {"HTTPS/1.1", 400, 0}, {"x HTTP/1.1", 400, 0},
        {" HTTP/1.1", 400, 0}, {"HTTP/-1.1", 400, 0},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT("version " << row.version) {
            request_head head;
            const auto text = std::string("GET / ") + row.version + "\r\nHost: h\r\n\r\n";
            BOOST_TEST(parse_status(text) == row.status);
            if (row.status != 200) continue;
            BOOST_TEST_REQUIRE(!parse(text, head).has_value());
            BOOST_TEST(head.version_minor == row.minor);
        }
    }
    BOOST_TEST(parse_status("GET /\r\n\r\n") == 400u);
    BOOST_TEST(parse_status("G\r\n\r\n") == 400u);
}

BOOST_AUTO_TEST_CASE(refuses_what_two_readers_could_read_in_two_ways) {
    const std::string rows[] = {
        "Host : h\r\n", "Host\r\n",   ": h\r\n",      "A: b\rc\r\n",  std::string("A: b\0c\r\n", 8),
        "A\x80: b\r\n", "A b: c\r\n", "A: b\x7f\r\n", "A: b\x01\r\n",
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT("field " << row) {
            BOOST_TEST(parse_status("GET / HTTP/1.1\r\n" + row + "\r\n") == 400u);
        }
    }
    for (const std::string line : {"GE T / HTTP/1.1", "GET  / HTTP/1.1", "GET /a b HTTP/1.1",
                                   "GET\t/ HTTP/1.1", "G(T / HTTP/1.1", "GET / HTTP/1.1\rX"})
        BOOST_TEST_CONTEXT("line " << line) {
            BOOST_TEST(parse_status(line + "\r\nHost: h\r\n\r\n") == 400u);
        }
}

BOOST_AUTO_TEST_CASE(the_number_of_field_lines_is_limited) {
    const auto with_lines = [](std::size_t count) {
        std::string text = "GET / HTTP/1.1\r\n";
        for (std::size_t i = 0; i < count; ++i) text += "A: b\r\n";
        return text + "\r\n";
    };
    request_head head;
    BOOST_TEST_REQUIRE(!parse(with_lines(256), head).has_value());
    BOOST_TEST(head.fields.size() == 256u);
    BOOST_TEST(parse_status(with_lines(257)) == 431u);
    BOOST_TEST(parse(with_lines(257), head)->detail == "More than 256 field lines.");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::session
