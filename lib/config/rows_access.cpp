#include "config/item_checks.hpp"
#include "config/named_checks.hpp"
#include "config/rows.hpp"

#include <array>

/// Who may do what, and how much of it.
namespace fairlead::config {
namespace {

using namespace std::string_view_literals;

constexpr std::array rate_by_words{"address"sv, "user"sv};

template <auto Member>
constexpr auto auth() {
    return delivery<&delivery_settings::auth, Member>();
}
template <auto Member>
constexpr auto rate() {
    return delivery<&delivery_settings::rate, Member>();
}

using d = delivery_settings;
using a = auth_settings;
using r = rate_settings;

constexpr std::array rows{
    setting{"auth.users", path_kind{auth<&a::users>(), true},
            "File of users, a line `NAME:HASH` each, as htpasswd and `fairlead hash-password` write it "
            "(bcrypt, yescrypt, sha512-crypt); it is read again when it changes.",
            R"("/etc/fairlead/users")", scope::route},
    setting{"auth.groups",
            named_values_kind{auth<&a::groups>(), check_groups, merge_groups, false,
                              "an object of names and lists of users ({\"staff\": \"ann, bob\"})"},
            "Groups, and the users in them, for `access`.", R"({"staff": "ann, bob"})", scope::route},
    setting{"auth.realm",
            text_kind{auth<&a::realm>(), check_realm, "printable ASCII without quotes and backslash"},
            "What browsers show, and remember a password for.", R"("Office")", scope::route},

    setting{"access",
            named_values_kind{delivery<&d::access>(), check_access, merge_access, false,
                              "an object of rules ({\"GET /team/**\": \"group staff\"})"},
            "Who may do what: `[METHODS ]PATTERN` to `public`, `users`, `deny`, or a list of `user NAME`, "
            "`group NAME` and networks, perhaps `from` networks; the first match decides, and what none "
            "allows is denied.",
            R"({"GET /office/**": "10.0.0.0/8", "GET /public/**": "public"})", scope::route},

    setting{"rate.requests",
            text_kind{rate<&r::requests>(), check_rate, "a number and a time (\"10/s\") or \"\""},
            "Requests of one client, an IPv4 address or the /64 of an IPv6 address; beyond that 429. Empty "
            "is no limit.",
            R"("600/m")", scope::route},
    setting{"rate.burst", count_kind{rate<&r::burst>(), 0, many},
            "Requests that a client may make at once, when there were none before; 0 is the number of "
            "`rate.requests`.",
            "20", scope::route},
    setting{"rate.bytes", size_kind{rate<&r::bytes>(), 0, 1024 * gib},
            "Bytes of content a second, received and sent together; a client that is ahead of it gets 429 "
            "until it has been made up for. 0 is no limit.",
            R"("10m")", scope::route},
    setting{
        "rate.by",
        word_at<&settings::site, &site_settings::delivery, &delivery_settings::rate, &r::by>(rate_by_words),
        "Whose rates these are: those of each `address`, or of each `user`, where requests of nobody count "
        "by address.",
        R"("user")", scope::route},
};

}  // namespace

std::span<const setting> access_rows() noexcept { return rows; }

}  // namespace fairlead::config
