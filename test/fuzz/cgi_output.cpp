// However the output of a script is cut, the same head comes out of it, and no field that could begin
// another.

#include "http/cgi_output.hpp"

#include "require.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using fairlead::http::cgi_output;
using fairlead::http::script_body;
using state = cgi_output::state;

namespace {

constexpr fairlead::http::cgi_output_limits limits{.max_head_bytes = 512, .max_fields = 8};

struct transcript {
    state what = state::need_more;
    std::size_t head_bytes = 0;
    unsigned code = 0;
    std::string fields;
    std::string local;
    std::uint64_t length = 0;
    script_body body = script_body::sent;
    std::string reason;
    bool operator==(const transcript&) const = default;
};

/// Feeds pieces of these sizes, from the first again behind the last.
transcript read(std::string_view text, const std::vector<std::size_t>& sizes) {
    cgi_output output(limits);
    transcript all;
    for (std::size_t i = 0; !text.empty() && all.what == state::need_more; ++i) {
        const auto size = std::min(text.size(), sizes[i % sizes.size()]);
        // A copy of the exact size lets the address sanitizer see a read past its end, or a later use.
        const std::vector<char> piece(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));
        text.remove_prefix(size);
        const auto [consumed, what] = output.feed(piece);
        REQUIRE_INVARIANT(consumed <= size);
        REQUIRE_INVARIANT(what != state::need_more || consumed == size);
        REQUIRE_INVARIANT(output.head_bytes() <= limits.max_head_bytes);
        all.what = what;
    }
    if (all.what == state::need_more) output.finish();
    if (all.what != state::complete) {
        all.reason = output.refusal().log_detail;
        REQUIRE_INVARIANT(!all.reason.empty() && all.reason.size() < 300);
        REQUIRE_INVARIANT(output.refusal().detail.find(all.reason) == std::string::npos);
        return all;
    }
    const auto head = output.take_head();
    all.head_bytes = output.head_bytes();
    all.code = static_cast<unsigned>(head.status);
    all.fields = head.fields.text();
    all.local = head.local_location;
    all.length = head.length.value_or(0);
    all.body = head.body;
    return all;
}

/// Each line is "Name: value", and nothing in it ends a line.
void require_lines(std::string_view fields) {
    std::size_t count = 0;
    while (!fields.empty()) {
        const auto end = fields.find("\r\n");
        REQUIRE_INVARIANT(end != std::string_view::npos);
        const auto line = fields.substr(0, end);
        REQUIRE_INVARIANT(line.find(": ") != std::string_view::npos && line.front() != ':');
        for (const char c : line) REQUIRE_INVARIANT(c != '\r' && c != '\n' && c != '\0');
        fields.remove_prefix(end + 2);
        ++count;
    }
    REQUIRE_INVARIANT(count <= limits.max_fields);
}

}  // namespace

/// Two bytes are sizes of pieces.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::vector<std::size_t> sizes{1 + std::size_t{data[0]}, 1 + std::size_t{data[1]}};
    const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
    const auto whole = read(text, {text.size() + 1});
    REQUIRE_INVARIANT(whole == read(text, {1}));
    REQUIRE_INVARIANT(whole == read(text, sizes));
    if (whole.what != state::complete) return 0;
    REQUIRE_INVARIANT(whole.code >= 200 && whole.code <= 599);
    REQUIRE_INVARIANT(whole.length <= INT64_MAX);
    REQUIRE_INVARIANT(whole.local.empty() || (whole.local.front() == '/' && !whole.local.starts_with("//")));
    require_lines(whole.fields);
    fairlead::http::field_block lines;
    lines.add_prebuilt(whole.fields);
    for (const auto* name : {"Status", "Content-Length", "Transfer-Encoding", "Connection",
                             "X-Accel-Redirect", "X-Sendfile", "Date"})
        REQUIRE_INVARIANT(lines.get(name).empty());
    return 0;
}
