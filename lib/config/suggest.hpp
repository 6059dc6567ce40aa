#pragma once

#include "base/text.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

namespace fairlead::config {

/// The candidate nearest to a mistyped `word`, or an empty view when none is near: at most one edit for three
/// letters
/// (`maxBody`, `max-body` and `max_bodie` all mean `max_body`).
inline std::string_view suggest(std::string_view word, std::span<const std::string_view> candidates) {
    // Longer words are no typing errors, and the distance is quadratic in them.
    constexpr std::size_t longest = 64;
    if (word.size() > longest) return {};
    std::string_view nearest;
    auto least = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const auto candidate : candidates) {
        const auto distance = edit_distance(to_lower(word), to_lower(candidate));
        if (distance >= least) continue;
        least = distance;
        nearest = candidate;
    }
    return nearest;
}

}  // namespace fairlead::config
