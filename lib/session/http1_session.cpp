#include "session/http1_session.hpp"

#include "base/random.hpp"
#include "base/release.hpp"
#include "http/framing.hpp"
#include "http/refusal.hpp"
#include "session/pending_output.hpp"
#include "session/tunnel_exchange.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace fairlead::session {
namespace {

// What is left of a request body is read and thrown away up to here, to keep the connection; above, closing
// is cheaper.
constexpr std::uint64_t drain_limit = 64 * 1024;

}  // namespace

/// Buffers of one thread. They are touched only inside plain functions: after a `co_await` the coroutine may
/// be on another thread.
struct http1_session::scratch {
    explicit scratch(std::size_t header_size)
        : input(64 * 1024 + header_size), output(128 * 1024 + 8 * header_size) {}
    std::vector<char> input;
    std::vector<char> output;
    field_storage fields;
    answer_batch batch{output};
    std::string
        host_text;  // the Host that was accepted last, whoever sent it: nearly always the next one, too
    http::known_host latest_host;

    void remember(std::string_view text, http::host_parts parts) {
        if (text == host_text) return;
        host_text = text;
        parts.name = std::string_view(host_text).substr(0, parts.name.size());
        latest_host = {host_text, parts};
    }

    static scratch& of_this_thread(std::size_t header_size) {
        thread_local std::unique_ptr<scratch> mine;
        if (!mine || mine->input.size() < 64 * 1024 + header_size)
            mine = std::make_unique<scratch>(header_size);
        if (!mine->batch.empty())
            mine->batch.clear();  // an exception may have left answers in it, which are another connection's
        return *mine;
    }
};

http1_session::http1_session(net::byte_stream& stream, const environment& shared, watch& deadline,
                             const http::peer_info& peer)
    : stream_(stream),
      shared_(shared),
      deadline_(deadline),
      peer_(peer),
      scanner_(shared.limits.header_size) {}

http1_session::~http1_session() = default;

task<http1_session::step> http1_session::run(step next) {
    while (next != step::linger && next != step::leave) {
        if (next == step::read) {
            const auto failed = co_await stream_.wait(net::readiness::readable);
            next = failed ? step::leave : serve_ready();
        } else if (next == step::answer) {
            next = answer_carried();
        } else if (next == step::yield) {
            const auto failed = co_await stream_.wait(net::readiness::writable);
            sent_in_turn_ = 0;
            now_ = watch::clock::now();
            next = failed ? step::leave : answer_carried();
        } else if (next == step::flush) {
            next = co_await flush();
        } else {
            next = co_await serve_suspended();
        }
    }
    co_return next;
}

http1_session::step http1_session::serve_ready() {
    auto& mine = scratch::of_this_thread(shared_.limits.header_size);
    const std::span<char> input(mine.input);
    const auto got = stream_.read_now(input.subspan(carry_.size()));
    sent_in_turn_ = 0;
    now_ = watch::clock::now();
    if (!got) return net::would_block(got.error()) ? step::read : step::leave;
    if (*got == 0) return end_of_input(mine);
    if (!carry_.empty()) std::memcpy(input.data(), carry_.data(), carry_.size());
    const bool was_full = carry_.size() + *got == input.size();
    const auto next = answer_input(mine, input.first(carry_.size() + *got), carry_.empty());
    // Who sends faster than is read would keep this thread for himself.
    return next == step::read && was_full ? step::yield : next;
}

/// Answers what was received before others had their turn, or behind a request that had to be waited for.
http1_session::step http1_session::answer_carried() {
    auto bytes = std::move(carry_);
    carry_.clear();
    return answer_input(scratch::of_this_thread(shared_.limits.header_size), bytes, true);
}

http1_session::step http1_session::end_of_input(scratch& mine) {
    // Only a head that has begun is owed an answer (RFC 9110 section 15.5.9); who was silent, or left, gets
    // none.
    if (!deadline_.has_expired() || !scanner_.has_begun()) return step::leave;
    const auto late = http::refuse(http::status::request_timeout,
                                   "The request head was not complete within " +
                                       std::to_string(shared_.limits.header_timeout.count() / 1000) + " s.");
    return send_batch(mine.batch, refuse(mine.batch, late, nullptr));
}

/// Answers the complete requests of `input`. `is_new_head`: its first byte is the first of a head.
http1_session::step http1_session::answer_input(scratch& mine, std::span<char> input, bool is_new_head) {
    auto& batch = mine.batch;
    step next = step::read;
    while (next == step::read && !input.empty()) {
        const auto found = scanner_.scan(input);
        if (found == head_scanner::state::incomplete) break;
        if (found == head_scanner::state::refused) {
            next = refuse(batch, scanner_.refusal(), nullptr);
            break;
        }
        const auto head = input.first(scanner_.head_size());
        next = answer_one(mine, head);
        scanner_.reset();
        is_new_head = true;
        input = input.subspan(head.size());
        if (next == step::read && !batch.has_room(max_head_size())) {
            next = send_batch(batch, step::answer);
            if (next == step::answer)
                next = sent_in_turn_ < file_transfer::turn_size ? step::read : step::yield;
        }
    }
    keep_rest(input, is_new_head);
    // The client said that this was its last request, it had no body, and nothing was there behind it that
    // would turn the close into a reset. One segment in place of two is a fifth of a short connection's time.
    return send_batch(batch, next, next == step::leave && stream_.is_read_out());
}

/// Most bytes of field lines that any answer has: a redirect repeats the target with every byte escaped.
std::size_t http1_session::max_head_size() const noexcept {
    return 8 * 1024 + 4 * shared_.limits.header_size;
}

void http1_session::keep_rest(std::span<char> rest, bool is_new_head) {
    if (!rest.empty() && is_new_head) head_deadline_ = now_ + shared_.limits.header_timeout;
    if (!rest.empty()) {
        carry_.assign(rest.data(), rest.size());
        stream_.expect_more();
    } else if (!carry_.empty()) {
        release(carry_);  // an idle connection owns no memory
    }
    await_request();
}

/// The phase of waiting for the rest of a head, or for a new one; of work when a request has been read.
void http1_session::await_request() {
    if (suspended_)
        deadline_.enter(watch::phase::working);
    else if (carry_.empty())
        deadline_.enter(watch::phase::idle, now_);
    else
        deadline_.enter(watch::phase::header, head_deadline_);
}

/// Sends the batch. Returns `after`; flush when not all of it has gone; leave when the stream failed.
http1_session::step http1_session::send_batch(answer_batch& batch, step after, bool close_follows) {
    if (batch.empty()) return after;
    const auto failed = batch.send(stream_, close_follows);
    auto records = batch.records();
    if (failed && net::would_block(failed)) {
        pending_ = std::make_unique<pending_output>();
        pending_->rest = batch.take_unsent();
        // Of several answers only the last may have a file; the others are out when no byte is left.
        const auto out = pending_->rest.pieces.empty() ? records.size() - 1 : 0;
        const auto begun = watch::clock::now();
        for (const auto& record : records.subspan(out))
            pending_->records.emplace_back(record).set_first_byte(begun);
        records = records.first(out);
        after_flush_ = after;
        after = step::flush;
    } else if (failed) {
        shared_.log.debug("answer to {} cut: {}", peer_.address, failed.message());
        batch.forget_unsent();
        after = step::leave;
    }
    const auto now = records.empty() ? watch::clock::time_point{} : watch::clock::now();
    for (const auto& record : records) record.publish(shared_, peer_, now);
    batch.clear();
    return after;
}

task<http1_session::step> http1_session::flush() {
    const auto output = std::move(pending_);
    const auto failed = co_await output->send(stream_, deadline_, shared_);
    if (output->request) output->records.back().set_bytes_received(output->request->body->received());
    for (const auto& record : output->records) record.get().publish(shared_, peer_, watch::clock::now());
    if (failed) {
        shared_.log.debug("answer to {} cut: {}", peer_.address, failed.message());
        co_return step::leave;
    }
    now_ = watch::clock::now();
    await_request();
    co_return after_flush_;
}

bool http1_session::may_keep(bool wanted) const noexcept {
    return wanted && served_ < shared_.limits.requests_per_connection &&
           !shared_.is_draining.load(std::memory_order_relaxed);
}

/// Puts one answer into the batch. Returns what follows it: read when the connection goes on.
http1_session::step http1_session::enqueue(answer_batch& batch, const http::request& request,
                                           http::response&& answer, bool wants_keep,
                                           std::uint64_t bytes_received) {
    if (!batch.has_room(own_head_size(answer))) {
        shared_.log.error("answer {} has a head of {} bytes: connection closed", request.id,
                          own_head_size(answer));
        return step::leave;
    }
    ++served_;
    head_options options;
    options.is_head = request.method == http::verb::head;
    options.may_chunk = request.version_minor > 0;
    const auto* made = std::get_if<http::stream_body>(&answer.body);
    const bool ends_with_body = made && !made->length && !options.may_chunk && !options.is_head;
    options.keep = may_keep(wants_keep && !answer.close && !ends_with_body);
    options.requests_left = options.keep ? shared_.limits.requests_per_connection - served_ : 0;
    options.keep_alive = shared_.keep_alive_lines;
    options.request_id = request.id;

    const auto status = static_cast<unsigned>(answer.status);
    const bool is_logged = !answer.is_quiet && shared_.access_log.wants(status);
    std::uint64_t bytes_sent = 0;
    // A client that did not ask for the end may still be sending: requests behind this one, or the rest of a
    // body. Bytes that nobody reads would turn the close into a reset, which overtakes the answer (RFC 9112
    // section 9.6).
    const bool may_send_on = answer.close || wants_keep;
    step next = options.keep ? step::read : (may_send_on ? step::linger : step::leave);
    // What is made counts when it has been sent.
    if (!made && has_content(answer, options.is_head)) bytes_sent = http::body_length(answer.body);
    const bool is_shed = status == 503 && !answer.fields.get("Retry-After").empty();
    auto& record = batch.add(std::move(answer), options);
    record.describe(request, is_logged);
    record.status = status;
    record.is_shed = is_shed;
    record.bytes_sent = bytes_sent;
    record.bytes_received = bytes_received;
    sent_in_turn_ += bytes_sent;
    return next;
}

/// Refuses what cannot be framed. The connection ends, since nobody knows where the next request would begin.
http1_session::step http1_session::refuse(answer_batch& batch, const http::problem& refusal,
                                          const http::request* request) {
    id_text id;
    http::request unread;
    if (!request) {
        identify(unread, id);
        request = &unread;
    }
    auto answer = shared_.pages.refuse(refusal, *request);
    answer.close = true;
    return enqueue(batch, *request, std::move(answer), false, 0);
}

/// Answers one complete head into the batch, or says that it has to be suspended.
http1_session::step http1_session::answer_one(scratch& mine, std::span<char> head) {
    auto& batch = mine.batch;
    request_head parsed;
    if (const auto refusal = parse_head(head, mine.fields, parsed)) return refuse(batch, *refusal, nullptr);
    id_text id;
    http::request request;
    parsed.fill(request);
    identify(request, id);
    const auto facts = http::check_head(parsed.fields, parsed.version_minor, &mine.latest_host);
    if (!facts) return refuse(batch, http::to_problem(facts.error()), &request);
    const auto framing = http::decide_framing(parsed.fields, parsed.version_minor);
    if (!framing) return refuse(batch, http::to_problem(framing.error()), &request);
    if (facts->host) {
        request.host_name = facts->host->name;
        mine.remember(request.authority, *facts->host);
    }

    http::outcome outcome;
    const bool may_wait = framing->kind != http::body_framing::kind::none;
    if (may_wait || !shared_.pages.try_respond(request, outcome)) {
        suspended_ = std::make_unique<suspended_request>(head, parsed, *facts, *framing, view_);
        identify(suspended_->request, suspended_->id);
        suspended_->request.account = request.account;  // what has been counted is not counted again
        return step::suspend;
    }
    return enqueue(batch, request, std::move(std::get<http::response>(outcome)), facts->keep_alive, 0);
}

/// Fills in what the connection knows of a request. `id` has to live as long as it.
void http1_session::identify(http::request& request, id_text& id) const {
    write_hex(next_random(), id.data());
    request.peer = request.client = peer_;
    request.id = {id.data(), id.size()};
    request.received = now_;
}

/// Gives the request that waits the bytes of its body which are there. What follows the body comes back in
/// finish_suspended().
void http1_session::attach_body(suspended_request& work) {
    if (work.framing.kind != http::body_framing::kind::none) {
        work.body = std::make_unique<http1_body>(stream_, deadline_, shared_.limits, work.framing,
                                                 std::move(carry_), work.expects_continue);
        carry_.clear();
        work.request.body = work.body.get();
    }
    deadline_.enter(watch::phase::working);
}

task<http1_session::step> http1_session::serve_suspended() {
    auto work = std::move(suspended_);
    attach_body(*work);
    auto answer = co_await shared_.pages.respond(work->request);
    if (std::holds_alternative<http::tunnel_body>(answer.body)) {
        // With "Content-Length: 0" what came behind the head is still there.
        if (work->body) carry_ = work->body->take_surplus();
        co_await serve_tunnel(stream_, deadline_, shared_, work->request, std::move(answer),
                              std::move(carry_));
        co_return step::leave;
    }
    auto* const body = work->body.get();
    const bool is_streamed = body && body->is_streamed();
    bool keep = work->wants_keep;
    if (body && !body->is_complete()) {
        // A client that still waits for 100 may send the body or not: only closing is unambiguous. What is
        // answered before a streamed body has come waits no longer for it, and may yet be made of it.
        if (body->is_unsolicited() || is_streamed || !keep || answer.close)
            keep = false;
        else
            keep = co_await body->drain(drain_limit);
        answer.close |= !keep;
    }
    if (body && keep) carry_ = body->take_surplus();
    const auto next = finish_suspended(*work, std::move(answer), keep);
    if (pending_ && is_streamed) pending_->request = std::move(work);
    co_return next;
}

http1_session::step http1_session::finish_suspended(suspended_request& work, http::response&& answer,
                                                    bool keep) {
    const auto received = work.body ? work.body->received() : 0;
    auto& batch = scratch::of_this_thread(shared_.limits.header_size).batch;
    auto next = enqueue(batch, work.request, std::move(answer), keep, received);
    if (next == step::read && !carry_.empty()) next = step::answer;
    now_ = watch::clock::now();
    if (!carry_.empty()) head_deadline_ = now_ + shared_.limits.header_timeout;
    await_request();
    return send_batch(batch, next);
}

}  // namespace fairlead::session
