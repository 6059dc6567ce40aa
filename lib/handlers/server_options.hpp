#pragma once

#include "handlers/handler.hpp"
#include "http/method_set.hpp"

namespace fairlead::handlers {

/// `OPTIONS *`: what is understood anywhere (RFC 9110 section 9.3.7).
class server_options final : public handler {
public:
    /// `taken`: the methods that some address of the site takes.
    explicit server_options(http::method_set taken) noexcept : taken_(taken) {}
    bool try_handle(http::request& request, http::outcome& outcome) override;
    task<http::outcome> handle(http::request& request) override;

private:
    const http::method_set taken_;
};

/// 404 for every method, whatever is there.
class nothing_here final : public handler {
public:
    bool try_handle(http::request& request, http::outcome& outcome) override;
    task<http::outcome> handle(http::request& request) override;
};

}  // namespace fairlead::handlers
