#pragma once

#include "handlers/handler.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::site {

/// Which handler serves a path.
class router {
public:
    /// `path` is served by `target` when it is the same (`exact`), or begins with it (a prefix that ends in
    /// '/').
    enum class match { exact, prefix };
    void add(match kind, std::string path, std::shared_ptr<handlers::handler> target);

    /// The handler of the exact path, else of the longest prefix, else nullptr. `path` is normalised.
    handlers::handler* find(std::string_view path) const noexcept;

private:
    struct route {
        match kind;
        std::string path;
        std::shared_ptr<handlers::handler> target;
    };
    static constexpr std::size_t longest_told = 63;  // longer paths share the last bit

    std::vector<route> routes_;  // exact ones first, then prefixes from long to short
    std::size_t exact_count_ = 0;
    std::uint64_t exact_lengths_ = 0;  // bit n: an exact route of n bytes exists
};

}  // namespace fairlead::site
