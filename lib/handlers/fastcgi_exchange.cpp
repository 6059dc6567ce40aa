#include "handlers/fastcgi_exchange.hpp"

#include "base/pause.hpp"
#include "handlers/refusals.hpp"
#include "limits/overload.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace fairlead::handlers {
namespace {

namespace fastcgi = content::fastcgi;

// Bytes that one look reads, and of a body that are sent at a time.
constexpr std::size_t read_size = 64 * 1024;
constexpr std::size_t feed_size = 32 * 1024;

// Of an answer that is taken in. An application that makes more, takes longer, or says nothing for a while
// (events, progress) is passed on from there, and keeps its connection.
constexpr std::uint64_t most_taken = 1ULL << 30;
constexpr std::chrono::seconds most_taking{10};
constexpr std::chrono::seconds most_silence{1};
constexpr std::chrono::milliseconds look_again{5};

}  // namespace

fastcgi_exchange::fastcgi_exchange(const fastcgi_services& around, const http::request& request,
                                   std::string_view script, std::shared_ptr<script_input> body,
                                   fastcgi_connection&& connection)
    : around_(around),
      body_(std::move(body)),
      request_id_(request.id),
      connection_(std::move(connection)),
      server_name_(connection_.server->name()),
      number_(connection_.server->next_number()),
      pieces_(body_.get(), around.disk),
      answer_(around.log, std::string(script), request_id_, number_, request.method == http::verb::head),
      spool_(around.disk) {
    deadline_.emplace(around.deadlines, *connection_.stream, request.connection);
    start_clock();
}

fastcgi_exchange::~fastcgi_exchange() { close(); }

void fastcgi_exchange::close() noexcept {
    deadline_.reset();
    connection_ = {};
    pace_.reset();
}

void fastcgi_exchange::give_back() {
    const bool is_usable = sending_ == sending::done && !answer_.has_surplus() &&
                           deadline_->passed() == net::deadline::reason::none;
    deadline_.reset();
    if (is_usable) around_.servers.give_back(std::move(connection_));
    connection_ = {};
    pace_.reset();
}

void fastcgi_exchange::send_head(std::string_view records) {
    unsent_ = records;
    send_piece();
    if (unsent_.empty()) return;
    piece_ = unsent_;
    unsent_ = piece_;
}

task<fastcgi_exchange::state> fastcgi_exchange::ask() {
    // What was kept is read before it is waited for: php-fpm ends a connection with the last bytes of an
    // answer, which is one edge, and goes on taking what is sent (fcgi_close() lingers), so that nothing else
    // would tell of it.
    for (;;) {
        if (needs_piece()) lost_ = co_await fill_piece();
        const auto seen = advance();
        const bool may_begin = answer_.may_begin(seen == progress::nothing);
        if (seen == progress::nothing && !may_begin) {
            lost_ = co_await wait();
            continue;
        }
        state reached{};
        if (seen == progress::failed)
            reached = has_waited_enough() ? begin_answer(true) : fail_closed();
        else if (seen == progress::ended)
            reached = begin_answer(true);
        else if (may_begin)
            reached = begin_answer(answer_.is_discarding());
        else
            continue;
        if (reached == state::complete && answer_.has_ended())
            give_back();
        else if (reached == state::begun)
            stop_clock();
        else
            close();
        pieces_.rest();
        co_return reached;
    }
}

/// Sends and reads what can be sent and read now.
fastcgi_exchange::progress fastcgi_exchange::advance() {
    if (lost_) return progress::failed;
    send_piece();
    const auto seen = look();
    return seen == progress::nothing && needs_piece() ? progress::bytes : seen;
}

/// Returns when something can be sent or read. No coroutine of its own: that would be one more frame.
task<error_code> fastcgi_exchange::wait() {
    auto& stream = *connection_.stream;
    if (pieces_.awaits_client()) return wait_for_client();
    // Whoever only has to come to an end gets the time for it once.
    const bool awaited_end = std::exchange(awaits_end_, answer_.is_without_content());
    if (!awaited_end) start_clock();
    return sending_ == sending::more ? stream.wait_any() : stream.wait(net::readiness::readable);
}

/// Returns when the client has sent more, or something can be read. It is the client's time.
task<error_code> fastcgi_exchange::wait_for_client() {
    net::plain_stream::wait_set waits;
    waits.add(*connection_.stream, net::readiness::readable);
    pieces_.add_to(waits);
    stop_clock();
    const auto failed = co_await net::plain_stream::wait_first(waits);
    pieces_.rest();
    co_return failed;
}

/// The next record of the body, or the empty one that ends it; none while the client has to send first.
task<error_code> fastcgi_exchange::fill_piece() {
    if (pieces_.has_had_turn()) co_await connection_.stream->wait(net::readiness::writable);
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(pieces_.left(), feed_size));
    piece_.resize(fastcgi::header_size + most);
    const auto room = std::span(piece_).subspan(fastcgi::header_size);
    std::size_t size = 0;
    if (most > 0) {
        auto got = pieces_.take_now(room);
        if (!got && pieces_.needs_disk()) {
            stop_clock();
            got = co_await pieces_.load(room);
            if (!got) {
                (void)fail(http::status::internal_server_error, "the body of the request cannot be read");
                co_return got.error();
            }
        }
        if (!got) co_return pieces_.awaits_client() ? error_code{} : client_failed(got.error());
        size = *got;
    }
    const auto header = fastcgi::header_of(fastcgi::record_type::standard_input, size, number_);
    std::memcpy(piece_.data(), header.data(), header.size());
    unsent_ = std::string_view(piece_).substr(0, header.size() + size);
    is_last_ = size == 0;
    co_return error_code{};
}

/// The body stays incomplete. The application is not told that it has ended, but that nobody wants its
/// answer.
error_code fastcgi_exchange::client_failed(error_code how) {
    client_failed_ = how;
    const auto refusal = body_failed(how);
    (void)fail(refusal.status, "the client did not send all of the body: " + how.message());
    return how;
}

/// Sends what is left of the piece, as far as it is taken now.
void fastcgi_exchange::send_piece() {
    while (!unsent_.empty() && sending_ == sending::more) {
        const iovec part{const_cast<char*>(unsent_.data()), unsent_.size()};
        const auto sent = connection_.stream->write_now({&part, 1});
        if (!sent) {
            // An application that refuses may close before it has read everything, and what it says counts:
            // the failure is told by whoever reads.
            if (!net::would_block(sent.error())) sending_ = sending::broken;
            return;
        }
        has_sent_ = true;
        unsent_.remove_prefix(*sent);
    }
    const bool was_last = !body_ || is_last_;
    if (unsent_.empty() && was_last && sending_ == sending::more) sending_ = sending::done;
}

/// True when only the end of the output did not come in time: the head says all that the client is told.
bool fastcgi_exchange::has_waited_enough() const noexcept {
    return answer_.is_without_content() && cause_.empty() &&
           deadline_->passed() == net::deadline::reason::time;
}

/// Reads once.
fastcgi_exchange::progress fastcgi_exchange::look() {
    thread_local std::array<char, read_size> buffer;
    auto& stream = *connection_.stream;
    // A process of php-fpm sleeps in read(2) as soon as it has answered, and most answers come at once.
    const auto got = answer_.has_bytes() ? stream.read_now(buffer) : stream.read_leaving(buffer);
    if (!got && net::would_block(got.error())) return progress::nothing;
    if (!got || *got == 0) {
        lost_ = got ? make_error_code(errc::end_of_stream) : got.error();
        return progress::failed;
    }
    connection_.unanswered.got_answer();
    switch (answer_.take({buffer.data(), *got})) {
        case fastcgi_answer::progress::more: return progress::bytes;
        case fastcgi_answer::progress::ended: return progress::ended;
        case fastcgi_answer::progress::refused: break;
    }
    // On a new connection there is no other request: that is nonsense like any other.
    if (answer_.is_of_another() && !connection_.is_fresh)
        lost_ = make_error_code(errc::bad_framing);
    else
        cause_ = answer_.cause();
    return progress::failed;
}

/// The head is there, or all of the output is.
fastcgi_exchange::state fastcgi_exchange::begin_answer(bool is_complete) {
    if (auto fault = answer_.find_fault(is_complete)) return fail(fault->status, std::move(fault->cause));
    return is_complete ? state::complete : state::begun;
}

fastcgi_exchange::state fastcgi_exchange::fail(http::status status, std::string cause) {
    status_ = status;
    cause_ = std::move(cause);
    return state::failed;
}

/// The connection has ended, or what came over it is nonsense.
fastcgi_exchange::state fastcgi_exchange::fail_closed() {
    using reason = net::deadline::reason;
    if (!cause_.empty()) return state::failed;
    const auto why = deadline_->passed();
    if (why == reason::time)
        return fail(http::status::gateway_timeout,
                    "it took and gave no byte for " + std::to_string(around_.timeout.count()) + " ms");
    if (why == reason::client_left) return fail(client_closed_request, "the client has left");
    if (why == reason::stopping) return fail(http::status::service_unavailable, "this server is stopping");
    (void)fail(http::status::bad_gateway, "the connection was lost: " + lost_.message());
    if (answer_.has_bytes() && !answer_.is_of_another()) return state::failed;
    return has_sent_ ? state::lost : state::unsent;
}

http::problem fastcgi_exchange::refusal() const {
    if (client_failed_) {
        auto refusal = body_failed(client_failed_);
        refusal.log_detail = "fastcgi " + server_name_ + ": " + cause_;
        return refusal;
    }
    auto refusal = refuse(status_, "The application gave no answer that can be used.");
    if (status_ == http::status::gateway_timeout) refusal.detail = "The application did not answer in time.";
    if (status_ == http::status::internal_server_error)
        refusal.detail = "The request could not be passed on to the application.";
    if (status_ == http::status::service_unavailable)
        refusal = limits::overload(std::chrono::seconds(5), "requests to the application");
    refusal.close = status_ == client_closed_request;
    refusal.log_detail = "fastcgi " + server_name_ + ": " + cause_;
    return refusal;
}

task<> fastcgi_exchange::spare_connection() {
    // Whoever has yet to send his body has a place among those.
    if (sending_ != sending::done) co_return;
    pace_ = around_.servers.paced_answers().try_acquire();
    if (!pace_) co_await take_in();
}

task<> fastcgi_exchange::take_in() {
    using clock = net::deadline::clock;
    const auto end = clock::now() + most_taking;
    auto silent_since = clock::now();
    while (spool_.size() < most_taken) {
        const auto seen = advance();
        if (seen == progress::ended) give_back();
        // What has failed fails again behind what came before.
        if (seen == progress::ended || seen == progress::failed) co_return;
        if (answer_.is_full()) {
            if (const auto failed = co_await spool_.append(answer_.content())) {
                around_.log.warn(
                    "request {}: the answer of fastcgi {} waits for the client in its connection, "
                    "as TMPDIR cannot be written: {}",
                    request_id_, server_name_, failed.message());
                co_return;
            }
        }
        const auto now = clock::now();
        if (seen == progress::bytes) silent_since = now;
        if (now >= end || now - silent_since >= most_silence) co_return;
        if (seen == progress::bytes) continue;
        co_await pause_for(look_again);
    }
}

task<result<std::size_t>> fastcgi_exchange::read_spool(std::span<char> buffer) {
    const auto got = co_await spool_.read_some(buffer);
    if (got) co_return got;
    lost_ = got.error();
    (void)fail(http::status::internal_server_error,
               "what was taken in of the answer cannot be read: " + lost_.message());
    co_return cut();
}

std::size_t fastcgi_exchange::hand_out(std::span<char> buffer) noexcept {
    stop_clock();
    pieces_.rest();
    return answer_.hand_out(buffer);
}

task<result<std::size_t>> fastcgi_exchange::read_some(std::span<char> buffer) {
    for (;;) {
        if (!spool_.is_read()) {
            const auto taken = co_await read_spool(buffer);
            co_return taken;
        }
        if (!answer_.content().empty()) co_return hand_out(buffer);
        if (answer_.has_ended()) {
            pieces_.rest();
            co_return std::size_t{0};
        }
        if (needs_piece()) lost_ = co_await fill_piece();
        const auto seen = advance();
        if (seen == progress::failed) co_return cut();
        if (seen == progress::ended) give_back();
        if (seen == progress::nothing) lost_ = co_await wait();
    }
}

/// The answer cannot be completed any more.
error_code fastcgi_exchange::cut() {
    const bool is_nonsense = !cause_.empty();
    (void)fail_closed();
    if (client_failed_)
        around_.log.info("request {} cut: fastcgi {}: {}", request_id_, server_name_, cause_);
    else
        around_.log.error("request {} cut: fastcgi {}: {}", request_id_, server_name_, cause_);
    close();
    pieces_.rest();
    if (client_failed_) return client_failed_;
    if (status_ == http::status::gateway_timeout) return errc::timeout;
    return is_nonsense ? make_error_code(errc::bad_framing) : lost_;
}

}  // namespace fairlead::handlers
