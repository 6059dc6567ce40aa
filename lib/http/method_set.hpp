#pragma once

#include "http/parse_result.hpp"

#include <boost/beast/http/verb.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fairlead::http {

using boost::beast::http::verb;

/// Some of the methods that this server knows by name. Who lists GET takes HEAD, too (RFC 9110 section 9.1).
class method_set {
public:
    constexpr method_set() noexcept = default;
    static constexpr method_set all() noexcept { return method_set(~std::uint64_t{0}); }

    /// Names as they stand in a request: "GET", "PUT". An error is a sentence that names the first which is
    /// no method of this server, and says which there are.
    static parse_result<method_set> parse(std::span<const std::string> names);

    constexpr bool contains(verb method) const noexcept { return (bits_ & bit(method)) != 0; }
    constexpr bool empty() const noexcept { return bits_ == 0; }
    constexpr bool overlaps(const method_set& other) const noexcept { return (bits_ & other.bits_) != 0; }
    /// Those that are not in `other`.
    constexpr method_set without(const method_set& other) const noexcept {
        return method_set(bits_ & ~other.bits_);
    }
    constexpr void add(verb method) noexcept {
        bits_ |= bit(method);
        if (method == verb::get) bits_ |= bit(verb::head);
    }
    constexpr bool operator==(const method_set&) const noexcept = default;

private:
    constexpr explicit method_set(std::uint64_t bits) noexcept : bits_(bits) {}
    static constexpr std::uint64_t bit(verb method) noexcept {
        return std::uint64_t{1} << static_cast<unsigned>(method);
    }

    std::uint64_t bits_ = 0;
};

}  // namespace fairlead::http
