#include "http/digest_fields.hpp"

#include "http/field_value.hpp"
#include "http/idempotency_key.hpp"
#include "require.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

using namespace fairlead;
using namespace fairlead::http;

namespace {

std::string formatted(const wanted_digests& wanted) {
    std::string text;
    if (wanted.sha256) text = format_digest(*wanted.sha256);
    if (wanted.sha512) text += (text.empty() ? "" : ", ") + format_digest(*wanted.sha512);
    return text;
}

void check_digests(std::string_view text) {
    const auto wanted = parse_digests(text);
    if (!wanted) {
        REQUIRE_INVARIANT(wanted.error().status == status::bad_request && !wanted.error().detail.empty());
        return;
    }
    // There is one text for each digest, so what is said must be in the value, letter by letter.
    for (const auto& digest : {wanted->sha256, wanted->sha512})
        if (digest) REQUIRE_INVARIANT(text.find(format_digest(*digest)) != std::string_view::npos);
    const auto again = parse_digests(formatted(*wanted));
    REQUIRE_INVARIANT(again && *again == *wanted);
    // The last one counts, whatever stands before it.
    if (text.find_first_not_of(' ') == std::string_view::npos) return;
    const sha_digest other = sha_hasher(sha_kind::sha256).finish();
    const auto added = parse_digests(std::string(text) + ", " + format_digest(other));
    REQUIRE_INVARIANT(added && added->sha256 == other && added->sha512 == wanted->sha512);
}

/// Each line is one of the field.
void check_lines(std::string_view text) {
    std::vector<field_view> lines;
    std::string joined;
    for (;;) {
        const auto end = text.find('\n');
        lines.push_back({field::unknown, "Content-Digest", text.substr(0, end)});
        joined.append(text.substr(0, end));
        if (end == std::string_view::npos) break;
        joined.append(", ");
        text.remove_prefix(end + 1);
    }
    const auto apart = parse_digests(field_table(lines), "content-digest");
    const auto whole = parse_digests(joined);
    REQUIRE_INVARIANT(apart.has_value() == whole.has_value());
    if (apart) REQUIRE_INVARIANT(*apart == *whole);
}

void check_key(std::string_view text) {
    const auto key = parse_idempotency_key(text);
    if (!key) {
        REQUIRE_INVARIANT(key.error().status == status::bad_request && !key.error().detail.empty());
        return;
    }
    REQUIRE_INVARIANT(!key->empty() && key->size() <= max_idempotency_key_bytes &&
                      key->size() <= text.size());
    REQUIRE_INVARIANT(std::all_of(key->begin(), key->end(), [](char c) { return c >= ' ' && c <= '~'; }));
    std::string quoted = "\"";
    for (const char c : *key) {
        if (c == '"' || c == '\\') quoted.push_back('\\');
        quoted.push_back(c);
    }
    quoted.push_back('"');
    REQUIRE_INVARIANT(unquote(quoted) == *key);
    const auto again = parse_idempotency_key(quoted);
    REQUIRE_INVARIANT(again && *again == *key);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_digests(text);
    check_lines(text);
    check_key(text);
    return 0;
}
