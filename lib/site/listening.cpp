#include "site/listening.hpp"

#include <algorithm>

namespace fairlead::site {
namespace {

/// One address and who is there.
struct place {
    config::endpoint at;
    bool is_shared;  ///< of the top of the file
    std::vector<std::size_t> sites;
};

place& place_at(std::vector<place>& places, const config::endpoint& at) {
    const auto known = std::find_if(places.begin(), places.end(), [&](const place& one) {
        return one.at == at && at.port != 0;  // each port 0 is another port
    });
    if (known != places.end()) return *known;
    return places.emplace_back(place{at, false, {}});
}

}  // namespace

std::vector<listening> plan_listeners(const config::settings& settings) {
    std::vector<place> places;
    for (const auto& at : settings.listen) places.push_back({at, true, {0}});
    for (std::size_t n = 0; n < settings.sites.size(); ++n) {
        const auto& own = settings.sites[n].listen;
        for (const auto& at : own) place_at(places, at).sites.push_back(n + 1);
        for (auto& one : places)
            if (own.empty() && one.is_shared) one.sites.push_back(n + 1);
    }
    std::vector<listening> plan;
    for (auto& one : places) {
        const auto same = std::find_if(plan.begin(), plan.end(),
                                       [&](const listening& known) { return known.sites == one.sites; });
        if (same != plan.end())
            same->at.push_back(one.at);
        else
            plan.push_back({{one.at}, std::move(one.sites)});
    }
    return plan;
}

}  // namespace fairlead::site
