#include "session/tunnel_exchange.hpp"

#include "session/answer_batch.hpp"
#include "session/http1_writer.hpp"
#include "session/tunnel.hpp"

namespace fairlead::session {
namespace {

std::string head_of(const http::response& answer, std::string_view id) {
    std::string text(head_overhead + own_head_size(answer), '\0');
    head_options options;
    options.request_id = id;
    text.resize(static_cast<std::size_t>(write_head(text.data(), answer, options) - text.data()));
    return text;
}

}  // namespace

task<> serve_tunnel(net::byte_stream& client, watch& deadline, const environment& shared,
                    const http::request& request, http::response answer, std::string early) {
    exchange_record record;
    record.describe(request, shared.access_log.enabled());
    record.status = static_cast<unsigned>(answer.status);
    // How long it stands says nothing of how long the answer took.
    record.first_byte = watch::clock::now();
    shared.metrics.request_finished(record.method, record.status, record.first_byte - record.started, 0);
    shared.metrics.tunnel_opened();
    const auto way = std::get<http::tunnel_body>(answer.body).way;
    tunnel between(client, *way, deadline, shared.is_draining, record.account);
    const auto told = co_await between.run(head_of(answer, request.id), std::move(early));
    record.bytes_sent = told.to_client;
    record.bytes_received = told.to_destination;
    const auto duration = watch::clock::now() - record.started;
    if (record.has_text) record.write_line(shared, request.peer, duration);
    shared.metrics.tunnel_ended(told.to_client, told.to_destination);
    shared.log.info("tunnel {} from {} to {} ended: {}; {} bytes to it, {} from it, {:.3f} s", request.id,
                    request.client.address, way->name, tunnel::text_of(told.why), told.to_destination,
                    told.to_client, std::chrono::duration<double>(duration).count());
}

}  // namespace fairlead::session
