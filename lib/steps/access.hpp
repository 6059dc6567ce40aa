#pragma once

#include "http/access_map.hpp"
#include "steps/logins.hpp"
#include "steps/step.hpp"
#include "telemetry/metrics.hpp"

#include <chrono>
#include <string_view>
#include <vector>

namespace fairlead::steps {

/// Lets pass who may, by the rules for the path that was asked for, and for the one that is served in its
/// place. It decides before anybody looks at the disk, so that 401 and 403 tell nothing of what is there.
///
/// Credentials are looked at only where the rules ask for a name: where everybody may, wrong ones do not
/// matter (RFC 9110 section 11.6.2), and nobody can try passwords.
///
///   401  nobody is named, and somebody could be let in; the credentials are wrong. 407 for CONNECT, whose
///        credentials stand in Proxy-Authorization
///   403  whoever asks there under this name may not
///   400  the field with the credentials is there twice; 431 for more of it than any credentials need
///   429  the address has failed too often; 503 too many passwords are being compared
///
/// An answer that not everybody would get is marked with `Cache-Control: private`, in addition to what it
/// has, unless that keeps caches from giving it to others already.
class access final : public step {
public:
    struct options {
        std::vector<logins*> known;  ///< by the numbers in the map, from 1 on
        std::chrono::milliseconds retry_after{5000};
        /// Whether the next step answers preflights, which browsers send without credentials. Where nobody
        /// does they are requests like any other.
        bool are_preflights_answered = false;
    };

    /// `map` has the rules of the whole site. It outlives the step, as `metrics` and those who are known do.
    access(const http::access_map& map, telemetry::metrics& metrics, options how)
        : map_(map), metrics_(metrics), options_(std::move(how)) {}

    std::optional<http::outcome> before(http::request& request) const override;
    bool has_to_wait(const http::request& request) const override;
    task<std::optional<http::outcome>> before_waiting(http::request& request) const override;
    void after(const http::request& request, http::response& response) const override;

private:
    bool is_exempt(const http::request& request) const noexcept;
    logins* logins_at(const http::access_map::place& where) const noexcept;
    bool has_to_compare(const http::request& request, std::string_view path) const;
    std::optional<http::problem> judge(http::request& request, std::string_view path,
                                       const logins::found* compared) const;
    std::optional<http::problem> judge_named(http::request& request, const http::access_map::ruling& rule,
                                             const logins::found& login) const;

    const http::access_map& map_;
    telemetry::metrics& metrics_;
    const options options_;
};

}  // namespace fairlead::steps
