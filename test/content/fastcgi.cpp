#include "content/fastcgi.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>
#include <vector>

namespace fairlead::content::fastcgi {
namespace {

using namespace std::literals;
using event = record_reader::event;

/// A record as an application sends it; every field may be wrong.
struct record {
    unsigned type;
    std::string content;
    std::string padding{};
    unsigned id = 1;
    unsigned version = 1;

    std::string text() const {
        const auto byte = [](std::size_t value) { return static_cast<char>(value & 0xFF); };
        std::string out{byte(version),
                        byte(type),
                        byte(id >> 8),
                        byte(id),
                        byte(content.size() >> 8),
                        byte(content.size()),
                        byte(padding.size()),
                        0};
        return out + content + padding;
    }
};

std::string text_of(const std::vector<record>& records) {
    std::string out;
    for (const auto& one : records) out += one.text();
    return out;
}

const record complete{3, "\0\0\0\0\0\0\0\0"s};

/// What a reader says, in one line: output, `<errors>`, then "end STATUS/PROTOCOL", what is wrong, or "open".
struct transcript {
    std::string text;
    std::string errors;

    void take(record_reader& reader, std::string_view piece) {
        for (;;) {
            const auto step = reader.feed(piece);
            BOOST_TEST_REQUIRE(step.consumed <= piece.size());
            piece.remove_prefix(step.consumed);
            if (step.what == event::need_more) {
                BOOST_TEST_REQUIRE(piece.empty());
                return;
            }
            if (step.what == event::error) {
                end = std::string(step.error);
                return;
            }
            if (step.what == event::end)
                end = "end " + std::to_string(reader.application_status()) + '/' +
                      std::to_string(static_cast<int>(reader.status()));
            else
                (step.what == event::output ? text : errors).append(step.data.begin(), step.data.end());
        }
    }
    std::string all() const { return text + (errors.empty() ? "" : '<' + errors + '>') + '|' + end; }

    std::string end = "open";
};

std::string read(std::string_view bytes, const std::vector<std::size_t>& cuts) {
    record_reader reader(1);
    transcript said;
    std::size_t from = 0;
    for (const auto cut : cuts) {
        // A copy of the exact size lets the address sanitizer see a read past its end.
        const std::vector<char> piece(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                                      bytes.begin() + static_cast<std::ptrdiff_t>(cut));
        said.take(reader, {piece.data(), piece.size()});
        from = cut;
    }
    return said.all();
}

struct reading {
    const char* name;
    std::string bytes;
    std::string expected;
};

const reading readings[] = {
    {"nothing", "", "|open"},
    {"an answer", text_of({{6, "Status: 200\r\n\r\nhello"}, complete}), "Status: 200\r\n\r\nhello|end 0/0"},
    {"in two records", text_of({{6, "hel"}, {6, "lo"}, complete}), "hello|end 0/0"},
    {"padded", text_of({{6, "hel", "\1\6\0\1\377"s}, {6, "lo", std::string(255, 'x')}, complete}),
     "hello|end 0/0"},
    {"a padded end", text_of({{6, "a"}, {3, complete.content, "1234567"}}), "a|end 0/0"},
    {"both streams ended by empty records", text_of({{6, "a"}, {6, ""}, {7, ""}, complete}), "a|end 0/0"},
    {"an empty record with padding", text_of({{6, "", "\7\7\7"}, {6, "a"}, complete}), "a|end 0/0"},
    {"standard error between", text_of({{6, "a"}, {7, "no\n"}, {6, "b"}, {7, "yes"}, complete}),
     "ab<no\nyes>|end 0/0"},
    {"an exit status", text_of({{3, "\0\0\1\2\0\0\0\0"s}}), "|end 258/0"},
    {"a large exit status", text_of({{3, "\377\377\377\376\0\0\0\0"s}}), "|end 4294967294/0"},
    {"refused as one too many", text_of({{3, "\0\0\0\0\1\0\0\0"s}}), "|end 0/1"},
    {"refused as overloaded", text_of({{3, "\0\0\0\0\2\0\0\0"s}}), "|end 0/2"},
    {"refused for its role", text_of({{3, "\0\0\0\0\3\0\0\0"s}}), "|end 0/3"},
    {"reserved bytes are not looked at", text_of({{3, "\0\0\0\0\0\1\2\3"s}}), "|end 0/0"},

    {"cut in the header", record{6, "hello"}.text().substr(0, 7), "|open"},
    {"cut in the content", record{6, "hello"}.text().substr(0, 10), "he|open"},
    {"cut in the padding", record{6, "hello", "123"}.text().substr(0, 14), "hello|open"},
    {"cut in the end", complete.text().substr(0, 15), "|open"},
    {"cut in the padding of the end", record{3, complete.content, "123"}.text().substr(0, 18), "|open"},

    {"version 0", text_of({{6, "a", "", 1, 0}}), "|a record has another version than 1"},
    {"version 2", text_of({{6, "a"}, {6, "b", "", 1, 2}}), "a|a record has another version than 1"},
    {"HTTP in its place", "HTTP/1.1 200 OK\r\n\r\n", "|a record has another version than 1"},
    {"another request", text_of({{6, "a", "", 2}}), "|a record belongs to another request"},
    {"request 257", text_of({{6, "a", "", 257}}), "|a record belongs to another request"},
    {"the end of another request", text_of({{6, "a"}, {3, complete.content, "", 2}}),
     "a|a record belongs to another request"},
    {"values that nobody asked for", text_of({{10, "\1\1ab", "", 0}}),
     "|a management record came, which answers what was not asked"},
    {"output of no request", text_of({{6, "a", "", 0}}),
     "|a management record came, which answers what was not asked"},
    {"a request", text_of({{1, "\0\1\0\0\0\0\0\0"s}}), "|a record has a type that no application may send"},
    {"standard input", text_of({{5, "a"}}), "|a record has a type that no application may send"},
    {"type 0", text_of({{0, "a"}}), "|a record has a type that no application may send"},
    {"type 255", text_of({{255, "a"}}), "|a record has a type that no application may send"},
    {"an end without content", text_of({{3, ""}}), "|END_REQUEST has another length than 8"},
    {"a short end", text_of({{3, "\0\0\0\0\0\0\0"s}}), "|END_REQUEST has another length than 8"},
    {"a long end", text_of({{3, std::string(9, '\0')}}), "|END_REQUEST has another length than 8"},
    {"a status that nobody knows", text_of({{3, "\0\0\0\0\4\0\0\0"s}}),
     "|END_REQUEST has a status that the protocol does not know"},
    {"output behind the end", text_of({{6, "a"}, complete, {6, "b"}}), "a|bytes came behind END_REQUEST"},
    {"two ends", text_of({complete, complete}), "|bytes came behind END_REQUEST"},
    {"one byte behind the end", complete.text() + "\1", "|bytes came behind END_REQUEST"},
};

BOOST_AUTO_TEST_SUITE(fastcgi)

BOOST_AUTO_TEST_CASE(records_of_an_application_whole_and_cut_anywhere) {
    for (const auto& one : readings) {
        BOOST_TEST_CONTEXT(one.name) {
            const auto size = one.bytes.size();
            BOOST_TEST(read(one.bytes, {size}) == one.expected);
            for (std::size_t cut = 0; cut <= size; ++cut)
                BOOST_TEST_REQUIRE(read(one.bytes, {cut, size}) == one.expected);
            std::vector<std::size_t> bytewise;
            for (std::size_t cut = 1; cut <= size; ++cut) bytewise.push_back(cut);
            BOOST_TEST(read(one.bytes, bytewise) == one.expected);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_largest_record) {
    const std::string content(most_content, 'x');
    const auto bytes = text_of({{6, content, std::string(255, 'p')}, complete});
    BOOST_TEST(read(bytes, {bytes.size()}) == content + "|end 0/0");
}

BOOST_AUTO_TEST_CASE(an_error_is_final) {
    record_reader reader(1);
    BOOST_TEST_REQUIRE((reader.feed("\2"s + std::string(7, '\0')).what == event::error));
    const auto good = complete.text();
    const auto again = reader.feed(good);
    BOOST_TEST((again.what == event::error));
    BOOST_TEST(again.error == "a record has another version than 1");
    BOOST_TEST(!reader.has_ended());
}

/// Takes the text of a head apart: the variables, and the sizes of the PARAMS records.
struct sent_head {
    std::vector<std::pair<std::string, std::string>> variables;
    std::vector<std::size_t> records;
};

std::size_t take_length(std::string_view& text) {
    const auto byte = [&](std::size_t at) {
        return static_cast<std::size_t>(static_cast<unsigned char>(text[at]));
    };
    if (byte(0) < 128) {
        const auto length = byte(0);
        text.remove_prefix(1);
        return length;
    }
    const auto length = (byte(0) & 0x7F) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3);
    text.remove_prefix(4);
    return length;
}

sent_head take_apart(std::string_view text) {
    sent_head all;
    BOOST_TEST_REQUIRE(text.substr(0, 8) == "\1\1\0\1\0\10\0\0"sv);
    text.remove_prefix(16);
    std::string pairs;
    while (!text.empty()) {
        BOOST_TEST_REQUIRE(text.size() >= 8u);
        BOOST_TEST_REQUIRE(text.substr(0, 4) == "\1\4\0\1"sv);
        BOOST_TEST_REQUIRE(text.substr(6, 2) == "\0\0"sv);
        const auto size = static_cast<std::size_t>(static_cast<unsigned char>(text[4])) << 8 |
                          static_cast<unsigned char>(text[5]);
        BOOST_TEST_REQUIRE(text.size() >= 8 + size);
        all.records.push_back(size);
        pairs += text.substr(8, size);
        text.remove_prefix(8 + size);
    }
    std::string_view rest = pairs;
    while (!rest.empty()) {
        const auto name = take_length(rest);
        const auto value = take_length(rest);
        BOOST_TEST_REQUIRE(rest.size() >= name + value);
        all.variables.emplace_back(rest.substr(0, name), rest.substr(name, value));
        rest.remove_prefix(name + value);
    }
    return all;
}

std::string empty_head(bool keep_connection) {
    std::string text;
    request_head(text, 1, keep_connection).finish(false);
    return text;
}

BOOST_AUTO_TEST_CASE(the_head_of_a_request_byte_by_byte) {
    std::string text = "what was in the memory before";
    request_head head(text, 1, true);
    head.add("A", "bc");
    head.add("LONG", std::string(128, 'v'));
    head.finish(false);
    BOOST_TEST(text ==
               "\1\1\0\1\0\10\0\0"s  // BEGIN_REQUEST
               "\0\1\1\0\0\0\0\0"    // responder, keep the connection
               "\1\4\0\1\0\216\0\0"  // PARAMS of 5 + 137 bytes
               "\1\2Abc\4\200\0\0\200LONG"s +
                   std::string(128, 'v') + "\1\4\0\1\0\0\0\0"s);
    BOOST_TEST(empty_head(false) == "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0\1\4\0\1\0\0\0\0"s);
    BOOST_TEST((header_of(record_type::params, 7, 0xABCD) ==
                record_header{1, 4, static_cast<char>(0xAB), static_cast<char>(0xCD), 0, 7, 0, 0}));
    BOOST_TEST(abort_request(1) == "\1\2\0\1\0\0\0\0"s);
    BOOST_TEST(
        (header_of(record_type::standard_input, 0x1234, 1) == record_header{1, 5, 0, 1, 0x12, 0x34, 0, 0}));
}

BOOST_AUTO_TEST_CASE(without_a_body_the_end_of_the_input_belongs_to_the_head) {
    std::string text;
    request_head(text, 1, true).finish(true);
    BOOST_TEST(text == empty_head(true) + "\1\5\0\1\0\0\0\0"s);
}

BOOST_AUTO_TEST_CASE(what_requests_have_in_common_is_added_as_if_it_were_added_each_time) {
    name_value_pairs common;
    common.add("A", "bc");
    BOOST_TEST(!common.add("B", "v\0"s));
    common.add("LONG", std::string(70'000, 'v'));
    std::string once;
    request_head first(once, 1, true);
    first.add("OWN", "1");
    first.add(common);
    first.finish(true);
    std::string again;
    request_head second(again, 1, true);
    second.add("OWN", "1");
    second.add("A", "bc");
    second.add("LONG", std::string(70'000, 'v'));
    second.finish(true);
    BOOST_TEST((once == again));
}

BOOST_AUTO_TEST_CASE(variables_of_every_size_arrive) {
    for (const std::size_t size : {0, 1, 126, 127, 128, 129, 255, 256, 65'520, 65'524, 65'525, 65'526, 65'535,
                                   65'536, 131'060, 131'061, 131'062, 200'000}) {
        BOOST_TEST_CONTEXT("a value of " << size << " bytes") {
            std::string text;
            request_head head(text, 1, true);
            const std::string value(size, 'v');
            head.add("FIRST", value);
            head.add("EMPTY", "");
            head.add("LAST", "1");
            head.finish(false);
            const auto got = take_apart(text);
            BOOST_TEST_REQUIRE(got.variables.size() == 3u);
            BOOST_TEST((got.variables[0] == std::pair("FIRST"s, value)));
            BOOST_TEST((got.variables[1] == std::pair("EMPTY"s, ""s)));
            BOOST_TEST((got.variables[2] == std::pair("LAST"s, "1"s)));
            // Only the last record is empty: an empty one ends the stream.
            BOOST_TEST(got.records.back() == 0u);
            for (std::size_t i = 0; i + 1 < got.records.size(); ++i) BOOST_TEST(got.records[i] > 0u);
        }
    }
}

BOOST_AUTO_TEST_CASE(what_programs_would_cut_is_not_added) {
    std::string text;
    request_head head(text, 1, false);
    BOOST_TEST(!head.add("A", "b\0c"s));
    head.finish(false);
    BOOST_TEST(text == empty_head(false));
}

BOOST_AUTO_TEST_CASE(long_names_have_long_lengths) {
    std::string text;
    request_head head(text, 1, false);
    head.add(std::string(300, 'n'), "v");
    head.finish(false);
    const auto got = take_apart(text);
    BOOST_TEST_REQUIRE(got.variables.size() == 1u);
    BOOST_TEST(got.variables[0].first == std::string(300, 'n'));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::content::fastcgi
