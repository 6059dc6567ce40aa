#pragma once

#include "handlers/handler.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace fairlead::handlers {

/// An address whose methods have handlers of their own. GET stands for HEAD, too. What no handler takes gets
/// the answer of `check_method` with all of them.
class by_method final : public handler {
public:
    using entry = std::pair<http::verb, std::shared_ptr<handler>>;
    explicit by_method(std::vector<entry> entries) : entries_(std::move(entries)) {}

    bool try_handle(http::request& request, http::outcome& outcome) override;
    task<http::outcome> handle(http::request& request) override;

private:
    handler* find(const http::request& request) const noexcept;
    http::outcome refuse(const http::request& request) const;

    const std::vector<entry> entries_;
};

}  // namespace fairlead::handlers
