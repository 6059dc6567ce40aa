#pragma once

#include "config/settings.hpp"

#include <cstddef>
#include <vector>

namespace fairlead::site {

/// Addresses on which the same sites are served.
struct listening {
    std::vector<config::endpoint> at;
    /// The default site is 0, settings.sites[n] is n + 1. The first one is what a request gets that names a
    /// loopback address, or the address that is listened on.
    std::vector<std::size_t> sites;
};

/// Which sites are served where: the default site at the addresses of the top of the file, the others there
/// or at their own. The first one has the first address of the top. An address whose port the kernel chooses
/// is shared by those that do not name it themselves.
std::vector<listening> plan_listeners(const config::settings& settings);

}  // namespace fairlead::site
