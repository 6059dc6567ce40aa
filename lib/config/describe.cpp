#include "config/describe.hpp"

#include "base/text.hpp"
#include "config/endpoint.hpp"
#include "config/units.hpp"

#include <algorithm>

namespace fairlead::config {
namespace {

std::string json_list(const std::vector<std::string>& texts) {
    std::string list;
    for (const auto& text : texts) list += (list.empty() ? "" : ", ") + quote(text);
    return "[" + list + "]";
}

/// Writes the field of each kind as JSON.
struct writer {
    const settings& all;

    std::string operator()(const boolean_kind& kind) const { return kind.at.read(all) ? "true" : "false"; }
    std::string operator()(const count_kind& kind) const { return std::to_string(kind.at.read(all)); }
    std::string operator()(const size_kind& kind) const { return quote(format_size(kind.at.read(all))); }
    std::string operator()(const time_kind& kind) const { return quote(format_time(kind.at.read(all))); }
    std::string operator()(const text_kind& kind) const { return quote(kind.at.read(all)); }
    std::string operator()(const path_kind& kind) const { return quote(kind.at.read(all)); }
    std::string operator()(const word_kind& kind) const { return quote(kind.words[kind.read(all)]); }
    std::string operator()(const endpoints_kind& kind) const {
        std::vector<std::string> texts;
        for (const auto& endpoint : kind.at.read(all)) texts.push_back(format_endpoint(endpoint));
        return json_list(texts);
    }
    std::string operator()(const texts_kind& kind) const {
        const auto& texts = kind.at.read(all);
        const bool single = texts.size() == 1 && std::find(kind.presets.begin(), kind.presets.end(),
                                                           texts.front()) != kind.presets.end();
        return single ? quote(texts.front()) : json_list(texts);
    }
    std::string operator()(const named_values_kind& kind) const {
        std::string object;
        for (const auto& [name, value] : kind.at.read(all))
            object += (object.empty() ? "" : ", ") + quote(name) + ": " + (value ? quote(*value) : "null");
        return "{" + object + "}";
    }
};

std::string any_of(std::span<const std::string_view> words) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i)
        text += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + quote(words[i]);
    return text;
}

/// Says what each kind takes.
struct explainer {
    std::string operator()(const boolean_kind&) const { return "true or false"; }
    std::string operator()(const count_kind& kind) const {
        return "a whole number from " + std::to_string(kind.least) + " to " + std::to_string(kind.most);
    }
    std::string operator()(const size_kind& kind) const {
        return "a size from " + format_size(kind.least) + " to " + format_size(kind.most) +
               " (bytes, or \"8k\", \"1m\", \"2g\")";
    }
    std::string operator()(const time_kind& kind) const {
        return "a time from " + format_time(kind.least) + " to " + format_time(kind.most) +
               " (\"500ms\", \"5s\", \"2m\", \"1h\")";
    }
    std::string operator()(const text_kind& kind) const { return std::string(kind.allowed); }
    std::string operator()(const path_kind& kind) const {
        return kind.may_be_empty ? "a path or \"\"" : "a path";
    }
    std::string operator()(const word_kind& kind) const { return any_of(kind.words); }
    std::string operator()(const endpoints_kind&) const {
        return "ADDR:PORT, one or a list (\"127.0.0.1:8080\", \"[::1]:8080\", \"*:8080\")";
    }
    std::string operator()(const texts_kind& kind) const {
        if (kind.presets.empty()) return "a list of strings";
        return any_of(kind.presets) + ", or a list of extensions ([\"html\", \"css\"])";
    }
    std::string operator()(const named_values_kind& kind) const { return std::string(kind.allowed); }
};

std::string shortened(const std::string& text) {
    constexpr std::size_t most = 60;
    if (text.size() <= most) return quote(text);
    auto end = most;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return quote(text.substr(0, end) + "...");
}

}  // namespace

std::string to_json(const setting& row, const settings& all) { return std::visit(writer{all}, row.kind); }

std::string allowed(const setting& row) { return std::visit(explainer{}, row.kind); }

std::string describe(const node& value) {
    switch (value.is) {
        case node::form::null: return "null";
        case node::form::boolean: return value.text;
        case node::form::number: return value.text.size() <= 60 ? value.text : "a number that is too long";
        case node::form::string:
            return is_valid_utf8(value.text) ? "the string " + shortened(value.text)
                                             : "a text that is not UTF-8";
        case node::form::list: return value.items.empty() ? "an empty list" : "a list";
        case node::form::object: return "an object";
    }
    return {};
}

}  // namespace fairlead::config
