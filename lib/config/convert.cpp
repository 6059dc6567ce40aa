#include "config/convert.hpp"

#include "base/text.hpp"
#include "config/describe.hpp"
#include "config/endpoint.hpp"
#include "config/suggest.hpp"
#include "config/units.hpp"

#include <algorithm>
#include <array>

namespace fairlead::config {
namespace {

bool is_text(const node& value) { return value.is == node::form::string; }
bool has_control_character(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

/// Reads one value for one row; there is a call operator for each kind of setting.
class reader {
public:
    reader(const setting& row, const node& value, settings& all, std::vector<complaint>& complaints,
           std::string_view prefix)
        : row_(row),
          value_(value),
          all_(all),
          complaints_(complaints),
          pointer_(std::string(prefix) + pointer_of(row.path)) {}

    void operator()(const boolean_kind& kind) {
        if (value_.is != node::form::boolean) return refuse();
        kind.at.write(all_) = value_.text == "true";
    }

    void operator()(const count_kind& kind) {
        if (is_text(value_) && parse_decimal(value_.text)) return refuse("write the number without quotes");
        const auto number = value_.is == node::form::number ? parse_decimal(value_.text) : std::nullopt;
        if (!number || *number < kind.least || *number > kind.most) return refuse();
        kind.at.write(all_) = static_cast<unsigned>(*number);
    }

    void operator()(const size_kind& kind) {
        const bool scalar = value_.is == node::form::number || is_text(value_);
        const auto bytes = scalar ? parse_size(value_.text) : std::nullopt;
        if (!bytes || *bytes < kind.least || *bytes > kind.most) return refuse();
        kind.at.write(all_) = *bytes;
    }

    void operator()(const time_kind& kind) {
        const bool scalar = value_.is == node::form::number || is_text(value_);
        if (scalar && parse_decimal(value_.text))
            return refuse("add the unit: \"" + value_.text + "s\" is seconds, \"" + value_.text +
                          "ms\" milliseconds");
        const auto time = is_text(value_) ? parse_time(value_.text) : std::nullopt;
        if (!time || *time < kind.least || *time > kind.most) return refuse();
        kind.at.write(all_) = *time;
    }

    void operator()(const text_kind& kind) {
        if (!is_text(value_)) return refuse();
        if (const auto wrong = check(value_, kind.check)) return refuse(*wrong);
        kind.at.write(all_) = value_.text;
    }

    void operator()(const path_kind& kind) {
        if (!is_text(value_)) return refuse();
        if (const auto wrong = check(value_, nullptr)) return refuse(*wrong);
        if (value_.text.empty() && !kind.may_be_empty) return refuse();
        kind.at.write(all_) = value_.text;
    }

    void operator()(const word_kind& kind) {
        const auto found = std::find(kind.words.begin(), kind.words.end(), value_.text);
        if (is_text(value_) && found != kind.words.end())
            return kind.write(all_, static_cast<unsigned>(found - kind.words.begin()));
        const auto nearest = is_text(value_) ? suggest(value_.text, kind.words) : std::string_view{};
        refuse(nearest.empty() ? std::string() : "did you mean " + quote(nearest) + "?");
    }

    void operator()(const endpoints_kind& kind) {
        std::vector<endpoint> endpoints;
        const bool complete = each_text([&](const node& item, const std::string& pointer) {
            auto parsed = parse_endpoint(item.text);
            if (const auto* wrong = std::get_if<endpoint_error>(&parsed))
                return refuse(item, pointer, wrong->message);
            auto& found = std::get<endpoint>(parsed);
            // Port 0 is a new port each time, so only a fixed one can be listed twice.
            if (found.port != 0 && std::find(endpoints.begin(), endpoints.end(), found) != endpoints.end())
                return refuse(item, pointer, "it is listed twice: remove one");
            endpoints.push_back(std::move(found));
        });
        if (!complete) return;
        if (endpoints.empty() && !kind.may_be_empty) return refuse("list at least one");
        kind.at.write(all_) = std::move(endpoints);
    }

    void operator()(const texts_kind& kind) {
        const auto is_preset = [&](const std::string& text) {
            return std::find(kind.presets.begin(), kind.presets.end(), text) != kind.presets.end();
        };
        if (is_text(value_) && !kind.presets.empty() && !is_preset(value_.text)) {
            const auto nearest = suggest(value_.text, kind.presets);
            return refuse((nearest.empty() ? "" : "did you mean " + quote(nearest) + "? ") +
                          "One extension is written as a list: [" + quote(value_.text) + "]");
        }
        std::vector<std::string> texts;
        const bool complete = each_text([&](const node& item, const std::string& pointer) {
            if (is_preset(item.text)) {
                if (!is_text(value_) && value_.items.size() > 1)
                    return refuse(item, pointer,
                                  "a preset stands alone: write " + quote(item.text) + " and no list");
            } else if (const auto wrong = check(item, kind.check)) {
                return refuse(item, pointer, *wrong);
            }
            texts.push_back(item.text);
        });
        if (!complete) return;
        if (texts.empty() && !kind.may_be_empty) return refuse("list at least one");
        kind.at.write(all_) = std::move(texts);
    }

    void operator()(const named_values_kind& kind) {
        if (value_.is != node::form::object) return refuse();
        named_values given;
        std::vector<const member*> places;
        const auto before = complaints_.size();
        for (const auto& one : value_.members) {
            if (auto taken = take_named(kind, one, given)) {
                given.push_back({one.key, std::move(taken->value)});
                places.push_back(&one);
            }
        }
        for (const auto& fault : kind.check(given))
            complaints_.push_back(
                {places[fault.index]->at, pointer_to(pointer_, given[fault.index].name), fault.message});
        if (complaints_.size() != before) return;
        auto& field = kind.at.write(all_);
        field = kind.merge ? kind.merge(field, given) : std::move(given);
    }

private:
    struct taken_value {
        std::optional<std::string> value;
    };

    /// The value of one name, or nothing when it was refused.
    std::optional<taken_value> take_named(const named_values_kind& kind, const member& one,
                                          const named_values& so_far) {
        const auto pointer = pointer_to(pointer_, one.key);
        const auto is_repeated = [&](const http::named_value& other) { return other.name == one.key; };
        if (std::any_of(so_far.begin(), so_far.end(), is_repeated)) {
            complaints_.push_back({one.at, pointer, "repeated key: remove one of the two"});
            return std::nullopt;
        }
        const node name{node::form::string, one.at, one.key, {}, {}};
        if (const auto wrong = check(name, nullptr)) {
            complaints_.push_back({one.at, pointer, "the name is not usable: " + *wrong});
            return std::nullopt;
        }
        if (one.value.is == node::form::null && kind.may_be_null) return taken_value{};
        if (!is_text(one.value)) {
            refuse(one.value, pointer, "the value is a string in quotes");
            return std::nullopt;
        }
        if (const auto wrong = check(one.value, nullptr)) {
            refuse(one.value, pointer, *wrong);
            return std::nullopt;
        }
        return taken_value{one.value.text};
    }

    /// Calls `take` for each text of a list, or for a single text. False when something was refused.
    template <class Take>
    bool each_text(Take take) {
        const auto before = complaints_.size();
        if (is_text(value_)) {
            take(value_, pointer_);
        } else if (value_.is == node::form::list) {
            for (std::size_t i = 0; i < value_.items.size(); ++i) {
                const auto pointer = pointer_ + "/" + std::to_string(i);
                if (is_text(value_.items[i]))
                    take(value_.items[i], pointer);
                else
                    refuse(value_.items[i], pointer, "each item is a string in quotes");
            }
        } else {
            refuse();
        }
        return complaints_.size() == before;
    }

    static std::optional<std::string> check(const node& item, text_check more) {
        // Such a name could be told apart neither in a log nor on the command line; NUL would end it early.
        if (has_control_character(item.text)) return "it has a control character";
        if (!is_valid_utf8(item.text)) return "write it in UTF-8";
        return more ? more(item.text) : std::nullopt;
    }

    void refuse(const node& item, const std::string& pointer, const std::string& advice) {
        complaints_.push_back({item.at, pointer,
                               "expected " + allowed(row_) + ", found " + describe(item) +
                                   (advice.empty() ? "" : "; " + advice)});
    }
    void refuse(const std::string& advice = {}) { refuse(value_, pointer_, advice); }

    const setting& row_;
    const node& value_;
    settings& all_;
    std::vector<complaint>& complaints_;
    std::string pointer_;
};

}  // namespace

bool assign(const setting& row, const node& value, settings& all, std::vector<complaint>& complaints,
            std::string_view prefix) {
    const auto before = complaints.size();
    std::visit(reader(row, value, all, complaints, prefix), row.kind);
    return complaints.size() == before;
}

std::string pointer_to(std::string_view prefix, std::string_view key) {
    std::string pointer = std::string(prefix) + "/";
    for (const char c : key) {
        if (c == '~')
            pointer += "~0";
        else if (c == '/')
            pointer += "~1";
        else
            pointer += c;
    }
    return pointer;
}

node node_from_text(const setting& row, std::string_view text) {
    node made{node::form::string, {}, std::string(text), {}, {}};
    if (std::holds_alternative<count_kind>(row.kind)) {
        // A variable has no quotes that could be left out, so digits are a number and all else is shown as a
        // string.
        if (parse_decimal(text)) made.is = node::form::number;
    } else if (std::holds_alternative<boolean_kind>(row.kind)) {
        constexpr std::array<std::string_view, 4> yes{"true", "yes", "on", "1"},
            no{"false", "no", "off", "0"};
        const auto is_one_of = [&](const auto& words) {
            return std::any_of(words.begin(), words.end(), [&](auto word) { return iequals(word, text); });
        };
        if (is_one_of(yes)) made = {node::form::boolean, {}, "true", {}, {}};
        if (is_one_of(no)) made = {node::form::boolean, {}, "false", {}, {}};
    } else if (std::holds_alternative<endpoints_kind>(row.kind) ||
               std::holds_alternative<texts_kind>(row.kind)) {
        // As in the file, for items with commas of their own. "[::1]:80" is no JSON.
        if (text.starts_with('[')) {
            auto parsed = parse_json(text);
            if (auto* tree = std::get_if<node>(&parsed)) return std::move(*tree);
        }
        made = {node::form::list, {}, {}, {}, {}};
        if (text.empty()) return made;
        for (const auto piece : split(text, ','))
            made.items.push_back({node::form::string, {}, std::string(trim(piece)), {}, {}});
    } else if (std::holds_alternative<named_values_kind>(row.kind)) {
        // What is no JSON stays a string, and is refused as one.
        auto parsed = parse_json(text);
        if (auto* tree = std::get_if<node>(&parsed)) return std::move(*tree);
    }
    return made;
}

}  // namespace fairlead::config
