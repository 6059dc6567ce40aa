#include "handlers/folder_listing.hpp"

#include "content/listing.hpp"
#include "files/directory.hpp"
#include "handlers/made_bodies.hpp"
#include "limits/overload.hpp"

namespace fairlead::handlers {
namespace {

// Most entries of a listing, and most listings that are being sent at once: both hold memory, about 100 bytes
// an entry.
constexpr std::size_t most_entries = 20'000;
constexpr int most_listings = 64;

// A listing runs no script and loads nothing, whatever its names are.
constexpr std::string_view listing_policy =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

}  // namespace

http::outcome folder_listing::list(const http::request& request, std::string_view folder) {
    if (being_sent_.fetch_add(1) >= most_listings) {
        being_sent_.fetch_sub(1);
        return limits::overload(retry_after_, "listings being sent");
    }
    std::shared_ptr<void> place(&being_sent_, [](std::atomic<int>* all) { all->fetch_sub(1); });
    const auto shows = [this](std::string_view path, http::entry_kind kind) {
        return kind == http::entry_kind::file ? may_serve(rules_, path) : !is_hidden_below_root(rules_, path);
    };
    auto contents = files::read_directory(root_, folder, shows, most_entries);
    if (!contents) return http::problem_from(contents.error());
    auto options = content::options_from(request.query, request.fields[http::field::accept]);
    options.path = request.path;
    options.is_truncated = contents->is_truncated;
    const bool is_html = options.form == content::listing_form::html;
    http::response page;
    page.fields.add("Content-Type", is_html ? "text/html; charset=utf-8" : "application/json");
    page.fields.add("Cache-Control", "no-cache");
    page.fields.add("Vary", "Accept");
    if (is_html) page.fields.add("Content-Security-Policy", listing_policy);
    page.body = http::stream_body{std::make_unique<listing_body>(
        content::listing(std::move(contents->entries), std::move(options)), std::move(place))};
    return page;
}

}  // namespace fairlead::handlers
