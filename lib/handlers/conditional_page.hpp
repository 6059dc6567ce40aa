#pragma once

#include "http/conditional.hpp"
#include "http/message.hpp"
#include "http/problem.hpp"

#include <utility>

namespace fairlead::handlers {

/// A page that is made anew each time, so that it has no validators: there is one (`*`), and it is no version
/// that anybody can name. What the preconditions of the request let be sent of it: the page, 304, or 412
/// (RFC 9110 section 13).
inline http::outcome conditional_page(const http::request& request, http::response page) {
    if (page.status != http::status::ok) return page;  // section 13.2.1
    switch (http::evaluate(request.method, request.fields, {}, 0)) {
        case http::precondition::proceed: break;
        case http::precondition::precondition_failed:
            return http::refuse(http::status::precondition_failed,
                                "This page is made anew each time: no version of it can be asked for.");
        case http::precondition::not_modified: {
            http::response unchanged;
            unchanged.status = http::status::not_modified;
            for (const auto* name : {"Cache-Control", "Vary"})
                if (const auto value = page.fields.get(name); !value.empty())
                    unchanged.fields.add(name, value);
            unchanged.is_quiet = page.is_quiet;
            return unchanged;
        }
    }
    return page;
}

}  // namespace fairlead::handlers
