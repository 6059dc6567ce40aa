#pragma once

#include "handlers/handler.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::site {

struct part;

/// Which handler serves a path, and which part of the site it belongs to.
class router {
public:
    /// `path` is served by `target` when it is the same (`exact`), or begins with it (a prefix that ends in
    /// '/'). `belongs_to` outlives the router.
    enum class match { exact, prefix };
    void add(match kind, std::string path, std::shared_ptr<handlers::handler> target, const part& belongs_to);

    struct route {
        match kind;
        std::string path;
        std::shared_ptr<handlers::handler> target;
        const part* belongs_to;
    };
    /// The route of the exact path, else of the longest prefix, else nullptr. `path` is normalised.
    const route* find(std::string_view path) const noexcept;

private:
    static constexpr std::size_t longest_told = 63;  // longer paths share the last bit

    std::vector<route> routes_;  // exact ones first, then prefixes from long to short
    std::size_t exact_count_ = 0;
    std::uint64_t exact_lengths_ = 0;  // bit n: an exact route of n bytes exists
};

}  // namespace fairlead::site
