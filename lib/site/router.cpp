#include "site/router.hpp"

#include <algorithm>

namespace fairlead::site {

void router::add(match kind, std::string path, std::shared_ptr<handlers::handler> target) {
    routes_.push_back({kind, std::move(path), std::move(target)});
    std::stable_sort(routes_.begin(), routes_.end(), [](const route& a, const route& b) {
        if (a.kind != b.kind) return a.kind == match::exact;
        return a.path.size() > b.path.size();
    });
}

handlers::handler* router::find(std::string_view path) const noexcept {
    for (const auto& one : routes_) {
        const bool fits = one.kind == match::exact ? path == one.path : path.starts_with(one.path);
        if (fits) return one.target.get();
    }
    return nullptr;
}

}  // namespace fairlead::site
