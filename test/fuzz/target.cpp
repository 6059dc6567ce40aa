#include "http/target.hpp"

#include "base/text.hpp"
#include "require.hpp"

#include <cstdint>
#include <string>

using namespace fairlead;
using namespace fairlead::http;

namespace {

/// What every admitted path promises to the sandbox and to `Location`.
void check_path(std::string_view path) {
    REQUIRE_INVARIANT(path.starts_with('/'));
    REQUIRE_INVARIANT(path.find("//") == std::string_view::npos);
    REQUIRE_INVARIANT(path.find('\\') == std::string_view::npos);
    REQUIRE_INVARIANT(is_valid_utf8(path));
    for (const char c : path) REQUIRE_INVARIANT(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
    for (const auto segment : split(path.substr(1), '/'))
        REQUIRE_INVARIANT(segment != "." && segment != "..");

    const auto encoded = encode_path(path);
    REQUIRE_INVARIANT(!encoded.starts_with("//"));
    const auto parts = parse_target(encoded, verb::get);
    REQUIRE_INVARIANT(parts.has_value());
    REQUIRE_INVARIANT(!parts->has_query);
    std::string storage;
    const auto again = normalise_path(parts->path, storage);
    REQUIRE_INVARIANT(again.has_value());
    REQUIRE_INVARIANT(*again == path);
    REQUIRE_INVARIANT(extension(path).find('/') == std::string_view::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    std::string storage;
    if (const auto path = normalise_path(text, storage))
        check_path(*path);
    else
        REQUIRE_INVARIANT(path.error().status == status::bad_request ||
                          path.error().status == status::forbidden);

    for (const auto method : {verb::get, verb::options, verb::connect}) {
        const auto parts = parse_target(text, method);
        if (!parts) {
            REQUIRE_INVARIANT(parts.error().close);
            continue;
        }
        REQUIRE_INVARIANT((parts->form == target_form::authority) == (method == verb::connect));
        REQUIRE_INVARIANT(text.find_first_of(" \t\r\n#<>\"") == std::string_view::npos);
        REQUIRE_INVARIANT(parts->path.find('\\') == std::string_view::npos);
        if (parts->form == target_form::origin || parts->form == target_form::absolute) {
            REQUIRE_INVARIANT(parts->path.starts_with('/'));
            std::string other;
            const auto path = normalise_path(parts->path, other);
            if (path) check_path(*path);
            if (parts->is_normal_path) REQUIRE_INVARIANT(path && path->data() == parts->path.data());
        }
    }
    // Whatever bytes a redirect is built from, it stays on this host and on one line.
    const auto location = encode_path(text);
    REQUIRE_INVARIANT(location.starts_with('/') && !location.starts_with("//"));
    REQUIRE_INVARIANT(location.find_first_of("\r\n\\?# ") == std::string::npos);
    return 0;
}
