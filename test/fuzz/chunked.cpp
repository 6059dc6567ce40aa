#include "http/chunked.hpp"
#include "http/field_value.hpp"

#include "require.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

using namespace fairlead;
using namespace fairlead::http;

namespace {

struct decoded {
    std::string content;
    std::string trailer;
    std::size_t consumed = 0;
    bool is_done = false;
    bool is_refused = false;
    bool operator==(const decoded&) const = default;
};

decoded decode(std::string_view text, std::size_t piece, std::size_t room) {
    chunked_decoder decoder;
    decoded all;
    std::string out(room, '\0');
    while (all.consumed < text.size() && !decoder.is_done()) {
        const auto in = text.substr(all.consumed, piece);
        const auto step = decoder.decode(in, out);
        if (!step) {
            all.is_refused = true;
            // Where in the refused bytes a decoder stops depends on the pieces; what it handed out may as
            // well.
            all.content.clear();
            all.consumed = 0;
            return all;
        }
        REQUIRE_INVARIANT(step->consumed <= in.size() && step->produced <= out.size());
        REQUIRE_INVARIANT(step->produced <= step->consumed && step->consumed > 0);
        all.content.append(out, 0, step->produced);
        all.consumed += step->consumed;
    }
    all.is_done = decoder.is_done();
    if (all.is_done) all.trailer = decoder.trailer();
    return all;
}

/// True when every LF of the framing of the complete body `text` stands behind a CR of it; only content may
/// hold a bare one.
bool has_whole_line_ends(std::string_view text) {
    chunked_decoder decoder;
    bool is_behind_cr = false;
    char content = 0;
    for (const char& byte : text) {
        const auto step = decoder.decode({&byte, 1}, {&content, 1});
        const bool is_framing = step && step->produced == 0;
        if (is_framing && byte == '\n' && !is_behind_cr) return false;
        is_behind_cr = is_framing && byte == '\r';
    }
    return true;
}

}  // namespace

/// The framing must not depend on how the network cut the bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 1 << 16));
    const auto whole = decode(text, text.size(), text.size() + 1);
    REQUIRE_INVARIANT(whole == decode(text, 1, 1));
    REQUIRE_INVARIANT(whole == decode(text, 7, 3));
    if (!whole.is_done) return 0;
    REQUIRE_INVARIANT(text.substr(0, whole.consumed).ends_with("\r\n\r\n"));
    REQUIRE_INVARIANT(has_whole_line_ends(text.substr(0, whole.consumed)));
    // The lines of the trailer section are whole, in order, and all of it but blanks.
    REQUIRE_INVARIANT(text.substr(0, whole.consumed).ends_with(whole.trailer + "\r\n"));
    std::size_t at = 0;
    for (const auto& line : lines_of_trailer(whole.trailer)) {
        REQUIRE_INVARIANT(is_token(line.name) && is_field_content(line.value));
        REQUIRE_INVARIANT(whole.trailer.compare(at, line.name.size() + 1, std::string(line.name) + ':') == 0);
        const auto value = whole.trailer.find(line.value, at + line.name.size() + 1);
        REQUIRE_INVARIANT(value != std::string::npos);
        at = whole.trailer.find("\r\n", value + line.value.size()) + 2;
    }
    REQUIRE_INVARIANT(at == whole.trailer.size());
    // Encoding the content again gives the same content.
    std::string again;
    if (!whole.content.empty()) {
        char line[32];
        std::snprintf(line, sizeof line, "%zx\r\n", whole.content.size());
        again = line + whole.content + "\r\n";
    }
    again += "0\r\n\r\n";
    const auto second = decode(again, again.size(), again.size());
    REQUIRE_INVARIANT(second.is_done && second.content == whole.content);
    return 0;
}
