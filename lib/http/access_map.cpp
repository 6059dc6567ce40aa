#include "http/access_map.hpp"

#include <algorithm>

namespace fairlead::http {

access_map::access_map(std::vector<place> places) : places_(std::move(places)) {
    std::stable_sort(places_.begin(), places_.end(), [](const place& one, const place& other) {
        return one.path.size() > other.path.size();
    });
}

const access_map::place& access_map::at(std::string_view path) const noexcept {
    for (const auto& one : places_) {
        const bool is_below = path.size() > one.path.size() && path[one.path.size()] == '/';
        if (path.starts_with(one.path) && (is_below || path.size() == one.path.size())) return one;
    }
    return places_.back();
}

access_map::ruling access_map::find(verb method, std::string_view path) const noexcept {
    const auto& here = at(path);
    return {&here, here.has_rules ? here.rules.find(method, path) : nullptr};
}

access_rules::verdict access_map::decide(const request& asked, const ruling& by) noexcept {
    const auto& here = *by.where;
    if (!here.has_rules) return access_rules::verdict::open;
    const bool is_known_here = here.users != 0 && here.users == asked.known_among;
    const auto user = is_known_here ? std::string_view(asked.user) : std::string_view();
    const auto verdict = access_rules::decide(by.rule, {user, asked.client.ip});
    if (verdict != access_rules::verdict::open) asked.is_personal = true;
    return verdict;
}

bool access_map::has_rules() const noexcept {
    return std::any_of(places_.begin(), places_.end(), [](const place& one) { return one.has_rules; });
}

}  // namespace fairlead::http
