#pragma once

#include "http/message.hpp"

#include <initializer_list>
#include <utility>
#include <vector>

namespace fairlead::http {

/// Field lines for a test, which the table of a request views.
class test_fields {
public:
    test_fields(std::initializer_list<std::pair<field, std::string_view>> lines) {
        for (const auto& [id, value] : lines) lines_.push_back({id, {}, value});
    }
    field_table table() const noexcept { return field_table(lines_); }

private:
    std::vector<field_view> lines_;
};

}  // namespace fairlead::http
