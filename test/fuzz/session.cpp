// A whole connection: whatever a client sends, and however it arrives, it gets a sequence of complete
// answers.
//
//   byte 0: how much of the output the client takes at a time, and whether the connection fails
//   byte 1: how the input is cut
//   the rest is what the client sends
//
// `/files` takes uploads in every way. Whatever becomes of them, nothing is held when the connection has
// ended, and what is stored has a name that may be chosen.
#include "http/upload_name.hpp"
#include "require.hpp"
#include "site/site_builder.hpp"
#include "support/answers.hpp"
#include "support/session_fixture.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

namespace {

using namespace fairlead;
using test::memory_stream;
using test::session_fixture;

config::route_settings upload_route(const config::settings& settings) {
    config::route_settings route;
    route.path = "/files";
    route.delivery = settings.site.delivery;
    // Times of files, and what a folder had a second ago, differ from run to run.
    route.delivery.listing = false;
    route.takes_uploads = true;
    route.uploads = settings.uploads;
    route.uploads.directory =
        (std::filesystem::path(settings.uploads.directory).parent_path() / "files").string();
    route.uploads.accept = {"json", "raw", "form", "put", "delete"};
    route.uploads.types = {"text/*", "image/png", "application/octet-stream"};
    route.uploads.names = config::naming::client;
    route.uploads.max_body = 1000;
    route.uploads.max_depth = 8;
    route.uploads.max_parts = 5;
    route.uploads.min_free = 0;
    route.uploads.make_directories = true;
    route.uploads.serve = true;
    return route;
}

session_fixture& server() {
    // In memory, where there is such a place: a run makes and removes files.
    if (std::filesystem::is_directory("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 0);
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
        settings.site.routes.push_back(upload_route(settings));
    });
    return one;
}

/// Every name in the store is one that a client may choose or the server makes.
void check_names(const std::filesystem::path& store) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(store)) {
        const auto name = entry.path().lexically_relative(store).string();
        REQUIRE_INVARIANT(entry.is_regular_file() || entry.is_directory());
        REQUIRE_INVARIANT(name.starts_with(".fairlead-keys") || !http::fault_of_upload_path(name));
    }
}

/// Removes what was stored and what was remembered, so that each run finds the same.
void clear(const std::filesystem::path& store) {
    for (const auto& entry : std::filesystem::directory_iterator(store)) {
        if (entry.path().filename() != ".fairlead-keys") {
            std::filesystem::remove_all(entry.path());
            continue;
        }
        for (const auto& record : std::filesystem::directory_iterator(entry.path()))
            if (record.path().filename() != "secret") std::filesystem::remove(record.path());
    }
}

void check_uploads(session_fixture& shared) {
    const auto& made = *static_cast<const site::site_resources*>(shared.sites.resources.get());
    REQUIRE_INVARIANT(made.upload_bytes.load() == 0);
    for (const auto& one : made.stores) {
        REQUIRE_INVARIANT(one->store.space().current().claimed == 0);
        REQUIRE_INVARIANT(!one->store.health().has_failed());
        check_names(one->directory);
        clear(one->directory);
    }
}

session_fixture::outcome serve(memory_stream& stream) {
    auto& shared = server();
    shared.log_lines.clear();
    shared.access_lines.clear();
    const auto served = shared.serve(stream);
    REQUIRE_INVARIANT(served.end == session::step::linger || served.end == session::step::leave);
    REQUIRE_INVARIANT(shared.watches.size() == 0);
    REQUIRE_INVARIANT(shared.work.current().in_flight == 0);
    check_uploads(shared);
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

/// Blanks what follows `word`, up to one of `ends`, wherever it stands.
void blank_behind(std::string& bytes, std::string_view word, std::string_view ends) {
    for (std::size_t at = 0; (at = bytes.find(word, at)) != std::string::npos;) {
        at += word.size();
        const auto end = std::min(bytes.find_first_of(ends, at), bytes.size());
        bytes.replace(at, end - at, end - at, '-');
    }
}

/// Without dates, ids, the names of what is stored, and what is made of the times of those files.
std::string comparable(std::string bytes, bool has_stored_files) {
    bytes = test::without_variable_parts(std::move(bytes));
    for (const std::string_view word : {"/uploads/", "upload_", "form_"}) blank_behind(bytes, word, "\"\r/");
    if (!has_stored_files) return bytes;
    blank_behind(bytes, "\r\nETag: ", "\r");
    blank_behind(bytes, "\r\nLast-Modified: ", "\r");
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
    // Three things do depend on what has arrived by then, and nothing else does: whether a client is told to
    // go on, which of several faults of a chunked body is seen first, and how a wrong word in JSON is
    // described.
    if (has_word(sent, "100-continue") || has_word(sent, "chunked")) return 0;
    if (expected.bytes.find("This is not the JSON") != std::string::npos) return 0;
    const bool has_stored_files = sent.find("/files") != std::string_view::npos;
    REQUIRE_INVARIANT(comparable(got.bytes, has_stored_files) ==
                      comparable(expected.bytes, has_stored_files));
    // Whoever is refused in the middle of a body may still be sending the rest of it.
    const bool is_refused = expected.bytes.find("HTTP/1.1 4") != std::string::npos;
    REQUIRE_INVARIANT(is_refused || got.end == expected.end);
    return 0;
}
