#include "http/type_policy.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace fairlead::http {
namespace {

BOOST_AUTO_TEST_SUITE(type_policies)

BOOST_AUTO_TEST_CASE(web_serves_what_browsers_load_with_the_usual_types) {
    const auto policy = type_policy::from_words({"web"}).value();
    BOOST_TEST(policy.hides_dot_files());
    for (const auto* extension :
         {"html",  "htm", "css",  "js",   "mjs",         "json", "map",  "xml",  "txt",  "md",         "csv",
          "pdf",   "svg", "png",  "jpg",  "jpeg",        "gif",  "webp", "avif", "ico",  "bmp",        "woff",
          "woff2", "ttf", "otf",  "eot",  "mp3",         "mp4",  "m4a",  "m4v",  "webm", "ogg",        "ogv",
          "oga",   "wav", "flac", "wasm", "webmanifest", "zip",  "gz",   "HTML", "Png",  "WebManifest"})
        BOOST_TEST_CONTEXT(extension) {
            const auto* rule = policy.find(extension);
            BOOST_REQUIRE(rule);
            BOOST_TEST(rule->content_type.empty());
            BOOST_TEST(!rule->is_attachment);
        }
    for (const auto* extension : {"", "php", "sh", "conf", "env", "key", "pem", "sqlite", "htm ", "htmlx",
                                  "htpasswd", "a-very-long-extension", "html.bak", "h"})
        BOOST_TEST_CONTEXT(extension) { BOOST_TEST(!policy.find(extension)); }
}

BOOST_AUTO_TEST_CASE(strict_shows_html_and_saves_four_others) {
    const auto policy = type_policy::from_words({"strict"}).value();
    BOOST_TEST(!policy.hides_dot_files());
    const auto* html = policy.find("HTML");
    BOOST_REQUIRE(html);
    BOOST_TEST(html->content_type == "text/html; charset=utf-8");
    BOOST_TEST(!html->is_attachment);
    for (const auto* extension : {"txt", "png", "jpg", "jpeg"}) BOOST_TEST_CONTEXT(extension) {
            const auto* rule = policy.find(extension);
            BOOST_REQUIRE(rule);
            BOOST_TEST(rule->content_type == "application/octet-stream");
            BOOST_TEST(rule->is_attachment);
        }
    for (const auto* extension : {"", "htm", "css", "js", "gif", "svg", "json"})
        BOOST_TEST_CONTEXT(extension) { BOOST_TEST(!policy.find(extension)); }
}

BOOST_AUTO_TEST_CASE(a_list_serves_exactly_its_extensions) {
    const auto policy = type_policy::from_words({"Html", "", "7z", "sixteen-bytes-xy", "html"}).value();
    BOOST_TEST(policy.hides_dot_files());
    for (const auto* extension : {"html", "HTML", "", "7Z", "SIXTEEN-bytes-xy"})
        BOOST_TEST_CONTEXT(extension) { BOOST_TEST(policy.find(extension)); }
    for (const auto* extension : {"css", "htm", "7", "z", "sixteen-bytes-x", "sixteen-bytes-xyz"})
        BOOST_TEST_CONTEXT(extension) { BOOST_TEST(!policy.find(extension)); }
    using namespace std::string_view_literals;
    BOOST_TEST(!policy.find("\0html"sv));
    BOOST_TEST(!policy.find("html\0"sv));
    BOOST_TEST(!policy.find("\0"sv));
}

BOOST_AUTO_TEST_CASE(nothing_is_served_by_default) {
    BOOST_TEST(!type_policy().find("html"));
    BOOST_TEST(!type_policy().find(""));
    BOOST_TEST(type_policy().hides_dot_files());
}

BOOST_AUTO_TEST_CASE(words_that_make_no_policy_are_refused) {
    const std::vector<std::vector<std::string>> cases{
        {},         {"web", "html"}, {"html", "strict"},    {".html"},
        {"tar.gz"}, {"a/b"},         {"seventeen-bytes-x"}, {std::string("a\0", 2)}};
    for (const auto& words : cases)
        BOOST_TEST((type_policy::from_words(words).error() == boost::system::errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(the_presets_can_be_read_in_config) {
    for (const auto& preset : type_presets()) BOOST_TEST_CONTEXT(preset.name) {
            const auto name = std::string(preset.name) + ".json";
            std::ifstream file(std::filesystem::path(FAIRLEAD_SOURCE_DIR) / "config" / "types" / name,
                               std::ios::binary);
            const std::string text{std::istreambuf_iterator<char>(file), {}};
            BOOST_TEST((text == preset_text(preset)),
                       "config/types/" << name << " is old: run fairlead --print-types");
            BOOST_TEST(type_policy::from_words({std::string(preset.name)}).has_value());
        }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
