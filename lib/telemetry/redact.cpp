#include "telemetry/redact.hpp"

namespace fairlead::telemetry {

redacted_target without_userinfo(std::string_view target) noexcept {
    if (target.starts_with('/')) return {target, {}, {}};  // origin-form: a path has no authority
    std::size_t begin = 0;
    // Any number of slashes, since those who mistype them mean the same.
    if (const auto slash = target.find('/'); slash != target.npos && target[slash - 1] == ':')
        begin = target.find_first_not_of('/', slash);
    if (begin == target.npos) return {target, {}, {}};
    const auto at = target.substr(0, target.find_first_of("/?#", begin)).rfind('@');
    if (at == target.npos || at < begin) return {target, {}, {}};
    return {target.substr(0, begin), "***@", target.substr(at + 1)};
}

std::string redacted(std::string_view target) {
    const auto parts = without_userinfo(target);
    return std::string(parts.before).append(parts.mark).append(parts.after);
}

}  // namespace fairlead::telemetry
