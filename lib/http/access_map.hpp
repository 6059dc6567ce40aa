#pragma once

#include "http/access_rules.hpp"
#include "http/message.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// Which rules of access count at which path of a site: those of the site, and those of its routes. It is
/// asked for every path that an answer rests on: the one that was asked for, the one that is served in its
/// place, an index file, where a link leads, what a listing shows. Immutable once built; safe from any
/// thread.
class access_map {
public:
    /// What counts at a path, and below it.
    struct place {
        std::string path;  ///< "" for the site, else as that of a route: begins with '/', does not end in it
        bool has_rules = false;  ///< without any, everybody may do everything
        access_rules rules;
        std::size_t users = 0;  ///< the number of those who are known there; 0: nobody
        std::string challenge;  ///< `WWW-Authenticate` or `Proxy-Authenticate`
    };

    /// `places` has the site's own.
    explicit access_map(std::vector<place> places);

    const place& at(std::string_view path) const noexcept;

    /// The place of a path, and the rule there for a method; nullptr: what is there is denied.
    struct ruling {
        const place* where;
        const access_rules::grant* rule;
    };
    ruling find(verb method, std::string_view path) const noexcept;

    /// What a ruling says to a request that has come for it, or for another path. A name counts where the
    /// same users are known as at the place where it was proved. Notes in the request when the answer would
    /// not be the same for everybody.
    static access_rules::verdict decide(const request& asked, const ruling& by) noexcept;
    access_rules::verdict decide(const request& asked, verb method, std::string_view path) const noexcept {
        return decide(asked, find(method, path));
    }

    /// Whether any place has rules.
    bool has_rules() const noexcept;

private:
    std::vector<place> places_;  // from long to short paths
};

/// Whether the rules of the site let who asks use `method` at `path`, which begins with '/'. Where there are
/// none they do.
inline bool may(const request& asked, verb method, std::string_view path) noexcept {
    if (!asked.access) return true;
    const auto verdict = asked.access->decide(asked, method, path);
    return verdict == access_rules::verdict::open || verdict == access_rules::verdict::allowed;
}

/// Whether who asks may know of what is at `path`: GET is allowed there.
inline bool may_see(const request& asked, std::string_view path) noexcept {
    return may(asked, verb::get, path);
}

}  // namespace fairlead::http
