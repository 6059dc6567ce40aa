#include "given.hpp"

#include "config/describe.hpp"
#include "config/effective.hpp"
#include "config/table.hpp"

#include <set>

namespace fairlead::config {
namespace {

/// {"a": {"b": VALUE}} for "a.b".
std::string document_with(std::string_view path, std::string_view value) {
    std::string text = "{\"", closing = "}";
    for (const char c : path) {
        if (c != '.') {
            text += c;
            continue;
        }
        text += "\": {\"";
        closing += "}";
    }
    return text + "\": " + std::string(value) + closing;
}

/// A JSON value as one would write it in a variable.
std::string variable_text(std::string_view json) {
    if (json.starts_with('{')) return std::string(json);
    std::string text;
    for (const char c : json)
        if (std::string_view("[]\" ").find(c) == std::string_view::npos) text += c;
    return text;
}

BOOST_AUTO_TEST_SUITE(settings_table)

BOOST_AUTO_TEST_CASE(each_row_is_complete_and_names_are_unique) {
    std::set<std::string> names;
    for (const auto& row : table()) BOOST_TEST_CONTEXT(row.path) {
            BOOST_TEST(names.insert(environment_name(row.path)).second);
            BOOST_TEST(row.doc.ends_with('.'));
            BOOST_TEST(!allowed(row).empty());
            BOOST_TEST(row.example != to_json(row, settings{}));
            BOOST_TEST(find_setting(row.path).has_value());
            BOOST_TEST(!is_section(row.path));
        }
    BOOST_TEST(environment_name("limits.connections") == "FAIRLEAD_LIMITS_CONNECTIONS");
    BOOST_TEST(pointer_of("log.access.format") == "/log/access/format");
    BOOST_TEST(is_section("log.access"));
    BOOST_TEST(!is_section("log.acc"));
    BOOST_TEST((keys_below("log.access") == std::vector<std::string_view>{"format", "file"}));
}

BOOST_AUTO_TEST_CASE(each_example_reaches_its_field_from_the_file) {
    for (const auto& row : table()) BOOST_TEST_CONTEXT(row.path) {
            const auto configuration = given::must_load(document_with(row.path, row.example));
            BOOST_TEST(to_json(row, configuration.values) == row.example);
            BOOST_TEST(configuration.origin_of(row.path).text() == "/etc/fairlead/site.json:1");
            for (const auto& other : table()) {
                const auto origin = configuration.origin_of(other.path).text();
                if (other.path == row.path || origin == "default, fitted to what was given") continue;
                const auto alone = given::must_load("{}");
                BOOST_TEST(to_json(other, configuration.values) == to_json(other, alone.values),
                           other.path << " changed");
            }
        }
}

BOOST_AUTO_TEST_CASE(each_example_reaches_its_field_from_the_environment) {
    for (const auto& row : table()) BOOST_TEST_CONTEXT(row.path) {
            const auto name = environment_name(row.path);
            const auto from = given::variables({{name, variable_text(row.example)}});
            const auto configuration = given::must_load("{}", from);
            BOOST_TEST(to_json(row, configuration.values) == row.example);
            BOOST_TEST(configuration.origin_of(row.path).text() == "environment " + name);
        }
}

BOOST_AUTO_TEST_CASE(the_smallest_and_largest_values_are_taken_and_their_neighbours_are_not) {
    const struct {
        std::string_view path, good, bad;
    } cases[] = {
        {"threads", "0", "-1"},
        {"threads", "256", "257"},
        {"uploads.max_depth", "1", "0"},
        {"uploads.max_depth", "1000", "1001"},
        {"uploads.max_body", "1", "0"},
        {"uploads.max_body", "\"1024g\"", "1099511627777"},
        {"limits.header_size", "512", "511"},
        {"limits.header_size", "\"1m\"", "1048577"},
        {"limits.min_body_rate", "0", "-1"},
        {"limits.min_body_rate", "\"1g\"", "1073741825"},
        {"limits.queue_timeout", "\"1ms\"", "\"0ms\""},
        {"limits.queue_timeout", "\"1h\"", "\"3600001ms\""},
        {"limits.drain_timeout", "\"0s\"", "\"-1s\""},
        {"limits.drain_timeout", "\"24h\"", "\"25h\""},
        {"fastcgi.connections", "1", "0"},
        {"fastcgi.connections", "10000", "10001"},
        {"fastcgi.connect_timeout", "\"10ms\"", "\"9ms\""},
        {"fastcgi.timeout", "\"100ms\"", "\"99ms\""},
    };
    for (const auto& [path, good, bad] : cases) BOOST_TEST_CONTEXT(path << " " << good << " " << bad) {
            given::must_load(document_with(path, good));
            BOOST_TEST(given::errors_of(given::load_site(document_with(path, bad))).size() == 1);
        }
}

BOOST_AUTO_TEST_CASE(the_effective_configuration_is_a_file_that_gives_the_same_settings) {
    std::vector<std::string> documents{"{}"};
    for (const auto& row : table()) documents.push_back(document_with(row.path, row.example));
    for (const auto& document : documents) BOOST_TEST_CONTEXT(document) {
            const auto first = given::must_load(document);
            const auto text = effective_text(first);
            const auto second = given::must_load(text);
            for (const auto& row : table()) {
                BOOST_TEST(to_json(row, first.values) == to_json(row, second.values));
                BOOST_TEST((second.origin_of(row.path).from == origin::source::file));
            }
        }
}

BOOST_AUTO_TEST_CASE(the_effective_configuration_says_where_values_came_from) {
    auto from = given::variables({{"FAIRLEAD_THREADS", "3"}});
    from.flags = {{"root", "--root", "www"}};
    const auto text = effective_text(given::must_load("{\n\"limits\": {\"queue\": 7}}", from));
    for (const auto* line : {"    \"threads\": 3,  // environment FAIRLEAD_THREADS\n",
                             "    \"root\": \"/home/user/www\",  // flag --root\n",
                             "        \"queue\": 7,  // /etc/fairlead/site.json:2\n",
                             "        \"queue_timeout\": \"5s\",  // default\n"})
        BOOST_TEST(text.find(line) != std::string::npos, line << "is missing in\n" << text);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::config
