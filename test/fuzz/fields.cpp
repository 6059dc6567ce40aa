#include "http/conditional.hpp"
#include "http/field_value.hpp"
#include "http/framing.hpp"
#include "http/media_type.hpp"
#include "require.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

using namespace fairlead;
using namespace fairlead::http;

namespace {

constexpr field fields_tried[] = {
    field::content_length, field::transfer_encoding, field::host,     field::connection,       field::expect,
    field::if_match,       field::if_none_match,     field::if_range, field::if_modified_since};

/// Each line of the input is a field: its first byte chooses which, the rest is the value.
std::vector<field_view> cut_fields(std::string_view text) {
    std::vector<field_view> lines;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        if (!line.empty()) {
            const auto id = fields_tried[static_cast<unsigned char>(line[0]) % std::size(fields_tried)];
            lines.push_back({id, {}, line.substr(1)});
        }
        text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
    return lines;
}

void check_framing(const field_table& fields) {
    const auto lengths = fields.count(field::content_length);
    const auto codings = fields.count(field::transfer_encoding);
    for (const unsigned minor : {0u, 1u}) {
        const auto framing = decide_framing(fields, minor);
        if (!framing) {
            REQUIRE_INVARIANT(framing.error().close && lengths + codings > 0);
            continue;
        }
        REQUIRE_INVARIANT(lengths + codings <= 1);
        REQUIRE_INVARIANT((framing->kind == body_framing::kind::length) == (lengths == 1));
        REQUIRE_INVARIANT((framing->kind == body_framing::kind::chunked) == (codings == 1));
        REQUIRE_INVARIANT(framing->length <= std::uint64_t(std::numeric_limits<std::int64_t>::max()));
        REQUIRE_INVARIANT(codings == 0 || minor == 1);
    }
    const auto facts = check_head(fields, 1);
    if (facts)
        REQUIRE_INVARIANT(fields.count(field::host) == 1 && facts->host);
    else
        REQUIRE_INVARIANT(facts.error().close);
}

void check_lists(std::string_view text) {
    list_reader list(text);
    std::size_t total = 0;
    while (const auto element = list.next()) {
        REQUIRE_INVARIANT(!element->empty());
        REQUIRE_INVARIANT(element->data() >= text.data());
        REQUIRE_INVARIANT(element->data() + element->size() <= text.data() + text.size());
        total += element->size();
    }
    REQUIRE_INVARIANT(total <= text.size());
    const int quality = accept_quality(text, "text/html");
    REQUIRE_INVARIANT(quality >= 0 && quality <= 1000);
    if (prefers_json(text))
        REQUIRE_INVARIANT(
            accept_quality(text, "application/json") + accept_quality(text, "application/problem+json") > 0);
    if (const auto type = parse_media_type(text))
        REQUIRE_INVARIANT(is_token(type->type) && is_token(type->subtype));
}

void check_conditions(const field_table& fields) {
    const validators current{"\"a\"", 784111777, true};
    const auto get = evaluate(verb::get, fields, current, 1767225600);
    const auto put = evaluate(verb::put, fields, current, 1767225600);
    REQUIRE_INVARIANT(put != precondition::not_modified);
    // A read and a write agree on whether the state is the expected one, save that a write ignores dates of
    // reads.
    if (get == precondition::precondition_failed) REQUIRE_INVARIANT(put == precondition::precondition_failed);
    if (!fields.find(field::if_range)) REQUIRE_INVARIANT(range_applies(fields, current, 1767225600));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_lists(text);
    const auto lines = cut_fields(text);
    const field_table fields(lines);
    check_framing(fields);
    check_conditions(fields);
    std::vector<std::string> errors;
    const auto table = media_type_table::parse(text, errors);
    for (const auto& error : errors) REQUIRE_INVARIANT(error.starts_with("line "));
    REQUIRE_INVARIANT(table.size() <= text.size());
    return 0;
}
