#include "handlers/file_sender.hpp"

#include "base/blocking.hpp"
#include "handlers/made_bodies.hpp"
#include "handlers/refusals.hpp"
#include "limits/overload.hpp"

#include <array>
#include <span>

namespace fairlead::handlers {
namespace {

using http::content_coding;

http::problem no_acceptable_coding() {
    auto refusal =
        refuse(http::status::not_acceptable,
               "Accept-Encoding refuses the file as it is, and every coding that it can be sent in.");
    refusal.fields.add("Vary", "Accept-Encoding");
    return refusal;
}

// How often a request waits for others that are at the same file.
constexpr int most_waits = 8;

/// Where the file itself would do, too.
bool accepts_identity(const http::request& request) noexcept {
    return http::choose_coding(request.fields, {}).has_value();
}

/// Siblings first, since they cost nothing, then what can be made now; both in the order of preference.
struct offered_codings {
    offered_codings(const files::open_file& file, std::span<const content_coding> made_now) noexcept {
        for (const auto& one : file.siblings) add(one->coding);
        for (const auto one : made_now) add(one);
    }
    void add(content_coding coding) noexcept {
        for (std::size_t i = 0; i < count; ++i)
            if (codings[i] == coding) return;
        if (count < codings.size()) codings[count++] = coding;
    }
    std::span<const content_coding> all() const noexcept { return {codings.data(), count}; }

    std::array<content_coding, 3> codings{};
    std::size_t count = 0;
};

}  // namespace

file_sender::file_sender(file_sender_options options, const file_rules& rules, const files::open_files& files,
                         coded_files& coded, boost::asio::thread_pool& encoders)
    : options_(options), rules_(rules), files_(files), coded_(coded), encoders_(encoders) {}

std::variant<http::outcome, file_sender::unmade> file_sender::answer(const http::request& request,
                                                                     const asked_for& asked,
                                                                     file_pointer file) const {
    // The policy has looked at the file that was opened: a link may have led to another name.
    if (file->head.lines.empty())
        return http::outcome(is_hidden_below_root(rules_, file->final_path) ? not_found() : type_refused());
    if (asked.coding && file->is_negotiable()) {
        // RFC 9111 section 5.2.1.6, which is about caches: here it spares whoever wants the bytes as they
        // lie.
        const bool may_make =
            file->head.may_be_coded &&
            !http::has_directive(request.fields[http::field::cache_control], "no-transform");
        std::span<const content_coding> made_now;
        if (may_make) made_now = rules_.codings;
        const offered_codings offered(*file, made_now);
        const auto coding = http::choose_coding(request.fields, offered.all());
        if (!coding) return http::outcome(no_acceptable_coding());
        if (*coding != content_coding::identity) {
            // A range is one of the file itself: part of a coded form is of use to nobody but who began with
            // it.
            const bool is_part =
                asked.range && accepts_identity(request) && is_range_of_this_form(request, *file);
            if (!is_part) return send_coded(request, asked.conditions, std::move(file), *coding);
            // But who has all of the coded form needs no part.
            if (request.fields.find(http::field::if_none_match)) {
                auto coded = find_coded(*file, *coding);
                if (!coded) coded = describe_coded(*file, *coding);
                auto checked = check_preconditions(request, coded);
                if (checked && std::holds_alternative<http::response>(*checked)) return std::move(*checked);
            }
        }
    }
    if (asked.conditions) {
        if (auto refused = check_preconditions(request, file)) return std::move(*refused);
        if (asked.range) return send_ranges(request, std::move(file));
    }
    return send_all(request, std::move(file));
}

/// Preconditions were checked, and no range is wanted.
http::outcome file_sender::send_all(const http::request& request, file_pointer file) const {
    http::response whole;
    add_expires(request, *file, whole);
    send_whole(std::move(file), whole);
    return whole;
}

/// A sibling, or what is kept, or nullptr.
file_sender::file_pointer file_sender::find_coded(const files::open_file& original,
                                                  content_coding coding) const {
    for (const auto& one : original.siblings)
        if (one->coding == coding) return one;
    return coded_.find(coded_files::key_of(&files_, original, coding));
}

/// A coded form that is there, or what has to be made for it.
std::variant<http::outcome, file_sender::unmade> file_sender::send_coded(const http::request& request,
                                                                         bool has_conditions,
                                                                         file_pointer original,
                                                                         content_coding coding) const {
    auto coded = find_coded(*original, coding);
    const bool is_there = coded != nullptr;
    if (has_conditions) {
        // Its tag is known before it is made: who has it already needs no second one.
        if (!is_there) coded = describe_coded(*original, coding);
        if (auto refused = check_preconditions(request, coded)) return std::move(*refused);
    }
    if (is_there) return send_all(request, std::move(coded));
    return unmade{std::move(original), coding};
}

/// The coded form of a file, without its content.
std::shared_ptr<files::open_file> file_sender::describe_coded(const files::open_file& original,
                                                              content_coding coding) const {
    auto coded = std::make_shared<files::open_file>();
    coded->info = original.info;
    coded->name = original.name;
    coded->final_path = original.final_path;
    coded->etag = coded_entity_tag(original.etag, coding);
    coded->last_modified = original.last_modified;
    coded->last_modified_text = original.last_modified_text;
    coded->coding = coding;
    coded->head = head_of(rules_, original.lies_at(), *coded);
    return coded;
}

int file_sender::level_of(content_coding coding) const noexcept {
    switch (coding) {
        case content_coding::gzip: return options_.gzip_level;
        case content_coding::br: return options_.br_level;
        case content_coding::zstd: return options_.zstd_level;
        case content_coding::identity: break;
    }
    return 0;
}

task<http::outcome> file_sender::make(const http::request& request, unmade what) const {
    const auto coded = describe_coded(*what.original, what.coding);
    if (request.method == http::verb::head) co_return head_of_unmade(request, *coded);
    if (!coded_.is_made_whole(what.original->info.size)) co_return stream(request, std::move(what), *coded);
    const auto key = coded_files::key_of(&files_, *what.original, what.coding);
    auto mine = coded_.try_claim(key);
    // Who waited finds what was made, unless it could not be kept: then it is made once more.
    for (int tries = 0; !mine && tries < most_waits; ++tries) {
        co_await coded_.wait_for(key);
        if (auto kept = coded_.find(key)) co_return send_all(request, std::move(kept));
        if (auto next = coded_.try_claim(key)) mine.emplace(std::move(*next));
    }
    if (!mine) co_return send_uncoded(request, what.original);
    if (auto kept = coded_.find(key)) co_return send_all(request, std::move(kept));
    if (!coded_.has_room()) co_return send_uncoded(request, what.original);
    const int level = level_of(what.coding);
    const auto failed =
        co_await run_blocking(encoders_, [&] { return coded_.fill(*what.original, level, *coded); });
    if (failed && accepts_identity(request)) co_return send_all(request, what.original);
    if (failed) co_return http::problem_from(failed);
    const auto made = coded_.count(coded);
    // What is being written is not kept: its time is set when a write begins, not when it ends.
    if (files_.is_settled(what.original->info, files::open_files::wall::now())) coded_.keep(*mine, made);
    co_return send_all(request, made);
}

/// In place of a coded form that cannot be made now.
http::outcome file_sender::send_uncoded(const http::request& request, file_pointer original) const {
    if (accepts_identity(request)) return send_all(request, std::move(original));
    return limits::overload(options_.retry_after, "files being compressed");
}

/// What stands before a body that is yet to be made, and all that HEAD gets: without the length, which only
/// the making tells (RFC 9110 section 9.3.2).
http::response file_sender::head_of_unmade(const http::request& request,
                                           const files::open_file& coded) const {
    http::response answer;
    answer.fields.add_prebuilt(coded.head.lines);
    add_expires(request, coded, answer);
    answer.body = http::stream_body{nullptr};
    return answer;
}

http::outcome file_sender::stream(const http::request& request, unmade what,
                                  const files::open_file& coded) const {
    auto place = coded_.try_stream();
    if (!place) return send_uncoded(request, std::move(what.original));
    auto answer = head_of_unmade(request, coded);
    answer.body = http::stream_body{std::make_unique<encoded_body>(
        std::move(what.original), what.coding, level_of(what.coding), encoders_, std::move(place))};
    return answer;
}

}  // namespace fairlead::handlers
