#include "http/credentials.hpp"

#include "base/text.hpp"
#include "require.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

using namespace fairlead;
using namespace fairlead::http;

namespace {

std::string encode(std::string_view text) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += 3) {
        const auto piece = text.substr(at, 3);
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 3; ++i)
            bits = bits << 8 | (i < piece.size() ? static_cast<unsigned char>(piece[i]) : 0U);
        for (std::size_t i = 0; i < 4; ++i)
            out += i <= piece.size() ? alphabet[bits >> (18 - 6 * i) & 63] : '=';
    }
    return out;
}

/// What was decoded is written in one way only, and has nothing that a log or libcrypt could trip over.
void check_decoded(const basic_credentials& decoded, std::string_view token) {
    const auto user = decoded.user();
    const auto password = decoded.password();
    REQUIRE_INVARIANT(!user.empty() && user.find(':') == std::string_view::npos);
    REQUIRE_INVARIANT(is_valid_utf8(user) && is_valid_utf8(password));
    for (const auto text : {user, password})
        REQUIRE_INVARIANT(std::none_of(text.begin(), text.end(), [](char c) {
            return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
        }));
    REQUIRE_INVARIANT(password.data()[password.size()] == '\0');
    REQUIRE_INVARIANT(encode(std::string(user) + ":" + std::string(password)) == token);
}

void check_token(std::string_view token) {
    basic_credentials decoded;
    if (decoded.decode(token))
        check_decoded(decoded, token);
    else
        REQUIRE_INVARIANT(decoded.user().empty() && decoded.password().empty());
}

}  // namespace

/// The input is a value of Authorization and Proxy-Authorization, and once more the text of credentials.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::array lines{field_view{field::authorization, "Authorization", text},
                           field_view{field::proxy_authorization, "Proxy-Authorization", text}};
    const auto found = find_basic_token(field_table(lines), field::authorization);
    if (found && *found) {
        REQUIRE_INVARIANT((*found)->size() <= max_basic_token && text.ends_with(**found));
        check_token(**found);
    }
    const auto for_proxy = find_basic_token(field_table(lines), field::proxy_authorization);
    REQUIRE_INVARIANT(found.has_value() == for_proxy.has_value() && (!found || *found == *for_proxy));
    const auto token = encode(text);
    check_token(token);
    return 0;
}
