#pragma once

#include "http/field_rules.hpp"
#include "http/forwarded.hpp"
#include "http/host.hpp"
#include "http/problem.hpp"
#include "site/error_pages.hpp"
#include "site/router.hpp"
#include "steps/step.hpp"
#include "telemetry/log.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace fairlead::site {

/// What the answers of a part of a site have in common, whoever gives them.
struct part {
    std::vector<std::unique_ptr<steps::step>> steps;  ///< in order; on the way back in reverse
    http::method_set methods = http::method_set::all();
    http::field_rules fields;
    error_pages pages;
    const part* above = nullptr;  ///< whose pages count where this part has none
};

/// What is served under some names.
struct named_site {
    std::vector<std::unique_ptr<steps::step>> steps;  ///< before the path is looked up
    router routes;
    std::shared_ptr<handlers::handler> tunnels;  ///< answers CONNECT; nullptr: nobody does
    std::vector<std::unique_ptr<part>> parts;    ///< the first is the site's own, the others its routes'
};

/// The sites of a listener. Those of several listeners may be the same ones.
using named_sites = std::vector<std::shared_ptr<const named_site>>;

/// What a listener serves. It knows no transport, does not change after it was built, and is used by all
/// threads at once. A request goes
///
///   who asks, if a proxy says it -> target (400, traversal 403) -> Host (403) -> steps of the site -> router
///   -> steps of the part -> handler
///   -> steps of the part in reverse (add fields) -> fields of the part
///
/// whether it may wait (`respond`) or not (`try_respond`); both give the same answer. After a CONNECT that
/// opens no tunnel the connection ends, whoever refused it.
class site {
public:
    /// `hosts` gives the index in `sites`, of which there is at least one.
    site(http::host_table hosts, named_sites sites, telemetry::log& log, http::proxy_rules proxies = {})
        : id_(next_id()),
          hosts_(std::move(hosts)),
          sites_(std::move(sites)),
          log_(log),
          proxies_(std::move(proxies)) {}

    /// Answers a request without a body, if nothing has to be waited for; false: await `respond`. `outcome`
    /// holds a fresh response, and then the answer.
    bool try_respond(http::request& request, http::outcome& outcome);

    /// Answers any request. An exception of a handler is logged with the request id and answered with 500.
    /// Where a program names a path of this site as its answer, that is what is answered: with all rules of
    /// that path, and at most `most_local_redirects` times.
    task<http::response> respond(http::request& request);
    static constexpr unsigned most_local_redirects = 5;

    /// Answers if the request is a health check; false for anything else.
    bool try_health(http::request& request, http::response& answer);

    /// The answer for a refusal before anybody knew what was asked for: logged, rendered for `Accept`, with
    /// the fields of the first site and the built-in page, which is small.
    http::response refuse(const http::problem& refusal, const http::request& request) const {
        return render(refusal, request, *sites_.front()->parts.front(), nullptr);
    }

private:
    /// Where a request went, and how far it has come.
    struct way {
        const named_site* here = nullptr;
        handlers::handler* target = nullptr;  ///< nullptr: nothing is there
        const part* within = nullptr;
        std::size_t steps_begun = 0;  ///< of the site, then of the part

        bool has_steps() const noexcept { return !here->steps.empty() || !within->steps.empty(); }
    };
    std::optional<http::outcome> prepare(http::request& request, way& where) const;
    std::optional<http::outcome> find_client(http::request& request) const;
    std::optional<http::outcome> enter_tunnel(http::request& request, way& where) const;
    std::optional<std::size_t> find_site(const http::request& request) const;
    static void find_route(http::request& request, way& where);
    static const steps::step* next_step(http::request& request, way& where);
    bool enter(http::request& request, way& where, http::outcome& outcome) const;
    task<bool> take_steps(http::request& request, way& where, http::outcome& outcome) const;
    void finish(http::outcome& outcome, const http::request& request, const part& within) const;
    void add_fields(const http::request& request, const part& within, http::response& answer) const;
    http::response refuse(const http::problem& refusal, const http::request& request,
                          const part& within) const;
    http::response render(const http::problem& refusal, const http::request& request, const part& within,
                          const error_pages::found& page) const;
    void report(const http::problem& refusal, const http::request& request) const;

    static std::uint64_t next_id() noexcept {
        static std::atomic<std::uint64_t> latest{0};
        return ++latest;
    }

    const std::uint64_t id_;  // no other one has it, also later, when this one's address may be used again
    http::host_table hosts_;
    named_sites sites_;
    telemetry::log& log_;
    const http::proxy_rules proxies_;
};

}  // namespace fairlead::site
