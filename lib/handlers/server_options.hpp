#pragma once

#include "handlers/handler.hpp"

#include <string>
#include <utility>

namespace fairlead::handlers {

/// `OPTIONS *`: what is understood anywhere (RFC 9110 section 9.3.7).
class server_options final : public handler {
public:
    explicit server_options(std::string allow) : allow_(std::move(allow)) {}
    bool try_handle(http::request& request, http::outcome& outcome) override;
    task<http::outcome> handle(http::request& request) override;

private:
    const std::string allow_;
};

/// 404 for every method, whatever is there.
class nothing_here final : public handler {
public:
    bool try_handle(http::request& request, http::outcome& outcome) override;
    task<http::outcome> handle(http::request& request) override;
};

}  // namespace fairlead::handlers
