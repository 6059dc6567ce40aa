#include "site/guarding.hpp"

#include "files/user_file.hpp"
#include "steps/access.hpp"
#include "steps/cors.hpp"
#include "steps/rate.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace fairlead::site {
namespace {

/// What rules ask for, and is not there.
void warn_of_unknown(const http::access_rules& rules, const files::user_file& file, telemetry::log& log) {
    const auto users = file.users();
    for (const auto& name : rules.named_users())
        if (!users->find(name))
            log.warn("access: the rules name the user {}, who is not in {}", name, file.path());
}

http::access_map::place place_of(std::string path, const config::delivery_settings& delivery,
                                 access_resources& owned) {
    http::access_map::place made;
    made.path = std::move(path);
    made.has_rules = !delivery.access.empty();
    made.challenge = "Basic realm=\"" + delivery.auth.realm + "\", charset=\"UTF-8\"";
    for (const auto& one : delivery.access)
        if (const auto wrong = made.rules.add(one.name, one.text()))
            throw std::runtime_error("access: " + one.name + ": " + *wrong);
    const auto groups = http::user_groups::parse(delivery.auth.groups);
    if (!groups) throw std::runtime_error("auth.groups: " + groups.error());
    if (const auto unknown = made.rules.resolve(*groups)) throw std::runtime_error("access: " + *unknown);
    if (made.rules.needs_users() && !delivery.auth.users.empty())
        made.users = owned.number_of(delivery.auth.users);
    return made;
}

/// Where the step stands: behind the rate of addresses, so that who is beyond it has no password checked, and
/// before that of users, who have to be known.
auto place_in(const std::vector<std::unique_ptr<steps::step>>& all) {
    return std::find_if_not(all.begin(), all.end(), [](const auto& step) {
        const auto* const rate = dynamic_cast<const steps::rate*>(step.get());
        return rate && rate->by() == steps::rate_by::address;
    });
}

bool answers_preflights(const part& its) {
    return std::any_of(its.steps.begin(), its.steps.end(), [](const auto& step) {
        return dynamic_cast<const steps::cors*>(step.get()) != nullptr;
    });
}

}  // namespace

std::size_t access_resources::number_of(const std::string& file) {
    for (std::size_t i = 0; i < known.size(); ++i)
        if (known[i]->file().path() == file) return i + 1;
    known.push_back(std::make_unique<steps::logins>(file, passwords, throttle));
    passwords.start();
    return known.size();
}

void access_resources::keep_house(telemetry::log& log) {
    for (const auto& one : known) one->keep_house(log);
}

void guard(named_site& made, const config::site_settings& site, access_resources& owned,
           std::chrono::milliseconds retry_after, telemetry::metrics& metrics, telemetry::log& log) {
    std::vector<http::access_map::place> places;
    places.push_back(place_of("", site.delivery, owned));
    for (const auto& route : site.routes) places.push_back(place_of(route.path, route.delivery, owned));
    for (const auto& place : places)
        if (place.users != 0) warn_of_unknown(place.rules, owned.known[place.users - 1]->file(), log);
    auto map = std::make_unique<http::access_map>(std::move(places));
    if (!map->has_rules()) return;
    steps::access::options options;
    options.retry_after = retry_after;
    for (const auto& one : owned.known) options.known.push_back(one.get());
    for (const auto& its : made.parts) {
        options.are_preflights_answered = answers_preflights(*its);
        its->steps.insert(place_in(its->steps), std::make_unique<steps::access>(*map, metrics, options));
    }
    owned.maps.push_back(std::move(map));
}

std::vector<std::string> find_user_file_faults(const config::settings& settings) {
    std::set<std::string> named;
    const auto add = [&](const config::site_settings& site) {
        named.insert(site.delivery.auth.users);
        for (const auto& route : site.routes) named.insert(route.delivery.auth.users);
    };
    add(settings.site);
    for (const auto& site : settings.sites) add(site);
    named.erase("");
    std::vector<std::string> faults;
    for (const auto& file : named) {
        try {
            const files::user_file opened(file);
        } catch (const std::exception& error) {
            faults.emplace_back(error.what());
        }
    }
    return faults;
}

}  // namespace fairlead::site
