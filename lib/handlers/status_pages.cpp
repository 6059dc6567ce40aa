#include "handlers/status_pages.hpp"

#include "handlers/conditional_page.hpp"
#include "handlers/methods.hpp"

namespace fairlead::handlers {

bool health_page::try_handle(http::request& request, http::outcome& outcome) {
    outcome = answer(request);
    return true;
}

task<http::outcome> health_page::handle(http::request& request) { co_return answer(request); }

http::outcome health_page::answer(const http::request& request) const {
    if (auto other = check_method(request, {http::verb::get, http::verb::head})) return std::move(*other);
    const bool is_verbose = allows_verbose_ && request.query == "verbose";
    bool is_healthy = true;
    std::string lines;
    for (const auto& check : checks_) {
        const bool passes = check.passes();
        is_healthy = is_healthy && (passes || !check.is_needed);
        if (is_verbose)
            lines.append(passes ? "[+]" : "[-]").append(check.name).append(passes ? " ok\n" : " failed\n");
    }
    http::response page;
    page.status = is_healthy ? http::status::ok : http::status::service_unavailable;
    page.fields.add("Content-Type", "text/plain; charset=utf-8");
    page.fields.add("Cache-Control", "no-store");
    lines += is_healthy ? "ok\n" : "not ready\n";
    page.body = std::move(lines);
    page.is_quiet = true;
    return conditional_page(request, std::move(page));
}

bool metrics_page::try_handle(http::request& request, http::outcome& outcome) {
    outcome = answer(request);
    return true;
}

task<http::outcome> metrics_page::handle(http::request& request) { co_return answer(request); }

http::outcome metrics_page::answer(const http::request& request) const {
    if (auto other = check_method(request, {http::verb::get, http::verb::head})) return std::move(*other);
    http::response page;
    page.fields.add("Content-Type", content_type_);
    page.fields.add("Cache-Control", "no-store");
    page.body = render_();
    page.is_quiet = true;
    return conditional_page(request, std::move(page));
}

}  // namespace fairlead::handlers
