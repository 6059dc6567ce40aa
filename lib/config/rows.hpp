#pragma once

#include "config/table.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

/// The parts of table(), and what their rows are written with. Nobody else includes this.
namespace fairlead::config {

/// The rows of rows_listening.cpp, and so on, in the order in which table() has them.
std::span<const setting> listening_rows() noexcept;
std::span<const setting> delivery_rows() noexcept;
std::span<const setting> access_rows() noexcept;
std::span<const setting> upload_rows() noexcept;
std::span<const setting> program_rows() noexcept;
std::span<const setting> limit_rows() noexcept;
std::span<const setting> tunnel_rows() noexcept;
std::span<const setting> operation_rows() noexcept;

inline constexpr std::uint64_t mib = 1ULL << 20, gib = 1ULL << 30;
inline constexpr unsigned many = 1'000'000;

/// A member that is an enumeration, whose values are named by `words`.
template <auto... Members>
constexpr word_kind word_at(std::span<const std::string_view> words) {
    using word = std::remove_cvref_t<decltype((std::declval<settings&>().*....*Members))>;
    return {words, [](settings& all, unsigned index) { (all.*....*Members) = static_cast<word>(index); },
            [](const settings& all) { return static_cast<unsigned>((all.*....*Members)); }};
}

/// What a folder of a site, and so a route, may have its own value of.
template <auto... Members>
constexpr auto delivery() {
    return field_at<&settings::site, &site_settings::delivery, Members...>();
}

}  // namespace fairlead::config
