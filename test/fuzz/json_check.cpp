// However a document is split, the verdict is the same, and it is that of boost::json::parse.

#include "content/json_check.hpp"

#include "require.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <cstdint>
#include <string_view>

using fairlead::content::json_check;
using fairlead::content::json_fault;

namespace {

constexpr unsigned max_depth = 8;
constexpr std::uint64_t max_bytes = 1 << 20;

/// Feeds pieces whose sizes come from `seed`.
std::optional<json_fault> check_in_pieces(json_check& checker, std::string_view text, std::uint64_t seed) {
    while (!text.empty()) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        const auto piece = text.substr(0, 1 + (seed >> 33) % 7);
        if (auto fault = checker.write(piece)) return fault;
        text.remove_prefix(piece.size());
    }
    return checker.finish();
}

void require_sensible(const std::optional<json_fault>& fault, std::string_view text) {
    if (!fault) return;
    REQUIRE_INVARIANT(fault->offset <= text.size());
    REQUIRE_INVARIANT(!fault->reason.empty());
    for (const char byte : fault->text()) REQUIRE_INVARIANT(byte >= 0x20 && byte < 0x7F);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 4096));
    json_check checker(max_depth, max_bytes);
    auto whole = checker.write({text.data(), text.size()});
    if (!whole) whole = checker.finish();
    require_sensible(whole, text);

    boost::json::parse_options options;
    options.max_depth = max_depth;
    boost::system::error_code refused;
    (void)boost::json::parse(text, refused, {}, options);
    REQUIRE_INVARIANT(whole.has_value() == static_cast<bool>(refused));

    std::uint64_t seed = size;
    for (const char byte : text) seed = seed * 31 + static_cast<unsigned char>(byte);
    for (int round = 0; round < 3; ++round) {
        checker.reset();
        const auto split = check_in_pieces(checker, text, seed + static_cast<std::uint64_t>(round));
        require_sensible(split, text);
        REQUIRE_INVARIANT(split.has_value() == whole.has_value());
    }
    checker.reset();
    std::optional<json_fault> bytewise;
    for (std::size_t i = 0; i < text.size() && !bytewise; ++i) bytewise = checker.write(text.substr(i, 1));
    if (!bytewise) bytewise = checker.finish();
    REQUIRE_INVARIANT(bytewise.has_value() == whole.has_value());
    return 0;
}
