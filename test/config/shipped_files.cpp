#include "given.hpp"

#include "config/describe.hpp"
#include "config/schema.hpp"
#include "config/table.hpp"

#include <boost/json/parse.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

/// What stands in config/ is what the program does.
namespace fairlead::config {
namespace {

namespace fs = std::filesystem;

const fs::path folder = fs::path(FAIRLEAD_SOURCE_DIR) / "config";

std::string read(const fs::path& name) {
    std::ifstream file(folder / name, std::ios::binary);
    BOOST_REQUIRE_MESSAGE(file, name << " cannot be read");
    return {std::istreambuf_iterator<char>(file), {}};
}

loaded must_load_file(const fs::path& name) {
    sources from;
    from.file = folder / name;
    auto outcome = load(from);
    for (const auto& error : given::errors_of(outcome)) BOOST_ERROR(error);
    BOOST_REQUIRE(std::holds_alternative<loaded>(outcome));
    return std::get<loaded>(std::move(outcome));
}

/// The schema of the setting or section at `path`.
const boost::json::object& schema_at(const boost::json::object& schema, std::string_view path) {
    const auto dot = path.find('.');
    const auto key = path.substr(0, dot);
    const auto& below = schema.at("properties").as_object().at({key.data(), key.size()}).as_object();
    return dot == std::string_view::npos ? below : schema_at(below, path.substr(dot + 1));
}

BOOST_AUTO_TEST_SUITE(shipped_files)

BOOST_AUTO_TEST_CASE(the_default_file_has_its_keys_in_the_order_of_the_table) {
    const auto text = read("fairlead.json");
    std::size_t last = 0;
    std::string_view above;
    for (const auto& row : table()) {
        const auto key = std::string_view(row.path).substr(0, std::string_view(row.path).find('.'));
        const auto at = text.find("\n    \"" + std::string(key) + "\":");
        BOOST_TEST_REQUIRE(at != std::string::npos, key << " is missing");
        BOOST_TEST(at >= last, key << " stands before " << above);
        last = at;
        above = key;
    }
}

BOOST_AUTO_TEST_CASE(the_default_file_has_every_key_with_its_default) {
    const auto configuration = must_load_file("fairlead.json");
    for (const auto& row : table()) BOOST_TEST_CONTEXT(row.path) {
            BOOST_TEST((configuration.origin_of(row.path).from == origin::source::file),
                       "the key is missing");
            if (row.path != "root" && row.path != "uploads.directory")
                BOOST_TEST(to_json(row, configuration.values) == to_json(row, settings{}));
        }
    BOOST_TEST(configuration.values.site.delivery.root ==
               (folder.parent_path() / "resources/www").lexically_normal().string());
    BOOST_TEST(configuration.values.uploads.directory ==
               (folder.parent_path() / "uploads").lexically_normal().string());
    BOOST_TEST(configuration.warnings.empty());
}

BOOST_AUTO_TEST_CASE(the_examples_load) {
    BOOST_TEST(must_load_file("minimal.json").values.uploads.path == "");
    BOOST_TEST((must_load_file("demo.json").values.site.routes.at(0).uploads.accept ==
                std::vector<std::string>{"raw", "form", "put", "delete"}));
    BOOST_TEST(
        (must_load_file("strict.json").values.site.delivery.types == std::vector<std::string>{"strict"}));
}

BOOST_AUTO_TEST_CASE(the_schema_is_the_generated_one) {
    BOOST_TEST((read("fairlead.schema.json") == schema_text()),
               "config/fairlead.schema.json is old: run fairlead --print-schema");
}

BOOST_AUTO_TEST_CASE(the_schema_describes_every_setting_and_nothing_else) {
    const auto schema = boost::json::parse(schema_text()).as_object();
    for (const auto& row : table()) BOOST_TEST_CONTEXT(row.path) {
            const auto& found = schema_at(schema, row.path);
            BOOST_TEST(found.at("description").as_string().starts_with({row.doc.data(), row.doc.size()}));
            BOOST_TEST((found.at("default") == boost::json::parse(to_json(row, settings{}))));
            BOOST_TEST((found.contains("type") || found.contains("anyOf") || found.contains("enum")));
        }
    for (const auto* section :
         {"uploads", "limits", "admin", "log", "log.access", "log.failure", "log.security"})
        BOOST_TEST((schema_at(schema, section).at("additionalProperties") == false));
    BOOST_TEST(schema.at("properties").as_object().size() == keys_below("").size() + 1);  // and $schema
}

BOOST_AUTO_TEST_CASE(the_reference_has_every_row_as_the_table_has_it) {
    const auto reference = read("README.md");
    for (const auto& row : table()) {
        const auto line = "| `" + std::string(row.path) + "` `" + environment_name(row.path) + "` | `" +
                          to_json(row, settings{}) + "` | " + allowed(row) + " | " + std::string(row.doc) +
                          " | `" + std::string(row.example) + "` |\n";
        BOOST_TEST(reference.find(line) != std::string::npos, "config/README.md lacks this line:\n" << line);
    }
}

BOOST_AUTO_TEST_CASE(the_examples_of_the_reference_load) {
    const auto reference = read("README.md");
    const std::string fence = "```json\n";
    int examples = 0;
    for (auto at = reference.find(fence); at != std::string::npos; at = reference.find(fence, at)) {
        at += fence.size();
        given::must_load(reference.substr(at, reference.find("```", at) - at));
        ++examples;
    }
    BOOST_TEST(examples >= 5);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::config
