#include "http/content_coding.hpp"

#include "fields.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace fairlead::http {
namespace {

BOOST_AUTO_TEST_SUITE(content_codings)

constexpr content_coding all[] = {content_coding::br, content_coding::zstd, content_coding::gzip};

std::string_view text_of(std::optional<content_coding> choice) { return choice ? token(*choice) : "none"; }

std::string_view chosen(std::string_view value, std::span<const content_coding> available = all) {
    const test_fields fields{{field::accept_encoding, value}};
    return text_of(choose_coding(fields.table(), available));
}

BOOST_AUTO_TEST_CASE(has_the_names_of_the_registry) {
    BOOST_TEST(token(content_coding::identity) == "identity");
    BOOST_TEST(token(content_coding::gzip) == "gzip");
    BOOST_TEST(token(content_coding::br) == "br");
    BOOST_TEST(token(content_coding::zstd) == "zstd");
    BOOST_TEST(file_suffix(content_coding::identity) == "");
    BOOST_TEST(file_suffix(content_coding::gzip) == ".gz");
    BOOST_TEST(file_suffix(content_coding::br) == ".br");
    BOOST_TEST(file_suffix(content_coding::zstd) == ".zst");
}

BOOST_AUTO_TEST_CASE(chooses_by_quality_then_by_order) {
    struct {
        std::string_view value, coding;
    } const rows[] = {
        // What clients send.
        {"gzip, deflate, br, zstd", "br"},
        {"gzip, deflate, br", "br"},
        {"gzip, deflate", "gzip"},
        {"gzip,deflate", "gzip"},
        {"gzip", "gzip"},
        {"deflate, gzip, zstd", "zstd"},
        {"identity", "identity"},
        {"deflate", "identity"},
        {"compress;q=0.5, gzip;q=1.0", "gzip"},
        {"gzip;q=1.0, identity; q=0.5, *;q=0", "gzip"},
        // Nothing said.
        {"", "identity"},
        {",", "identity"},
        {" , ,\t, ", "identity"},
        // Qualities.
        {"br;q=0.4, zstd;q=0.5, gzip;q=0.3", "zstd"},
        {"br;q=0.5, zstd;q=0.5, gzip;q=0.5", "br"},
        {"gzip;q=0.5, br;q=0.499", "gzip"},
        {"gzip;q=0.001", "gzip"},
        {"gzip;q=0.000", "identity"},
        {"gzip;q=0, br;q=0, zstd;q=0", "identity"},
        {"br;q=1.000, zstd;q=1., gzip;q=1", "br"},
        {"br;q=0, gzip", "gzip"},
        // Names.
        {"GZIP", "gzip"},
        {"gZiP;Q=0.5, BR;q=0.6", "br"},
        {"ZSTD", "zstd"},
        {"x-gzip", "gzip"},
        {"X-GZip;q=0.2", "gzip"},
        {"gzip;q=0, x-gzip", "identity"},
        {"x-br, x-zstd, brotli, gzi, gzipp, zst, b, x-gzi", "identity"},
        {"gzip\xC3\xA9, \xFF\xFF", "identity"},
        // White space.
        {"  gzip  ", "gzip"},
        {"\tgzip\t;\tq=0.5\t,br ; q=0.4", "gzip"},
        {"gzip ;q=0.3,br ;q=0.2", "gzip"},
        // The first mention counts.
        {"gzip, gzip;q=0", "gzip"},
        {"gzip;q=0, gzip", "identity"},
        {"identity, identity;q=0", "identity"},
        {"*, *;q=0", "gzip"},
    };
    for (const auto& row : rows) BOOST_TEST(chosen(row.value) == row.coding, row.value);
}

BOOST_AUTO_TEST_CASE(knows_when_identity_is_wanted_or_refused) {
    struct {
        std::string_view value, coding;
    } const rows[] = {
        {"identity;q=1, gzip;q=0.9, br;q=0.9", "identity"},
        {"identity;q=0.5, gzip;q=0.5", "gzip"},
        {"identity;q=0.5, gzip;q=0.501", "gzip"},
        {"identity;q=0.001", "identity"},
        {"IDENTITY;q=0", "none"},
        {"identity;q=0", "none"},
        {"identity;q=0.0", "none"},
        {"identity;q=0, deflate", "none"},
        {"identity;q=0, gzip;q=0", "none"},
        {"identity;q=0, gzip;q=0.001", "gzip"},
        {"*;q=0", "none"},
        {"*;q=0, br", "br"},
        {"*;q=0, br;q=0", "none"},
        {"*;q=0, identity", "identity"},
        {"*;q=0, identity;q=0.1", "identity"},
        {"identity, *;q=0", "identity"},
        {"identity;q=0, *", "gzip"},
        // `*` is for gzip and for identity, for others only when nothing else is left.
        {"identity;q=0, *;q=0.1, gzip;q=0", "br"},
        {"identity;q=0, *;q=0.1, gzip;q=0, br;q=0", "zstd"},
        {"identity;q=0, *, gzip;q=0, br;q=0, zstd;q=0", "none"},
        {"*", "gzip"},
        {"*;q=0.001", "gzip"},
        {"deflate, *", "gzip"},
        {"gzip;q=0, *", "identity"},
        {"br;q=0.5, *;q=0.4", "br"},
        {"br;q=0.5, *;q=0.8", "gzip"},
        {"br;q=0.5, gzip;q=0.6, *;q=0.8", "identity"},
        {"br;q=0.5, *;q=0.8, identity;q=0.1", "gzip"},
    };
    for (const auto& row : rows) BOOST_TEST(chosen(row.value) == row.coding, row.value);
}

BOOST_AUTO_TEST_CASE(a_broken_element_never_gets_its_coding) {
    struct {
        std::string_view value, coding;
    } const rows[] = {
        {"gzip;q=", "identity"},
        {"gzip;q", "identity"},
        {"gzip;q=1.1", "identity"},
        {"gzip;q=1.001", "identity"},
        {"gzip;q=2", "identity"},
        {"gzip;q=-1", "identity"},
        {"gzip;q=+1", "identity"},
        {"gzip;q=.5", "identity"},
        {"gzip;q=0.1234", "identity"},
        {"gzip;q=0,5", "identity"},
        {"gzip;q=1e0", "identity"},
        {"gzip;q=nan", "identity"},
        {"gzip;q=\"1\"", "identity"},
        {"gzip;q =1", "identity"},
        {"gzip;q= 1", "identity"},
        {"gzip;q=1 1", "identity"},
        {"gzip;q=1;q=1", "identity"},
        {"gzip;q=1;level=9", "identity"},
        {"gzip;level=1", "identity"},
        {"gzip;=1", "identity"},
        {"gzip gzip", "identity"},
        {"gzip q=1", "identity"},
        {"gzip=1", "identity"},
        {"\"gzip\"", "identity"},
        {"gzip\"", "identity"},
        {";q=1", "identity"},
        {"gzip;q=x, gzip", "identity"},
        {"gzip;q=x, *", "identity"},
        {"br;q=x, gzip", "gzip"},
        {"gzip;q=\"0,br", "br"},
        // It takes a readable q=0 to refuse identity.
        {"identity;q=x", "identity"},
        {"identity;q=x, gzip;q=0.1", "gzip"},
        {"identity;q=x, identity;q=0", "none"},
        {"*;q=x", "identity"},
        {"*;q=x, identity;q=0", "none"},
        {"*;q=x, *;q=0", "none"},
        // Harmless, and senders exist: empty parameters.
        {"gzip;", "gzip"},
        {"gzip;;q=0.5;", "gzip"},
    };
    for (const auto& row : rows) BOOST_TEST(chosen(row.value) == row.coding, row.value);
}

BOOST_AUTO_TEST_CASE(sends_only_what_is_available) {
    using enum content_coding;
    struct {
        std::string_view value;
        std::vector<content_coding> available;
        std::string_view coding;
    } const rows[] = {
        {"gzip, br, zstd", {}, "identity"},
        {"gzip, br, zstd", {zstd, br, gzip}, "zstd"},
        {"gzip, br, zstd", {gzip, br, zstd}, "gzip"},
        {"gzip, br, zstd", {gzip}, "gzip"},
        {"br;q=0.9, gzip;q=0.1", {gzip}, "gzip"},
        {"br, gzip;q=0.1, identity;q=0.5", {gzip}, "identity"},
        {"br;q=0.5, *;q=0.8", {br}, "identity"},
        {"*", {br, zstd}, "identity"},
        {"br, identity;q=0", {gzip}, "none"},
        {"*;q=0", {}, "none"},
        {"", {gzip}, "identity"},
        // Identity in the list, and a coding twice, change nothing.
        {"gzip", {identity, gzip}, "gzip"},
        {"gzip;q=0.5, identity;q=0.5", {identity, gzip}, "gzip"},
        {"*;q=0", {identity}, "none"},
        {"gzip;q=0.5, identity;q=0.9", {gzip, identity, gzip}, "identity"},
    };
    for (const auto& row : rows) BOOST_TEST(chosen(row.value, row.available) == row.coding, row.value);
}

BOOST_AUTO_TEST_CASE(lines_form_one_list) {
    const auto of = [](const test_fields& fields) { return text_of(choose_coding(fields.table(), all)); };
    using enum field;
    BOOST_TEST(of({}) == "identity");
    BOOST_TEST(of({{accept, "gzip"}, {accept_charset, "br"}, {content_encoding, "zstd"}}) == "identity");
    BOOST_TEST(of({{accept_encoding, "gzip"}, {host, "a"}, {accept_encoding, "br"}}) == "br");
    BOOST_TEST(of({{accept_encoding, "br;q=0"}, {accept_encoding, "br, gzip;q=0.5"}}) == "gzip");
    BOOST_TEST(of({{accept_encoding, ""}, {accept_encoding, "identity;q=0"}}) == "none");
    // A line ends its last element.
    BOOST_TEST(of({{accept_encoding, "gzip;q="}, {accept_encoding, "1"}}) == "identity");
}

BOOST_AUTO_TEST_CASE(a_long_list_is_read_to_its_end) {
    std::string junk;
    while (junk.size() < 65536) junk += "x;q=\"\\\",gzip;q=0;,,;; ,";
    BOOST_TEST(chosen(junk + "br") == "br");
    BOOST_TEST(chosen(std::string(65536, ',') + "br") == "br");
    BOOST_TEST(chosen(std::string(65536, ' ') + "br") == "br");
    BOOST_TEST(chosen("br" + std::string(65536, ';')) == "br");
    BOOST_TEST(chosen("br;q=0." + std::string(65536, '0')) == "identity");
    BOOST_TEST(chosen(std::string(65536, 'g') + ", br") == "br");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
