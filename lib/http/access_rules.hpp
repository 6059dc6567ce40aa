#pragma once

#include "base/ip_address.hpp"
#include "http/glob.hpp"
#include "http/message.hpp"
#include "http/method_set.hpp"
#include "http/user_groups.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// Who may do what with which paths: rules in order, the first one for a path and a method decides, and what
/// none is for is denied.
///
///   rule     = left ":" right
///   left     = [ methods SP ] pattern      ; without methods it is for all of them
///   methods  = METHOD *( "," METHOD )      ; GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS, CONNECT;
///                                        ; GET is HEAD, too; the path of CONNECT is "/"
///   pattern  = a glob for the path that begins with '/'; "/a/**" is for "/a", too
///   right    = who [ SP "from" SP networks ]
///   who      = "deny" | "public" | "users" | one *( "," one )
///   one      = "user" SP NAME | "group" SP NAME | network | "users"
///   networks = network *( "," network )    ; as ip_network::parse takes them
///
/// "users" is everybody who has named himself, a network in `who` everybody there, and with "from" those of
/// `who` who are in one of the networks. Immutable once built; safe from any thread.
class access_rules {
public:
    enum class verdict {
        open,        ///< to everybody from everywhere
        allowed,     ///< to who asks from there under this name
        needs_user,  ///< nobody is named; somebody may be allowed
        denied,      ///< whoever asks from there under this name
    };
    /// Who asks; an empty name is nobody.
    struct asker {
        std::string_view user;
        ip_address address;
    };

    /// What a rule says of those who ask.
    struct grant {
        bool everybody = false;
        bool all_users = false;
        std::vector<std::string> users;   ///< by name; with those of the groups once resolved; sorted
        std::vector<std::string> groups;  ///< by name
        ip_networks networks;             ///< whoever asks from there
        std::optional<ip_networks> only_from;

        bool needs_users() const noexcept { return all_users || !users.empty() || !groups.empty(); }
    };

    /// Appends a rule. Returns what is wrong with it in one sentence, and then does not add it: what is not
    /// in the grammar, what says the same twice, and a rule that can never decide since those above take all
    /// that it could take.
    std::optional<std::string> add(std::string_view left, std::string_view right);

    /// Fills in who is in the groups. Returns the sentence that names a group which is not there.
    std::optional<std::string> resolve(const user_groups& groups);

    bool empty() const noexcept { return rules_.empty(); }

    /// Whether a rule asks for a name, so that there has to be somebody who knows names.
    bool needs_users() const noexcept;

    /// The names that "user" and resolved groups give, each once, in order.
    std::vector<std::string> named_users() const;

    /// The left side of the first rule that can match no path which is `path` or lies below it (`path` begins
    /// with '/' and does not end in it), or nothing.
    std::optional<std::string> find_outside(std::string_view path) const;

    /// The left side of the first rule that is only for methods which are not in `methods`, or nothing.
    std::optional<std::string> find_unused(const std::vector<std::string>& methods) const;

    /// The rule for a normalised, decoded path, or nullptr. Allocates nothing.
    const grant* find(verb method, std::string_view path) const noexcept;
    /// What a rule that was found says; without one it is denied.
    static verdict decide(const grant* by, const asker& who) noexcept;
    /// Both in one.
    verdict decide(verb method, std::string_view path, const asker& who) const noexcept {
        return decide(find(method, path), who);
    }

private:
    /// The paths of a rule.
    class paths {
    public:
        static parse_result<paths> parse(std::string_view pattern);
        bool match(std::string_view path) const noexcept {
            const bool fits =
                takes_all_behind_ ? path.starts_with(pattern_.literal_prefix()) : pattern_.matches(path);
            return fits || (folder_ && folder_->matches(path));
        }
        /// Whether each path of `other` is one of these; false also when that is not plain to see.
        bool include(const paths& other) const noexcept;
        bool can_match_below(std::string_view path) const noexcept;

    private:
        explicit paths(glob pattern) : pattern_(std::move(pattern)) {}

        glob pattern_;
        std::optional<glob> folder_;     ///< of "/a/**": "/a"
        bool takes_all_behind_ = false;  ///< everything that begins with the literal prefix
    };
    struct rule {
        std::string left;
        method_set methods;
        access_rules::paths paths;
        access_rules::grant grant;
    };

    static parse_result<method_set> parse_methods(std::string_view text);
    static parse_result<grant> parse_grant(std::string_view right);
    static std::optional<std::string> add_one(std::string_view one, grant& to,
                                              std::vector<ip_network>& networks);

    std::vector<rule> rules_;
};

}  // namespace fairlead::http
