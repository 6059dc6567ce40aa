#include "http/upload_name.hpp"

#include "base/text.hpp"
#include "http/builtin_media_types.hpp"
#include "http/media_type.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::string_view_literals;

BOOST_AUTO_TEST_SUITE(upload_name)

/// True when the fault is one sentence that has `word`, or there is none and `word` is empty.
bool is_fault(const std::optional<std::string>& fault, std::string_view word) {
    if (!fault || word.empty()) return !fault && word.empty();
    return fault->find(word) != std::string::npos && fault->ends_with('.');
}

BOOST_AUTO_TEST_CASE(takes_names_of_people) {
    const std::vector<std::string_view> names{
        "a", "report.pdf", "Report (1).pdf", "a.b.c", "archive.tar.gz", "no extension", "a b  c.txt",
        "it's & that #1 100%.txt", "_a", "a-", "~a", "$a", "a=b", "a@b", "[a]", "{a}", "^`!,;+", "%2e%2e",
        "%00",
        // in all scripts, with the joiners and spaces that they need
        "\u00FC\u00DF.txt", "\u65E5\u672C\u8A9E.txt", "\U0001F600.png", "\u0641\u0627\u200C\u0647.txt",
        "at 3.14.15\u202FPM.png", "\u00A0", "a\u2027b", "a\u202Fb", "a\u2065b", "a\u206Ab",
        // nearly devices
        "console", "con1", "com", "com10", "lpt", "lptx", "xcon", "nul-1", "a.con", "com\u00B4", "conin"};
    for (const auto name : names) BOOST_TEST(is_fault(fault_of_upload_name(name), ""), name);
}

BOOST_AUTO_TEST_CASE(refuses_what_does_harm) {
    struct {
        std::string_view word;
        std::vector<std::string_view> names;
    } const rows[] = {
        {"empty", {""}},
        {"\"..\"", {".", ".."}},
        {"dot", {"...", ".htaccess", ".fairlead-tmp-1", ".fairlead-keys"}},
        {"slash", {"../x", "a/b", "/", "a\\b", "..\\x"}},
        {"control",
         {"a\0"sv, "\0.txt"sv, "a.txt\0.png"sv, "a\nb", "a\r", "\t", "a\x1b[31m", "a\x1f", "a\x7f", "a\u0080",
          "a\u0085b", "a\u009F", "a\u2028", "\u2029", "a\u202A", "\u202Egnp.exe", "a\u2066", "a\u2069b"}},
        {"UTF-8",
         {"\x80", "\xC0\xAE\xC0\xAE", "a\xC0\xAF", "\xED\xA0\x80", "a\xE2\x80", "\xF4\x90\x80\x80",
          "caf\xE9"}},
        {"hyphen", {"-rf", "--checkpoint-action=exec=sh x", "-"}},
        {"begins with a space", {" a", " "}},
        {"ends with", {"a ", "a.txt.", "a.txt. ."}},
        {"Windows", {"a:b", "a.txt::$DATA", "C:x", "*", "what?", "\"a\"", "<a", "a>", "a|b"}},
        {"device",
         {"con", "CON", "Nul.txt", "aux.tar.gz", "prn .txt", "com1", "cOm9.x", "com0", "lpt1.txt",
          "COM\u00B9", "lpt\u00B3.txt", "conin$", "CONOUT$.log"}},
    };
    for (const auto& row : rows)
        for (const auto name : row.names) BOOST_TEST(is_fault(fault_of_upload_name(name), row.word), name);
}

BOOST_AUTO_TEST_CASE(knows_the_bounds_of_a_name) {
    BOOST_TEST(is_fault(fault_of_upload_name(std::string(255, 'a')), ""));
    BOOST_TEST(is_fault(fault_of_upload_name(std::string(256, 'a')), "255 bytes"));
    BOOST_TEST(is_fault(fault_of_upload_name(std::string(1 << 20, 'a')), "255 bytes"));
    std::string umlauts;
    for (int i = 0; i < 128; ++i) umlauts += "\u00FC";
    BOOST_TEST(is_fault(fault_of_upload_name(umlauts), "255 bytes"));
    BOOST_TEST(is_fault(fault_of_upload_name(umlauts.substr(2)), ""));
    // Every byte alone, and in the middle.
    for (int byte = 0; byte < 256; ++byte) {
        const char c = static_cast<char>(byte);
        const bool is_forbidden =
            byte < 0x20 || byte >= 0x7F || "/\\:*?\"<>|"sv.find(c) != std::string_view::npos;
        BOOST_TEST(fault_of_upload_name(std::string("a") + c + "b").has_value() == is_forbidden, byte);
        const bool is_forbidden_alone = is_forbidden || c == '.' || c == ' ' || c == '-';
        BOOST_TEST(fault_of_upload_name(std::string(1, c)).has_value() == is_forbidden_alone, byte);
    }
}

BOOST_AUTO_TEST_CASE(checks_every_name_of_a_path) {
    const auto nested = [](int depth) {
        std::string path = "a";
        for (int i = 1; i < depth; ++i) path += "/a";
        return path;
    };
    const auto four_names = std::string(255, 'a') + "/" + std::string(255, 'b') + "/" +
                            std::string(255, 'c') + "/" + std::string(255, 'd');  // 1,023 bytes
    struct {
        std::string path;
        std::string_view word;
    } const rows[] = {
        {"a", ""},
        {"a/b/c.txt", ""},
        {nested(32), ""},
        {nested(33), "32 segments"},
        {four_names + "/", "slash"},
        {four_names + "/e", "1,024"},
        {four_names.substr(1) + "/e", ""},
        {four_names + "d", "255"},
        {std::string(1 << 20, '/'), "1,024"},
        {"", "names no file"},
        {"/", "slash"},
        {"a/", "slash"},
        {"/a", "empty segment"},
        {"a//b", "empty segment"},
        {"a/./b", "\"..\""},
        {"../a", "\"..\""},
        {"a/../../etc/passwd", "\"..\""},
        {".git/config", "dot"},
        {"a/.fairlead-keys/b", "dot"},
        {"a/con/b", "device"},
        {"a/-x", "hyphen"},
        {"a/b\\..\\c", "backslash"},
        {std::string("a/b\0c", 5), "control"},
        {"a\xC3/\xA4", "UTF-8"},
    };
    for (const auto& row : rows) BOOST_TEST(is_fault(fault_of_upload_path(row.path), row.word), row.path);
}

BOOST_AUTO_TEST_CASE(chooses_extensions) {
    struct {
        std::string_view type, extension;
    } const rows[] = {
        {"application/json", ".json"},
        {"Application/JSON; charset=utf-8", ".json"},
        {"application/problem+json", ".json"},
        {"image/png", ".png"},
        {"IMAGE/JPEG", ".jpg"},
        {"application/pdf;a=b", ".pdf"},
        {"text/plain", ".txt"},
        {"text/csv; header=present", ".csv"},
        {"text/x-unheard-of", ".txt"},
        {"application/octet-stream", ".bin"},
        {"application/x-unheard-of", ".bin"},
        {"image/x-unheard-of", ".bin"},
        {"*/*", ".bin"},
        {"image/*", ".bin"},
        {"", ".bin"},
        {"png", ".bin"},
        {"image/png/..", ".bin"},
        {"image/../../x", ".bin"},
        {"image/png; =", ".bin"},
        {"image/png\n", ".bin"},
        {"application/+json", ".bin"},
        // What is alive in browsers or on servers.
        {"text/html", ".txt"},
        {"application/xhtml+xml", ".txt"},
        {"image/svg+xml", ".txt"},
        {"image/SVG+XML", ".txt"},
        {"application/xml", ".txt"},
        {"text/xml", ".txt"},
        {"text/xsl", ".txt"},
        {"application/rss+xml", ".txt"},
        {"text/javascript", ".txt"},
        {"application/javascript", ".txt"},
        {"text/css", ".txt"},
        {"application/x-httpd-php", ".bin"},
        {"application/x-php", ".bin"},
        {"application/x-sh", ".bin"},
        {"application/wasm", ".bin"},
        {"application/java-archive", ".bin"},
        {"application/x-msdownload", ".bin"},
        {"multipart/related", ".bin"},
        {"message/rfc822", ".bin"},
    };
    for (const auto& row : rows) BOOST_TEST(extension_for(row.type) == row.extension, row.type);
}

/// All types that the table of media types knows.
std::vector<std::string> known_types() {
    std::vector<std::string> types;
    for (const auto line : split(builtin_media_types, '\n')) {
        const auto type = line.substr(0, line.find(' '));
        if (type.find('/') != std::string_view::npos && !type.starts_with('#')) types.emplace_back(type);
    }
    return types;
}

BOOST_AUTO_TEST_CASE(chosen_extensions_are_known_and_harmless) {
    std::vector<std::string> errors;
    const auto table = media_type_table::parse(builtin_media_types, errors);
    const std::set<std::string_view> alive{".html", ".htm", ".xhtml", ".xht", ".shtml", ".svg",
                                           ".svgz", ".xml", ".xsl",   ".js",  ".mjs",   ".css",
                                           ".php",  ".cgi", ".mht",   ".wasm"};
    const auto types = known_types();
    BOOST_TEST(types.size() > 80u);
    for (const auto& type : types) {
        const auto extension = extension_for(type);
        BOOST_TEST_REQUIRE(extension.starts_with('.'), type);
        BOOST_TEST(table.knows(extension.substr(1)), type);
        BOOST_TEST(alive.count(extension) == 0u, type);
        BOOST_TEST(is_fault(fault_of_upload_name("upload" + std::string(extension)), ""));
        // What we name is what we serve, but for what was made text, or bytes.
        if (extension != ".txt" && extension != ".bin" && extension != ".json")
            BOOST_TEST(table.content_type(extension.substr(1)).starts_with(type), type);
    }
}

BOOST_AUTO_TEST_CASE(cuts_paths_off_names) {
    struct {
        std::string_view filename, name;
    } const rows[] = {
        {"x.png", "x.png"},
        {"C:\\fakepath\\x.png", "x.png"},
        {"a/b/x.png", "x.png"},
        {"/x.png", "x.png"},
        {"a\\b/x.png", "x.png"},
        {"a/b\\x.png", "x.png"},
        {"../../etc/passwd", "passwd"},
        {"..\\..\\boot.ini", "boot.ini"},
        {"a/..", ".."},
        {"a/", ""},
        {"\\", ""},
        {"", ""},
        {"C:x.png", "C:x.png"},
        {"a/b\0c"sv, "b\0c"sv},
    };
    for (const auto& row : rows) BOOST_TEST(base_name_of(row.filename) == row.name, row.filename);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
