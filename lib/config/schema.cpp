#include "config/schema.hpp"

#include "config/describe.hpp"
#include "config/table.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace fairlead::config {
namespace {

namespace json = boost::json;

json::string_view view(std::string_view text) { return {text.data(), text.size()}; }

json::object words_schema(std::span<const std::string_view> words) {
    json::array list;
    for (const auto word : words) list.emplace_back(view(word));
    return {{"enum", std::move(list)}};
}

json::object list_schema(json::object item, bool may_be_empty) {
    json::object schema{{"type", "array"}, {"items", std::move(item)}};
    if (!may_be_empty) schema["minItems"] = 1;
    return schema;
}

json::object either(json::object first, json::object second) {
    return {{"anyOf", json::array{std::move(first), std::move(second)}}};
}

/// What each kind of setting may be in the file.
struct value_schema {
    json::object operator()(const boolean_kind&) const { return {{"type", "boolean"}}; }
    json::object operator()(const count_kind& kind) const {
        return {{"type", "integer"}, {"minimum", kind.least}, {"maximum", kind.most}};
    }
    json::object operator()(const size_kind& kind) const {
        return either({{"type", "integer"}, {"minimum", kind.least}, {"maximum", kind.most}},
                      {{"type", "string"}, {"pattern", "^[0-9]+[kKmMgG]?$"}});
    }
    json::object operator()(const time_kind&) const {
        return {{"type", "string"}, {"pattern", "^[0-9]+(ms|s|m|h)$"}};
    }
    json::object operator()(const text_kind&) const { return {{"type", "string"}}; }
    json::object operator()(const path_kind& kind) const {
        json::object schema{{"type", "string"}};
        if (!kind.may_be_empty) schema["minLength"] = 1;
        return schema;
    }
    json::object operator()(const word_kind& kind) const { return words_schema(kind.words); }
    json::object operator()(const endpoints_kind& kind) const {
        json::object item{{"type", "string"}, {"pattern", "^(.+:)?[0-9]{1,5}$"}};
        return either(item, list_schema(item, kind.may_be_empty));
    }
    json::object operator()(const texts_kind& kind) const {
        json::object item{{"type", "string"}};
        return either(kind.presets.empty() ? item : words_schema(kind.presets),
                      list_schema(item, kind.may_be_empty));
    }
    json::object operator()(const named_values_kind& kind) const {
        json::object item{{"type", "string"}};
        if (kind.may_be_null) item["type"] = json::array{"string", "null"};
        return {{"type", "object"}, {"additionalProperties", std::move(item)}};
    }
};

json::object setting_schema(const setting& row) {
    json::object schema{{"description", std::string(row.doc) + " Allowed: " + allowed(row) + "."}};
    for (auto& [key, value] : std::visit(value_schema{}, row.kind)) schema[key] = std::move(value);
    schema["default"] = json::parse(to_json(row, settings{}));
    schema["examples"] = json::array{json::parse(view(row.example))};
    return schema;
}

json::object section_schema(std::string_view section, scope where);

/// An object whose members are sites or routes.
json::object scopes_schema(const scope_row& row) {
    return {{"description", view(row.doc)},
            {"examples", json::array{json::parse(view(row.example))}},
            {"type", "object"},
            {"additionalProperties", section_schema("", row.opens)}};
}

json::object section_schema(std::string_view section, scope where) {
    json::object properties;
    if (section.empty() && where == scope::program)
        properties["$schema"] = {{"type", "string"}, {"description", "Where editors find this schema."}};
    for (const auto key : keys_below(section, where)) {
        const auto path = section.empty() ? std::string(key) : std::string(section) + "." + std::string(key);
        if (const auto row = find_setting(path))
            properties[view(key)] = setting_schema(table()[*row]);
        else if (const auto* opening = section.empty() ? find_scope_row(key, where) : nullptr)
            properties[view(key)] = scopes_schema(*opening);
        else
            properties[view(key)] = section_schema(path, where);
    }
    return {{"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}};
}

/// One key to a line; lists without objects stay on theirs. Boost.JSON 1.81 has no indented form.
void write_indented(const json::value& value, std::string& out, std::size_t depth) {
    const std::string margin(4 * (depth + 1), ' ');
    const auto* object = value.if_object();
    const auto* list = value.if_array();
    const bool is_tree =
        list && std::any_of(list->begin(), list->end(), [](const auto& item) { return item.is_object(); });
    if (!object && !is_tree) {
        out += json::serialize(value);
        return;
    }
    const char* separator = "\n";
    out += object ? '{' : '[';
    const auto begin_item = [&] {
        out.append(separator).append(margin);
        separator = ",\n";
    };
    if (object) {
        for (const auto& [key, item] : *object) {
            begin_item();
            out.append(json::serialize(key)).append(": ");
            write_indented(item, out, depth + 1);
        }
    } else {
        for (const auto& item : *list) {
            begin_item();
            write_indented(item, out, depth + 1);
        }
    }
    out.append("\n").append(margin, 0, 4 * depth) += object ? '}' : ']';
}

}  // namespace

std::string schema_text() {
    json::object schema{
        {"$schema", "http://json-schema.org/draft-07/schema#"},
        {"title", "Fairlead configuration"},
        {"description",
         "JSON with // and /* */ comments and trailing commas. Made by `fairlead --print-schema`."},
        // Both are known to editors only: the program's own reader takes comments and trailing commas.
        {"allowComments", true},
        {"allowTrailingCommas", true}};
    for (auto& [key, value] : section_schema("", scope::program)) schema[key] = std::move(value);
    std::string text;
    write_indented(schema, text, 0);
    return text + "\n";
}

}  // namespace fairlead::config
