#pragma once

#include "handlers/handler.hpp"

#include <functional>
#include <string>
#include <vector>

namespace fairlead::handlers {

/// One thing that should hold. `passes` never blocks.
struct health_check {
    std::string name;
    std::function<bool()> passes;
    bool is_needed = true;  ///< without it the server is not ready; else it is only told
};

/// `/livez`, `/readyz`, `/healthz`: 200 `ok`, or 503 when a needed check fails. With `?verbose` a line for
/// each check, where that is allowed (the admin listener): `[+]name ok` or `[-]name failed`, the form that
/// Kubernetes made common.
class health_page final : public handler {
public:
    health_page(std::vector<health_check> checks, bool allows_verbose)
        : checks_(std::move(checks)), allows_verbose_(allows_verbose) {}
    bool try_handle(http::request& request, http::outcome& outcome) override;
    task<http::outcome> handle(http::request& request) override;
    bool is_health_check() const noexcept override { return true; }

private:
    http::outcome answer(const http::request& request) const;

    std::vector<health_check> checks_;
    bool allows_verbose_;
};

/// `/metrics`: the text that `render` gives, in Prometheus' text format.
class metrics_page final : public handler {
public:
    metrics_page(std::function<std::string()> render, std::string content_type)
        : render_(std::move(render)), content_type_(std::move(content_type)) {}
    bool try_handle(http::request& request, http::outcome& outcome) override;
    task<http::outcome> handle(http::request& request) override;

private:
    http::outcome answer(const http::request& request) const;

    std::function<std::string()> render_;
    std::string content_type_;
};

}  // namespace fairlead::handlers
