#include "site/router.hpp"

#include <algorithm>

namespace fairlead::site {

void router::add(match kind, std::string path, std::shared_ptr<handlers::handler> target,
                 const part& belongs_to) {
    if (kind == match::exact) {
        exact_lengths_ |= std::uint64_t{1} << std::min(path.size(), longest_told);
        ++exact_count_;
    }
    routes_.push_back({kind, std::move(path), std::move(target), &belongs_to});
    std::stable_sort(routes_.begin(), routes_.end(), [](const route& a, const route& b) {
        if (a.kind != b.kind) return a.kind == match::exact;
        return a.path.size() > b.path.size();
    });
}

const router::route* router::find(std::string_view path) const noexcept {
    // Most paths are files: their length alone rules the few exact routes out.
    auto first = routes_.begin();
    if ((exact_lengths_ >> std::min(path.size(), longest_told) & 1) == 0)
        first += static_cast<std::ptrdiff_t>(exact_count_);
    for (; first != routes_.end(); ++first) {
        if (first->kind == match::exact) {
            if (path == first->path) return &*first;
        } else if (first->path.size() == 1 ? path.starts_with('/') : path.starts_with(first->path)) {
            return &*first;  // that of "/" comes last, for most files, and needs no comparison
        }
    }
    return nullptr;
}

}  // namespace fairlead::site
