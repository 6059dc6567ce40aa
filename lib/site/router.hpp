#pragma once

#include "handlers/handler.hpp"

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
    std::vector<route> routes_;  // exact ones first, then prefixes from long to short
};

}  // namespace fairlead::site
