#pragma once

#include "handlers/buffer_share.hpp"
#include "handlers/digest_check.hpp"
#include "handlers/upload_place.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::handlers {

/// The text fields of a form, kept in memory as they come: all of them together are bounded.
class form_fields {
public:
    /// A name and a text.
    using field = std::pair<std::string, std::string>;

    explicit form_fields(const ongoing_upload& of) : of_(of), memory_(of.place.with.buffer_bytes) {}

    /// A field begins, whose sender says of it what is `expected`.
    void begin(std::string name, expected_digests expected);
    /// More of its text comes. A refusal: that is too much.
    std::optional<http::problem> append(std::span<const char> piece);
    /// All of it has come. A refusal: it is not what was expected, or not UTF-8.
    std::optional<http::problem> end();

    bool empty() const noexcept { return all_.empty(); }
    const std::vector<field>& all() const noexcept { return all_; }

private:
    const ongoing_upload& of_;
    buffer_share memory_;
    std::vector<field> all_;
    std::size_t bytes_ = 0;              // of all texts
    std::optional<digest_check> check_;  // of the field at hand, if its sender says what it has
};

}  // namespace fairlead::handlers
