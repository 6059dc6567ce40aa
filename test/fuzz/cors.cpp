#include "http/cors.hpp"

#include "base/text.hpp"
#include "http/host.hpp"
#include "require.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

using namespace fairlead;
using namespace fairlead::http;

namespace {

/// Cuts what stands before the first '\n' off `text`; the last piece has the rest, with every byte.
std::string_view cut_line(std::string_view& text) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    return line;
}

/// Whole lines, known names, no byte that would end a line inside a value.
void check_lines(std::string_view lines) {
    while (!lines.empty()) {
        const auto end = lines.find("\r\n");
        REQUIRE_INVARIANT(end != std::string_view::npos);
        const auto line = lines.substr(0, end);
        REQUIRE_INVARIANT(line.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
        REQUIRE_INVARIANT(line.starts_with("Access-Control-") || line.starts_with("Vary: "));
        REQUIRE_INVARIANT(line.find(": ") != std::string_view::npos);
        lines.remove_prefix(end + 2);
    }
}

/// An allowed origin, read once more: same scheme, host and port as the pattern says.
void check_match(std::string_view pattern, std::string_view origin) {
    constexpr std::string_view divider = "://";
    const auto divided = pattern.find(divider);
    const auto scheme = to_lower(pattern.substr(0, divided + divider.size()));
    REQUIRE_INVARIANT(divided != std::string_view::npos && origin.starts_with(scheme));
    auto authority = pattern.substr(scheme.size());
    const bool is_wide = authority.starts_with("*.");
    if (is_wide) authority.remove_prefix(1);
    const auto wanted = parse_host(authority.substr(is_wide));
    const auto host = parse_host(origin.substr(scheme.size()));
    REQUIRE_INVARIANT(wanted && host);
    const auto name = to_lower(wanted->name);
    REQUIRE_INVARIANT(is_wide ? host->name.ends_with("." + name) && host->name.size() > name.size() + 1
                              : host->name == name);
    const unsigned usual = scheme == "http://" ? 80 : scheme == "https://" ? 443 : 65536;
    REQUIRE_INVARIANT(host->port.value_or(usual) == wanted->port.value_or(usual));
}

void check_answers(const cors_policy& policy, std::string_view origin, std::string_view requested) {
    const std::array<field_view, 3> lines{{{field::origin, {}, origin},
                                           {field::access_control_request_method, {}, "PUT"},
                                           {field::access_control_request_headers, {}, requested}}};
    request asked;
    asked.method = verb::options;
    asked.fields = field_table(lines);
    REQUIRE_INVARIANT(cors_policy::is_preflight(asked));
    const auto answer = policy.preflight(asked);
    field_block fields;
    policy.add_fields(asked, fields);
    for (const auto* block : {&answer.fields, &std::as_const(fields)}) {
        check_lines(block->text());
        const auto granted = block->get("Access-Control-Allow-Origin");
        REQUIRE_INVARIANT(granted.empty() != policy.allows(origin));
        REQUIRE_INVARIANT(granted.empty() || granted == "*" || granted == origin);
        REQUIRE_INVARIANT(granted == "*" || block->get("Vary").starts_with("Origin"));
    }
    REQUIRE_INVARIANT(answer.status == status::no_content);
    REQUIRE_INVARIANT(answer.fields.get("Access-Control-Allow-Methods") ==
                      (policy.allows(origin) ? "GET, PUT" : ""));
}

}  // namespace

/// The first line is an origin of the configuration, the second that of the request, the rest the names of
/// fields that it asks for, which are tried as names of the configuration, too.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view requested(reinterpret_cast<const char*>(data), size);
    const auto pattern = cut_line(requested);
    const auto origin = cut_line(requested);
    cors_options options;
    options.origins = {std::string(pattern)};
    options.methods = {"GET", "PUT"};
    options.headers = {"X-Token"};
    const auto policy = cors_policy::parse(options);
    REQUIRE_INVARIANT(policy.has_value() == !cors_policy::check_origin(pattern));
    if (!policy) {
        REQUIRE_INVARIANT(!policy.error().empty());
        return 0;
    }
    if (policy->allows(origin) && pattern != "*") {
        if (pattern == "null")
            REQUIRE_INVARIANT(origin == "null");
        else
            check_match(pattern, origin);
    }
    check_answers(*policy, origin, requested);

    for (const auto name : split(requested, ',')) options.expose.emplace_back(name);
    options.headers = options.expose;
    options.credentials = true;
    if (const auto careful = cors_policy::parse(options)) {
        REQUIRE_INVARIANT(pattern != "*" && pattern != "null");
        REQUIRE_INVARIANT(careful->allows(origin) == policy->allows(origin));
        check_answers(*careful, origin, requested);
    }
    return 0;
}
