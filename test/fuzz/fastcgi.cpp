// However the records of an application are cut, the same output comes out of them, and never more of it than
// their headers declare.

#include "content/fastcgi.hpp"

#include "require.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using namespace fairlead::content::fastcgi;
using event = record_reader::event;

namespace {

struct transcript {
    std::string output;
    std::string errors;
    std::string wrong;
    std::uint32_t application_status = 0;
    bool has_ended = false;
    bool operator==(const transcript&) const = default;
};

/// Feeds pieces of these sizes, from the first again behind the last.
transcript read(std::string_view text, const std::vector<std::size_t>& sizes) {
    record_reader reader(1);
    transcript all;
    for (std::size_t i = 0; !text.empty() && all.wrong.empty(); ++i) {
        const auto size = std::min(text.size(), sizes[i % sizes.size()]);
        // A copy of the exact size lets the address sanitizer see a read past its end.
        const std::vector<char> piece(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));
        text.remove_prefix(size);
        std::string_view rest(piece.data(), piece.size());
        for (auto what = event::end; what != event::need_more && what != event::error;) {
            const auto step = reader.feed(rest);
            what = step.what;
            REQUIRE_INVARIANT(step.consumed <= rest.size());
            REQUIRE_INVARIANT((what == event::error) == !step.error.empty());
            const bool has_data = what == event::output || what == event::error_output;
            REQUIRE_INVARIANT(has_data == !step.data.empty());
            REQUIRE_INVARIANT(step.data.empty() ||
                              (step.data.data() >= rest.data() && step.data.size() <= step.consumed));
            REQUIRE_INVARIANT(!all.has_ended || what == event::need_more || what == event::error);
            if (has_data)
                (what == event::output ? all.output : all.errors).append(step.data.begin(), step.data.end());
            all.has_ended |= what == event::end;
            all.wrong = std::string(step.error);
            rest.remove_prefix(step.consumed);
        }
        REQUIRE_INVARIANT(rest.empty() || !all.wrong.empty());
    }
    all.application_status = reader.application_status();
    return all;
}

/// What the headers declare as content of a type, read in the plainest way.
std::size_t declared(std::string_view text, record_type type) {
    const auto byte = [&](std::size_t at) {
        return static_cast<std::size_t>(static_cast<unsigned char>(text[at]));
    };
    std::size_t total = 0;
    while (text.size() >= header_size) {
        const auto content = byte(4) << 8 | byte(5);
        if (byte(1) == static_cast<std::size_t>(type)) total += content;
        text.remove_prefix(std::min(text.size(), header_size + content + byte(6)));
    }
    return total;
}

/// What is sent can be read again by whoever knows the format: the variables of a head are where they were.
void try_head(std::string_view text) {
    std::string bytes;
    request_head head(bytes, 1, true);
    const auto half = text.size() / 2;
    const bool is_added = head.add(text.substr(0, half), text.substr(half));
    head.finish(false);
    if (!is_added) {
        std::string empty;
        request_head(empty, 1, true).finish(false);
        REQUIRE_INVARIANT(bytes == empty);
        return;
    }
    REQUIRE_INVARIANT(bytes.size() >= 16 + 8 + 2 + text.size() + 8);
    REQUIRE_INVARIANT(bytes.find(text) != std::string::npos || text.size() > most_content - 8);
    REQUIRE_INVARIANT(std::string_view(bytes).ends_with(std::string_view("\1\4\0\1\0\0\0\0", 8)));
}

}  // namespace

/// The first three bytes are sizes of pieces.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 1 << 14));
    if (input.size() < 3) return 0;
    const std::vector<std::size_t> sizes{1 + std::size_t{data[0]}, 1 + std::size_t{data[1]},
                                         1 + std::size_t{data[2]}};
    const auto text = input.substr(3);
    const auto whole = read(text, {std::max<std::size_t>(text.size(), 1)});
    REQUIRE_INVARIANT(whole == read(text, {1}));
    REQUIRE_INVARIANT(whole == read(text, sizes));
    REQUIRE_INVARIANT(whole.output.size() <= declared(text, record_type::standard_output));
    REQUIRE_INVARIANT(whole.errors.size() <= declared(text, record_type::standard_error));
    try_head(text);
    return 0;
}
