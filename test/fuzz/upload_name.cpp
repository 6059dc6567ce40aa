#include "http/upload_name.hpp"

#include "base/text.hpp"
#include "http/target.hpp"
#include "require.hpp"

#include <cstdint>

using namespace fairlead;
using namespace fairlead::http;

namespace {

/// What every name that may be used promises to the store, to `Location` and to those who list it.
void check_name(std::string_view name) {
    REQUIRE_INVARIANT(!name.empty() && name.size() <= max_name_bytes);
    REQUIRE_INVARIANT(name.find_first_of(std::string_view("/\\:*?\"<>|\0", 10)) == std::string_view::npos);
    REQUIRE_INVARIANT(name.find_first_of("\r\n\t\x1b\x7f") == std::string_view::npos);
    REQUIRE_INVARIANT(is_valid_utf8(name));
    REQUIRE_INVARIANT(name.front() != '.' && name.front() != '-' && name.front() != ' ');
    REQUIRE_INVARIANT(name.back() != '.' && name.back() != ' ');
    REQUIRE_INVARIANT(name.find("\u202E") == std::string_view::npos);
    REQUIRE_INVARIANT(base_name_of(name) == name);
}

/// A path that may be used, asked for by the address that we give it, is the same path.
void check_path(std::string_view path) {
    for (const auto segment : split(path, '/')) check_name(segment);
    const auto stored = std::string("/root/").append(path);
    const auto address = encode_path(stored);
    std::string storage;
    const auto again = normalise_path(address, storage);
    REQUIRE_INVARIANT(again && *again == stored);
    REQUIRE_INVARIANT(!is_hidden(stored));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto name_fault = fault_of_upload_name(text);
    const auto path_fault = fault_of_upload_path(text);
    if (name_fault)
        REQUIRE_INVARIANT(name_fault->ends_with('.'));
    else
        REQUIRE_INVARIANT(!path_fault);  // a name is a path
    if (path_fault) {
        REQUIRE_INVARIANT(path_fault->ends_with('.'));
    } else {
        REQUIRE_INVARIANT(text.size() <= max_upload_path_bytes);
        check_path(text);
    }
    const auto base = base_name_of(text);
    REQUIRE_INVARIANT(base.find_first_of("/\\") == std::string_view::npos && text.ends_with(base));
    const auto extension = extension_for(text);
    REQUIRE_INVARIANT(!fault_of_upload_name("upload" + std::string(extension)));
    REQUIRE_INVARIANT(extension != ".html" && extension != ".svg" && extension != ".xml");
    return 0;
}
