#include "http/access_rules.hpp"

#include "base/text.hpp"
#include "http/escape.hpp"

#include <algorithm>
#include <array>

namespace fairlead::http {
namespace {

using fault = std::optional<std::string>;

constexpr std::array<std::pair<std::string_view, verb>, 8> known_methods{{{"GET", verb::get},
                                                                          {"HEAD", verb::head},
                                                                          {"POST", verb::post},
                                                                          {"PUT", verb::put},
                                                                          {"DELETE", verb::delete_},
                                                                          {"PATCH", verb::patch},
                                                                          {"OPTIONS", verb::options},
                                                                          {"CONNECT", verb::connect}}};

bool holds(const std::vector<std::string>& list, std::string_view text) noexcept {
    return std::find(list.begin(), list.end(), text) != list.end();
}

bool looks_like_address(std::string_view text) noexcept {
    return text.find_first_of(".:/") != std::string_view::npos;
}

bool includes(const ip_network& outer, const ip_network& inner) noexcept {
    return outer.contains(inner.first()) && outer.length() <= inner.length() &&
           outer.first().is_v4() == inner.first().is_v4();
}

/// A network to add to a list, unless one of them says something about the other already.
fault add_network(std::string_view text, std::vector<ip_network>& list) {
    const auto network = ip_network::parse(text);
    if (!network) return network.error();
    for (const auto& one : list) {
        if (includes(one, *network))
            return network->to_string() + " is inside of " + one.to_string() + " already: remove it";
        if (includes(*network, one))
            return one.to_string() + " is inside of " + network->to_string() + ": remove it";
    }
    list.push_back(*network);
    return std::nullopt;
}

parse_result<ip_networks> parse_networks(std::string_view text) {
    std::vector<ip_network> list;
    for (const auto one : split(text, ','))
        if (auto wrong = add_network(trim(one), list)) return *wrong;
    return ip_networks(std::move(list));
}

}  // namespace

parse_result<method_set> access_rules::parse_methods(std::string_view text) {
    method_set methods;
    for (const auto name : split(text, ',')) {
        const auto* const known = std::find_if(known_methods.begin(), known_methods.end(),
                                               [&](const auto& one) { return one.first == name; });
        if (known == known_methods.end())
            return json_string(name) +
                   " is no method that a rule can be for: write GET, HEAD, POST, PUT, DELETE, PATCH, "
                   "OPTIONS or CONNECT, separated by commas without spaces, and one space before the path";
        // GET brings HEAD with it, which may stand beside it all the same.
        if (methods.contains(known->second) && known->second != verb::head)
            return json_string(name) + " is there twice: remove one";
        methods.add(known->second);
    }
    return methods;
}

fault access_rules::add_one(std::string_view one, grant& to, std::vector<ip_network>& networks) {
    const auto space = one.find(' ');
    const auto word = one.substr(0, space);
    const auto name = space == std::string_view::npos ? std::string_view{} : trim(one.substr(space));
    if (word == "user" || word == "group") {
        if (!is_user_name(name))
            return json_string(one) + " names nobody: write \"" + std::string(word) +
                   " NAME\" with one word, and commas between several";
        auto& list = word == "user" ? to.users : to.groups;
        if (holds(list, name)) return json_string(one) + " is there twice: remove one";
        list.emplace_back(name);
        return std::nullopt;
    }
    if (one == "users") {
        if (to.all_users) return "\"users\" is there twice: remove one";
        to.all_users = true;
        return std::nullopt;
    }
    if (one == "public" || one == "deny") return json_string(one) + " stands alone: remove it, or the others";
    if (looks_like_address(one)) return add_network(one, networks);
    return json_string(one) +
           " is nobody: write \"public\", \"users\", \"user NAME\", \"group NAME\", a network "
           "(\"10.0.0.0/8\"), several of them with commas between, or \"deny\"";
}

parse_result<access_rules::grant> access_rules::parse_grant(std::string_view right) {
    constexpr std::string_view from_word = " from ";
    grant parsed;
    const auto from = right.find(from_word);
    const auto who = trim(right.substr(0, from));
    if (who == "from" || who.starts_with("from ")) return std::string("write who it is before \"from\"");
    if (from != std::string_view::npos) {
        const auto networks = trim(right.substr(from + from_word.size()));
        if (who == "deny")
            return std::string(
                "\"deny\" takes no \"from\": write those who may, and the networks that they come from");
        if (networks.find(from_word) != std::string_view::npos)
            return std::string("\"from\" is there twice: write all networks behind one");
        auto list = parse_networks(networks);
        if (!list) return list.error();
        parsed.only_from = std::move(*list);
    }
    if (who == "deny") return parsed;
    if (who == "public") {
        parsed.everybody = true;
        return parsed;
    }
    std::vector<ip_network> networks;
    for (const auto one : split(who, ','))
        if (auto wrong = add_one(trim(one), parsed, networks)) return *wrong;
    if (parsed.all_users && !(parsed.users.empty() && parsed.groups.empty()))
        return std::string("\"users\" has every user and group in it: remove the others, or \"users\"");
    if (parsed.only_from && !networks.empty())
        return std::string("networks stand before \"from\" and behind it: write those that count behind it");
    parsed.networks = ip_networks(std::move(networks));
    std::sort(parsed.users.begin(), parsed.users.end());
    return parsed;
}

fault access_rules::add(std::string_view left, std::string_view right) {
    auto methods = method_set::all();
    auto pattern = left;
    if (const auto space = left.find(' '); space != std::string_view::npos && !left.starts_with('/')) {
        const auto given = parse_methods(left.substr(0, space));
        if (!given) return given.error();
        methods = *given;
        pattern = trim(left.substr(space));
    }
    auto matched = paths::parse(pattern);
    if (!matched) return matched.error();
    auto allowed = parse_grant(trim(right));
    if (!allowed) return allowed.error();
    auto undecided = methods;
    for (const auto& above : rules_) {
        const bool is_same = above.left == left;
        if (!is_same && !above.paths.include(*matched)) continue;
        undecided = undecided.without(above.methods);
        if (is_same || undecided.empty())
            return "it can never decide, since " + json_string(above.left) +
                   (is_same ? " is there already: remove one"
                            : " above takes all of it: move it up, or "
                              "remove it");
    }
    rules_.push_back({std::string(left), methods, std::move(*matched), std::move(*allowed)});
    return std::nullopt;
}

fault access_rules::resolve(const user_groups& groups) {
    for (auto& one : rules_) {
        auto& users = one.grant.users;
        for (const auto& name : one.grant.groups) {
            const auto* const members = groups.find(name);
            if (!members)
                return json_string(one.left) + " lets in the group " + json_string(name) +
                       ", which is not in auth.groups: add it there, or correct the name";
            users.insert(users.end(), members->begin(), members->end());
        }
        std::sort(users.begin(), users.end());
        users.erase(std::unique(users.begin(), users.end()), users.end());
    }
    return std::nullopt;
}

bool access_rules::needs_users() const noexcept {
    return std::any_of(rules_.begin(), rules_.end(), [](const rule& one) { return one.grant.needs_users(); });
}

std::vector<std::string> access_rules::named_users() const {
    std::vector<std::string> names;
    for (const auto& one : rules_) names.insert(names.end(), one.grant.users.begin(), one.grant.users.end());
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

std::optional<std::string> access_rules::find_outside(std::string_view path) const {
    for (const auto& one : rules_)
        if (!one.paths.can_match_below(path)) return one.left;
    return std::nullopt;
}

std::optional<std::string> access_rules::find_unused(const std::vector<std::string>& methods) const {
    method_set used;
    used.add(verb::options);  // always answered
    for (const auto& name : methods) used.add(boost::beast::http::string_to_verb(name));
    for (const auto& one : rules_)
        if (!one.methods.overlaps(used)) return one.left;
    return std::nullopt;
}

access_rules::verdict access_rules::decide(const grant* by, const asker& who) noexcept {
    if (!by) return verdict::denied;
    if (by->only_from && !by->only_from->contains(who.address)) return verdict::denied;
    if (by->everybody && !by->only_from) return verdict::open;
    if (by->everybody || by->networks.contains(who.address)) return verdict::allowed;
    if (!by->needs_users()) return verdict::denied;
    if (who.user.empty()) return verdict::needs_user;
    const bool is_named =
        by->all_users || std::binary_search(by->users.begin(), by->users.end(), who.user, std::less<>());
    return is_named ? verdict::allowed : verdict::denied;
}

const access_rules::grant* access_rules::find(verb method, std::string_view path) const noexcept {
    for (const auto& one : rules_)
        if (one.methods.contains(method) && one.paths.match(path)) return &one.grant;
    return nullptr;
}

}  // namespace fairlead::http
