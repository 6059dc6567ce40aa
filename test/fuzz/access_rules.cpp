#include "http/access_rules.hpp"

#include "base/text.hpp"
#include "require.hpp"

#include <array>
#include <cstdint>
#include <string>

using namespace fairlead;
using namespace fairlead::http;

namespace {

using verdict = access_rules::verdict;

constexpr std::array methods{verb::get,     verb::head,  verb::post,    verb::put,
                             verb::delete_, verb::patch, verb::options, verb::trace};

void check_names(const access_rules& rules) {
    std::string last;
    for (const auto& name : rules.named_users()) {
        REQUIRE_INVARIANT(is_user_name(name) && last < name);
        last = name;
    }
}

/// More than one rule says what the first one for it says, whoever is named behind it; a name opens doors,
/// and never closes one.
void check_verdicts(const access_rules& rules, const access_rules& first, std::string_view path) {
    const auto everywhere = {*ip_address::parse("10.1.2.3"), *ip_address::parse("2001:db8::1")};
    for (const auto method : methods)
        for (const auto& address : everywhere) {
            const auto nobody = rules.decide(method, path, {"", address});
            const auto ann = rules.decide(method, path, {"ann", address});
            REQUIRE_INVARIANT(ann != verdict::needs_user);
            REQUIRE_INVARIANT(nobody == verdict::needs_user || nobody == ann);
            const auto by_first = first.decide(method, path, {"ann", address});
            if (by_first == verdict::open || by_first == verdict::allowed) REQUIRE_INVARIANT(ann == by_first);
        }
    REQUIRE_INVARIANT(rules.needs_users() || rules.decide(verb::get, path, {}) != verdict::needs_user);
}

}  // namespace

/// Lines of `left TAB right`, and the path to ask for behind the last line break.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    auto lines = split(text, '\n');
    const auto path = lines.back();
    lines.pop_back();
    if (lines.size() > 32) return 0;
    access_rules rules, first;
    std::size_t kept = 0;
    for (const auto line : lines) {
        const auto tab = std::min(line.find('\t'), line.size());
        const auto left = line.substr(0, tab);
        const auto right = line.substr(std::min(tab + 1, line.size()));
        if (const auto wrong = rules.add(left, right)) {
            REQUIRE_INVARIANT(!wrong->empty());
            continue;
        }
        if (kept++ == 0) REQUIRE_INVARIANT(!first.add(left, right));
        REQUIRE_INVARIANT(rules.add(left, right).has_value());  // it is there already
    }
    REQUIRE_INVARIANT(rules.empty() == (kept == 0));
    (void)rules.resolve(*user_groups::parse({{"staff", "ann"}}));
    (void)first.resolve(*user_groups::parse({{"staff", "ann"}}));
    check_names(rules);
    check_verdicts(rules, first, path);
    if (rules.find_outside("/team")) REQUIRE_INVARIANT(!rules.empty());
    REQUIRE_INVARIANT(!rules.find_unused({"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"}));
    return 0;
}
