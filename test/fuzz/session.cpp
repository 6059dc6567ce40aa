// A whole connection: whatever a client sends, and however it arrives, it gets a sequence of complete
// answers.
//
//   byte 0: how much of the output the client takes at a time, and whether the connection fails
//   byte 1: how the input is cut
//   the rest is what the client sends
#include "require.hpp"
#include "support/answers.hpp"
#include "support/session_fixture.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace {

using namespace fairlead;
using test::memory_stream;
using test::session_fixture;

session_fixture& server() {
    static session_fixture one([](config::settings& settings) {
        settings.uploads.max_body = 200;
        settings.limits.header_size = 600;
        settings.limits.requests_per_connection = 8;
        auto& delivery = settings.site.delivery;
        delivery.listing = true;
        delivery.try_paths = {"$path.html", "/index.html"};
        delivery.compression.min_size = 0;
        delivery.cors.origins = {"https://*.example.org"};
        delivery.headers = {{"X-Own", "1"}, {"Referrer-Policy", std::nullopt}};
        settings.site.redirects = {{"/old/**", "301 /new/$1"}, {"/gone", "410"}};
        settings.site.rewrites = {{"/app/*", "/$1"}};
        config::route_settings route;
        route.path = "/sub";
        route.delivery = delivery;
        settings.site.routes.push_back(std::move(route));
    });
    return one;
}

session_fixture::outcome serve(memory_stream& stream) {
    auto& shared = server();
    shared.log_lines.clear();
    shared.access_lines.clear();
    const auto served = shared.serve(stream);
    REQUIRE_INVARIANT(served.end == session::step::linger || served.end == session::step::leave);
    REQUIRE_INVARIANT(shared.watches.size() == 0);
    REQUIRE_INVARIANT(shared.work.current().in_flight == 0);
    if (served.bytes.find("HTTP/1.1 201") != std::string::npos)
        for (const auto& entry :
             std::filesystem::recursive_directory_iterator(shared.settings.uploads.directory))
            if (entry.is_regular_file() && entry.path().extension() == ".json")
                std::filesystem::remove(entry.path());
    return served;
}

std::size_t count(std::string_view text, std::string_view what) {
    std::size_t found = 0;
    for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++found;
    return found;
}

/// Every byte belongs to an answer, no answer follows the last one, and there are not more of them than
/// requests.
void check_answers(std::string_view bytes, std::string_view sent) {
    const bool may_be_head = sent.find("HEAD ") != std::string_view::npos;
    std::size_t final_answers = 0, interim_answers = 0;
    bool is_closed = false;
    while (!bytes.empty()) {
        REQUIRE_INVARIANT(!is_closed);
        const auto head_end = bytes.find("\r\n\r\n");
        REQUIRE_INVARIANT(head_end != std::string_view::npos);
        // No content of this site begins like a head, so an answer to HEAD shows by what follows it.
        const auto rest = bytes.substr(head_end + 4);
        const bool to_head = may_be_head && (rest.empty() || rest.starts_with("HTTP/1.1 "));
        test::answer next;
        REQUIRE_INVARIANT(test::take_answer(bytes, next, to_head));
        ++(next.status < 200 ? interim_answers : final_answers);
        if (next.status < 200) continue;
        is_closed = next.field("Connection") == "close";
        REQUIRE_INVARIANT(is_closed || next.field("Connection") == "keep-alive");
        REQUIRE_INVARIANT(next.status < 500 || next.status == 501 || next.status == 505);
        REQUIRE_INVARIANT(next.field("X-Request-Id").size() == 16);
    }
    REQUIRE_INVARIANT(interim_answers <= final_answers);
    // Each complete head may be answered, and one that is refused before its end.
    REQUIRE_INVARIANT(final_answers <= count(sent, "\r\n\r\n") + 1);
}

/// `word` is in lower case.
bool has_word(std::string_view sent, std::string_view word) {
    std::string lower(sent);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return lower.find(word) != std::string::npos;
}

/// Without dates, ids, and the names of stored documents.
std::string comparable(std::string bytes) {
    bytes = test::without_variable_parts(std::move(bytes));
    for (std::size_t at = 0; (at = bytes.find("/uploads/", at)) != std::string::npos;) {
        at += 9;
        const auto end = std::min(bytes.find_first_of("\"\r", at), bytes.size());
        bytes.replace(at, end - at, end - at, '-');
    }
    return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2 || size > 20'000) return 0;
    const auto output = data[0], pattern = data[1];
    const std::string_view sent(reinterpret_cast<const char*>(data) + 2, size - 2);

    memory_stream whole(sent);
    const auto expected = serve(whole);
    check_answers(expected.bytes, sent);

    memory_stream cut;
    std::uint32_t state = pattern;
    for (std::size_t at = 0; at < sent.size();) {
        state = state * 1664525 + 1013904223;
        const std::size_t length = pattern == 0 ? 1 : 1 + (state >> 24) % pattern;
        cut.incoming.emplace_back(sent.substr(at, length));
        at += length;
    }
    constexpr std::size_t write_limits[] = {SIZE_MAX, 100, 5'000, 70'000};
    cut.write_limit = write_limits[output & 3];
    const bool fails = (output & 0x80) != 0;
    if (fails) cut.fail_after = (output >> 2) & 31;
    const auto got = serve(cut);
    if (fails) return 0;
    check_answers(got.bytes, sent);
    // Two things do depend on what has arrived by then, and nothing else does: whether a client is told to go
    // on, and which of several faults of a chunked body is seen first.
    if (has_word(sent, "100-continue") || has_word(sent, "chunked")) return 0;
    REQUIRE_INVARIANT(comparable(got.bytes) == comparable(expected.bytes));
    REQUIRE_INVARIANT(got.end == expected.end);
    return 0;
}
