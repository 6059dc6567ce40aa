#include "http/user_groups.hpp"

#include "base/text.hpp"
#include "http/escape.hpp"

#include <algorithm>

namespace fairlead::http {
namespace {

bool holds(const std::vector<std::string>& list, std::string_view text) noexcept {
    return std::find(list.begin(), list.end(), text) != list.end();
}

}  // namespace

bool is_user_name(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 255 && text.find_first_of(" ,:\"") == std::string_view::npos &&
           !has_control_character(text) && is_valid_utf8(text);
}

parse_result<user_groups> user_groups::parse(const std::vector<named_value>& groups) {
    user_groups parsed;
    for (const auto& one : groups) {
        const auto& group = one.name;
        if (!is_user_name(group))
            return std::string("the name of a group is one word without ',', ':' and quotes");
        std::vector<std::string> members;
        for (const auto text : split(one.text(), ',')) {
            const auto name = trim(text);
            if (!is_user_name(name))
                return json_string(name) +
                       " is no name: write names of users (one word each), separated by commas";
            if (holds(members, name)) return json_string(name) + " is in this group twice: remove one";
            members.emplace_back(name);
        }
        if (!parsed.groups_.emplace(group, std::move(members)).second)
            return "the group " + json_string(group) + " is there twice: remove one";
    }
    return parsed;
}

const std::vector<std::string>* user_groups::find(std::string_view group) const noexcept {
    const auto found = groups_.find(group);
    return found == groups_.end() ? nullptr : &found->second;
}

}  // namespace fairlead::http
