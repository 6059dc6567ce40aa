// However a form is cut, the same parts with the same content come out of it.

#include "content/multipart.hpp"
#include "http/content_disposition.hpp"

#include "require.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using fairlead::content::multipart_limits;
using fairlead::content::multipart_reader;
using event = multipart_reader::event;

namespace {

constexpr multipart_limits limits{
    .max_parts = 4, .max_header_bytes = 256, .max_header_lines = 6, .max_name_bytes = 40};

/// Everything that a reader said, but for where its spans were.
struct transcript {
    std::string events;
    std::vector<std::string> contents;
    std::string error;
    bool is_complete = false;
    bool operator==(const transcript&) const = default;
};

void note(transcript& all, const multipart_reader& reader, const multipart_reader::step& step) {
    REQUIRE_INVARIANT((step.what == event::data) == !step.data.empty());
    REQUIRE_INVARIANT((step.what == event::error) == !step.error.empty());
    const auto& part = reader.part();
    if (step.what == event::part_begin) {
        const auto& filename = part.filename.value_or("*");
        REQUIRE_INVARIANT(part.name.size() <= limits.max_name_bytes);
        REQUIRE_INVARIANT(filename.size() <= limits.max_name_bytes);
        for (const auto* text :
             {&part.name, &filename, &part.content_type, &part.content_digest, &part.repr_digest})
            all.events.append(*text).append("|");
        all.contents.emplace_back();
    }
    if (step.what == event::data) all.contents.back().append(step.data.begin(), step.data.end());
    if (step.what == event::part_end) all.events += ']';
    if (step.what == event::end) all.events += '.';
}

/// Feeds pieces of these sizes, from the first again behind the last.
transcript read(std::string_view body, std::string_view boundary, const std::vector<std::size_t>& sizes) {
    multipart_reader reader(boundary, limits);
    transcript all;
    auto what = event::need_more;
    for (std::size_t i = 0; !body.empty() && what != event::error; ++i) {
        const auto size = std::min(body.size(), sizes[i % sizes.size()]);
        // A copy of the exact size lets the address sanitizer see a read past its end, or a later use.
        const std::vector<char> piece(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(size));
        body.remove_prefix(size);
        std::string_view rest(piece.data(), piece.size());
        std::size_t idle = 0;
        do {
            const auto step = reader.feed(rest);
            REQUIRE_INVARIANT(step.consumed <= rest.size());
            idle = step.consumed == 0 ? idle + 1 : 0;
            REQUIRE_INVARIANT(idle < 4);
            rest.remove_prefix(step.consumed);
            what = step.what;
            note(all, reader, step);
        } while (what != event::need_more && what != event::error);
        REQUIRE_INVARIANT(rest.empty() || what == event::error);
    }
    all.error = reader.finish().value_or("");
    all.is_complete = all.error.empty();
    return all;
}

/// No line of the content divides or closes.
void require_no_delimiter(std::string_view content, const std::string& delimiter) {
    const auto text = "\r\n" + std::string(content);
    for (auto at = text.find(delimiter); at != std::string::npos; at = text.find(delimiter, at + 1)) {
        auto tail = std::string_view(text).substr(at + delimiter.size());
        REQUIRE_INVARIANT(!tail.starts_with("--"));
        const auto padding = tail.find_first_not_of(" \t");
        REQUIRE_INVARIANT(padding <= multipart_reader::max_padding_bytes);
        REQUIRE_INVARIANT(tail[padding] != '\r' && tail[padding] != '\n');
    }
}

/// The first byte is the length of the boundary, three more are sizes of pieces; then the boundary, then the
/// body.
void try_form(std::string_view text) {
    if (text.size() < 4) return;
    const auto number = [&](std::size_t at) {
        return static_cast<std::size_t>(static_cast<unsigned char>(text[at]));
    };
    const std::vector<std::size_t> sizes{1 + number(1), 1 + number(2), 1 + number(3)};
    const auto boundary_size = std::min(number(0), text.size() - 4);
    const auto boundary = multipart_reader::boundary_of("multipart/form-data; boundary=\"" +
                                                        std::string(text.substr(4, boundary_size)) + '"');
    if (!boundary) {
        REQUIRE_INVARIANT(!boundary.error().empty());
        return;
    }
    REQUIRE_INVARIANT(!boundary->empty() && boundary->size() <= multipart_reader::max_boundary_bytes);
    const auto body = text.substr(4 + boundary_size);
    const auto whole = read(body, *boundary, {body.size()});
    REQUIRE_INVARIANT(whole == read(body, *boundary, {1}));
    REQUIRE_INVARIANT(whole == read(body, *boundary, sizes));

    const auto delimiter = "\r\n--" + *boundary;
    std::size_t bytes = 0;
    for (const auto& content : whole.contents) {
        bytes += content.size();
        require_no_delimiter(content, delimiter);
    }
    REQUIRE_INVARIANT(bytes <= body.size());
    REQUIRE_INVARIANT(whole.contents.size() <= limits.max_parts);
    if (!whole.is_complete) return;
    REQUIRE_INVARIANT(whole.events.ends_with('.'));
    REQUIRE_INVARIANT(("\r\n" + std::string(body)).find(delimiter + "--") != std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 1 << 13));
    try_form(text);
    const auto parsed = fairlead::http::parse_content_disposition(text);
    REQUIRE_INVARIANT(parsed ? parsed->name.size() < text.size() : !parsed.error().empty());
    return 0;
}
