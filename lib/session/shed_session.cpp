#include "session/shed_session.hpp"

#include "base/random.hpp"
#include "limits/overload.hpp"
#include "session/http1_writer.hpp"

#include <algorithm>
#include <array>

namespace fairlead::session {
namespace {

constexpr std::chrono::milliseconds head_patience{250};

}  // namespace

shed_session::shed_session(net::byte_stream& stream, const environment& shared, watch& deadline,
                           const http::peer_info& peer, limit reached, bool wait_for_head)
    : stream_(stream),
      shared_(shared),
      deadline_(deadline),
      peer_(peer),
      scanner_(shared.limits.header_size),
      reached_(reached),
      wait_for_head_(wait_for_head) {
    deadline_.enter(watch::phase::header, watch::clock::now() + head_patience);
}

step shed_session::serve_ready() {
    std::array<char, 4096> piece;
    const auto got = stream_.read_now(piece);
    if (!got && !net::would_block(got.error())) return step::leave;
    if (!got) return wait_for_head_ ? step::read : answer(nullptr);
    // Nothing more will come: either the patience is over, or the peer sent what it had.
    if (*got == 0) return deadline_.has_expired() || !input_.empty() ? answer(nullptr) : step::leave;
    input_.append(piece.data(), *got);
    const auto found = scanner_.scan(input_);
    if (found == head_scanner::state::incomplete && wait_for_head_) {
        stream_.expect_more();
        return step::read;
    }
    if (found != head_scanner::state::complete) return answer(nullptr);

    field_storage storage;
    request_head head;
    if (parse_head(std::span(input_).first(scanner_.head_size()), storage, head)) return answer(nullptr);
    http::request request;
    head.fill(request);
    request.peer = peer_;
    return answer(&request);
}

http::problem shed_session::refusal() const {
    const auto retry_after = shared_.limits.retry_after;
    if (reached_ == limit::those_of_address) return limits::too_many_connections(retry_after);
    return limits::overload(retry_after, "connections");
}

/// Counts a connection that is shed, and its request, if there was one.
void shed_session::count(bool is_request) const {
    auto& metrics = shared_.metrics;
    const bool is_one_address = reached_ == limit::those_of_address;
    metrics.connection_rejected(is_one_address ? telemetry::reject_reason::address_limit
                                               : telemetry::reject_reason::soft_limit);
    if (is_request && is_one_address)
        metrics.request_limited(telemetry::limit_reason::connections);
    else if (is_request)
        metrics.request_shed(telemetry::shed_reason::connections);
}

/// Answers a health check, or sheds. `request` is nullptr when there is no complete head.
step shed_session::answer(const http::request* request) {
    std::array<char, 16> id;
    write_hex(next_random(), id.data());
    http::request asked;
    if (request) asked = *request;
    asked.id = {id.data(), id.size()};
    asked.peer = asked.client = peer_;
    asked.received = watch::clock::now();

    http::response response;
    const bool is_health = request && shared_.pages.try_health(asked, response);
    if (!is_health) {
        response = shared_.pages.refuse(refusal(), asked);
        count(request != nullptr);
    }
    const bool is_all_read = request && input_.size() == scanner_.head_size() &&
                             !request->fields.find(http::field::content_length) &&
                             !request->fields.find(http::field::transfer_encoding);
    response.close = true;

    head_options options;
    options.is_head = asked.method == http::verb::head;
    options.keep = false;
    options.request_id = asked.id;
    exchange_record record;
    record.status = static_cast<unsigned>(response.status);
    record.describe(asked, !response.is_quiet && shared_.access_log.wants(record.status));
    record.is_shed = response.status == http::status::service_unavailable && !is_health;
    if (has_content(response, options.is_head)) record.bytes_sent = http::body_length(response.body);

    std::array<char, 8 * 1024> buffer;
    if (own_head_size(response) + record.bytes_sent + head_overhead > buffer.size()) return step::leave;
    char* end = write_head(buffer.data(), response, options);
    if (record.bytes_sent > 0) {
        const auto& text = std::get<std::string>(response.body);
        end = std::copy(text.begin(), text.end(), end);
    }
    const iovec piece{buffer.data(), static_cast<std::size_t>(end - buffer.data())};
    // An empty socket buffer takes an answer of this size; a client for which it does not loses it.
    (void)stream_.write_now({&piece, 1});
    record.publish(shared_, peer_, watch::clock::now());
    // Unread bytes would turn the close into a reset that overtakes the answer.
    return is_all_read ? step::leave : step::linger;
}

task<step> shed_session::run(step next) {
    while (next == step::read) {
        const auto failed = co_await stream_.wait(net::readiness::readable);
        next = failed ? step::leave : serve_ready();
    }
    co_return next;
}

}  // namespace fairlead::session
