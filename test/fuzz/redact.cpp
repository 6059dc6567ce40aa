// Whatever a target looks like, userinfo does not survive, and nothing else is lost.

#include "telemetry/redact.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

using namespace fairlead::telemetry;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto [before, mark, after] = without_userinfo(text);
    require(text.starts_with(before) && text.ends_with(after));
    require(mark.empty() ? before.size() + after.size() == size : before.size() + after.size() < size);
    if (text.starts_with('/')) require(mark.empty());
    const auto once = redacted(text);
    require(redacted(once) == once);
    // In an authority anything that can be userinfo goes.
    if (text.find_first_of("/?#") == std::string_view::npos)
        for (const std::string scheme : {"http://", ""}) {
            const auto target = scheme + std::string(text) + "@a.example/x";
            require(redacted(target) == scheme + "***@a.example/x");
        }
    return 0;
}
