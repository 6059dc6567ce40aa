#include "telemetry/redact.hpp"

namespace fairlead::telemetry {

redacted_target without_userinfo(std::string_view target) noexcept {
    if (target.starts_with('/')) return {target, {}, {}};  // origin-form: a path has no authority
    std::size_t begin = 0;
    // Any number of slashes, since those who mistype them mean the same.
    if (const auto slash = target.find('/'); slash != target.npos && target[slash - 1] == ':')
        begin = target.find_first_not_of('/', slash);
    if (begin == target.npos) return {target, {}, {}};
    // A password that is not encoded may have any byte in it: what comes before the first '/' may be half of
    // one, or a host and its port. Rather too little is logged than that.
    const auto front = target.substr(begin, target.find_first_of("/?#", begin) - begin);
    if (front.find_first_of("@:") == target.npos) return {target, {}, {}};
    const auto at = target.rfind('@');
    if (at == target.npos || at < begin) return {target, {}, {}};
    return {target.substr(0, begin), "***@", target.substr(at + 1)};
}

std::string redacted(std::string_view target) {
    const auto parts = without_userinfo(target);
    return std::string(parts.before).append(parts.mark).append(parts.after);
}

}  // namespace fairlead::telemetry
