#include "handlers/folder_listing.hpp"

#include "files/directory.hpp"
#include "handlers/conditional_page.hpp"
#include "handlers/made_bodies.hpp"
#include "handlers/refusals.hpp"
#include "http/access_map.hpp"
#include "limits/overload.hpp"

namespace fairlead::handlers {
namespace {

constexpr std::size_t most_entries = 20'000;

// Readings of all folders that are held, by those who are being sent a listing or for others who may ask for
// the same.
constexpr std::uint64_t most_bytes_held = 32 * 1024 * 1024;
constexpr std::size_t most_latest = 8;
constexpr std::chrono::seconds good_for{1};

// A listing runs no script and loads nothing, whatever its names are.
constexpr std::string_view listing_policy =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

std::uint64_t bytes_of(const std::vector<http::listing_entry>& entries) noexcept {
    std::uint64_t bytes = entries.capacity() * sizeof(http::listing_entry);
    const auto inside = std::string().capacity();  // a name of this length needs no memory of its own
    for (const auto& one : entries)
        for (const auto* text : {&one.name, one.leads_to ? &*one.leads_to : nullptr})
            if (text && text->capacity() > inside) bytes += text->capacity() + 1;
    return bytes;
}

}  // namespace

bool listing_memory::try_take(std::uint64_t bytes) noexcept {
    if (held_.fetch_add(bytes) + bytes <= most_bytes_held) return true;
    give_back(bytes);
    return false;
}

bool listing_memory::take(std::uint64_t bytes) {
    if (try_take(bytes)) return true;
    const std::lock_guard guard(mutex_);
    for (auto* one : all_) one->let_go(folder_listing::clock::time_point::max());
    return try_take(bytes);
}

void listing_memory::let_go_old() {
    const std::lock_guard guard(mutex_);
    for (auto* one : all_) one->let_go(folder_listing::clock::now() - good_for);
}

folder_listing::folder_listing(const files::sandbox& root, const file_rules& rules, listing_memory& memory,
                               std::chrono::milliseconds retry_after)
    : root_(root), rules_(rules), memory_(memory), retry_after_(retry_after) {
    const std::lock_guard guard(memory_.mutex_);
    memory_.all_.push_back(this);
}

folder_listing::~folder_listing() {
    const std::lock_guard guard(memory_.mutex_);
    std::erase(memory_.all_, this);
}

void folder_listing::let_go(clock::time_point made_before) {
    const std::lock_guard guard(mutex_);
    latest_.remove_if([&](const reading& one) { return one.made <= made_before; });
}

result<http::outcome> folder_listing::list(const http::request& request, std::string_view folder) {
    auto options = content::options_from(request.query, request.fields[http::field::accept]);
    auto found = find(folder, options);
    if (!found) return found.error();
    if (request.access) {
        // The path that was asked for was judged before.
        if (!http::may_see(request, rules_.url_prefix + found->lies_at)) return http::outcome(not_found());
        if (found->entries) found->entries = count_in(seen_by(request, *found));
    }
    if (!found->entries) return http::outcome(limits::overload(retry_after_, "listings in memory"));
    options.path = request.path;
    options.is_truncated = found->is_truncated;
    const bool is_html = options.form == content::listing_form::html;
    http::response page;
    page.fields.add("Content-Type", is_html ? "text/html; charset=utf-8" : "application/json");
    page.fields.add("Cache-Control", "no-cache");
    page.fields.add("Vary", "Accept");
    if (is_html) page.fields.add("Content-Security-Policy", listing_policy);
    page.body = http::stream_body{
        std::make_unique<listing_body>(content::listing(found->entries, std::move(options)))};
    return conditional_page(request, std::move(page));
}

result<folder_listing::reading> folder_listing::find(std::string_view folder,
                                                     const content::listing_options& options) {
    let_go(clock::now() - good_for);
    {
        const std::lock_guard guard(mutex_);
        for (const auto& one : latest_)
            if (one.folder == folder && one.sort == options.sort &&
                one.is_descending == options.is_descending)
                return one;
    }
    auto fresh = read(folder, options);
    if (!fresh || !fresh->entries) return fresh;
    const std::lock_guard guard(mutex_);
    latest_.push_front(*fresh);
    if (latest_.size() > most_latest) latest_.pop_back();
    return fresh;
}

result<folder_listing::reading> folder_listing::read(std::string_view folder,
                                                     const content::listing_options& options) {
    const auto shows = [this](std::string_view path, http::entry_kind kind) {
        return kind == http::entry_kind::file ? may_serve(rules_, path) : !is_hidden_below_root(rules_, path);
    };
    reading fresh{std::string(folder), {}, options.sort, options.is_descending, false, nullptr, clock::now()};
    auto contents = files::read_directory(root_, folder, shows, most_entries);
    if (!contents) return contents.error();
    fresh.lies_at = std::move(contents->lies_at);
    fresh.is_truncated = contents->is_truncated;
    fresh.entries = count_in(content::listing::sort(std::move(contents->entries), options));
    return fresh;
}

/// Those that the rules let who asks see: under the name that he asks for, where they lie, and where a link
/// leads, since size and time are those of what it leads to. What was read is shared, this is not.
content::listing::sorted_entries folder_listing::seen_by(const http::request& request,
                                                         const reading& whole) const {
    auto seen = std::make_shared<std::vector<http::listing_entry>>();
    const auto real_folder = rules_.url_prefix + whole.lies_at;
    const bool is_elsewhere = real_folder != request.path;
    std::string path;
    for (const auto& one : *whole.entries) {
        const auto sees = [&](std::string_view folder, std::string_view name) {
            path.assign(folder).append(name);
            if (one.kind == http::entry_kind::directory && !path.ends_with('/')) path += '/';
            return http::may_see(request, path);
        };
        if (!sees(request.path, one.name)) continue;
        if (is_elsewhere && !sees(real_folder, one.name)) continue;
        if (one.leads_to && !sees(rules_.url_prefix, *one.leads_to)) continue;
        seen->push_back(one);
    }
    return seen;
}

/// The entries, whose memory counts until nobody holds them; nullptr when there is none left for them.
content::listing::sorted_entries folder_listing::count_in(content::listing::sorted_entries entries) {
    const auto bytes = bytes_of(*entries);
    if (!memory_.take(bytes)) return nullptr;
    const auto* const seen = entries.get();
    return {seen, [entries = std::move(entries), bytes, &memory = memory_](const auto*) {
                memory.give_back(bytes);
            }};
}

}  // namespace fairlead::handlers
