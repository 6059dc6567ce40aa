#include "handlers/fastcgi.hpp"

#include "base/blocking.hpp"
#include "base/release.hpp"
#include "handlers/refusals.hpp"
#include "http/cgi_variables.hpp"

namespace fairlead::handlers {
namespace {

// Bytes of memory for the head of a request, which a thread keeps.
constexpr std::size_t most_kept = 64 * 1024;

/// RFC 9110 section 9.2.2.
bool is_idempotent(http::verb method) noexcept {
    switch (method) {
        case http::verb::get:
        case http::verb::head:
        case http::verb::options:
        case http::verb::put:
        case http::verb::delete_: return true;
        default: return false;
    }
}

}  // namespace

fastcgi::fastcgi(fastcgi_options options, const fastcgi_services& around)
    : options_(std::move(options)), around_(around) {
    http::add_common_variables(common_, options_.root);
    for (const auto& one : options_.environment) common_.add(one.name, one.text());
}

/// Takes the body in. The refusal when that fails.
task<std::optional<http::problem>> fastcgi::take_body(http::request& request, script_input& body) const {
    auto refusal = co_await body.receive(*request.body, options_.request_buffer);
    if (refusal || body.is_in_memory()) co_return refusal;
    const auto failed = co_await run_blocking(around_.disk, [&body] { return body.settle(); });
    if (failed) co_return http::problem_from(failed);
    co_return std::nullopt;
}

/// The head of the request as it is sent. It is valid until this thread makes the next one.
std::string_view fastcgi::make_head(const http::request& request, const found_script& script,
                                    const script_input* body, std::uint16_t number) const {
    const auto local = request.connection ? request.connection->local() : http::local_end{};
    const auto address = local.ip == ip_address{} ? std::string() : local.ip.to_string();
    thread_local std::string filename;
    filename.clear();
    if (!script.file.starts_with('/')) filename.append(options_.root).append(1, '/');
    filename.append(script.file);
    http::script_facts facts;
    facts.script_name = script.name;
    facts.path_info = script.path_info;
    facts.script_filename = filename;
    facts.document_root = options_.root;
    if (body) facts.content_length = body->size();
    facts.server_address = address;
    if (local.port != 0) facts.server_port = local.port;
    facts.passes_authorization = options_.passes_authorization;
    // Memory that each request would take and give back; no more of it is kept than most of them need.
    thread_local std::string text;
    if (text.capacity() > most_kept) release(text);
    content::fastcgi::request_head head(text, number, true);
    http::add_meta_variables(head, request, facts);
    head.add(common_);
    head.finish(!body);
    return text;
}

task<http::outcome> fastcgi::run(http::request& request, found_script script) {
    using kind = fastcgi_servers::kind;
    std::shared_ptr<script_input> body;
    if (request.body) {
        if (auto refusal = around_.servers.refuse_if_full()) co_return std::move(*refusal);
        body = std::make_shared<script_input>(around_.disk, around_.servers.streams(), options_.max_body);
        auto refusal = co_await take_body(request, *body);
        if (refusal) co_return std::move(*refusal);
    }
    const bool is_repeatable = is_idempotent(request.method);
    const bool is_streamed = body && body->rest();
    auto wanted = is_repeatable && !is_streamed ? kind::any : kind::sent_once;
    std::size_t lost = 0;  // new connections
    for (;;) {
        fastcgi_connection connection;
        if (!around_.servers.take_kept(wanted, connection)) {
            auto taken = co_await around_.servers.take(wanted);
            if (auto* refusal = std::get_if<http::problem>(&taken)) co_return std::move(*refusal);
            connection = std::get<fastcgi_connection>(std::move(taken));
            if (request.connection && request.connection->has_left()) {
                around_.servers.give_back(std::move(connection));
                co_return client_left();
            }
        }
        auto& server = *connection.server;
        const bool is_fresh = connection.is_fresh;
        auto exchange =
            std::make_unique<fastcgi_exchange>(around_, request, script.name, body, std::move(connection));
        exchange->send_head(make_head(request, script, body.get(), exchange->number()));
        const auto reached = co_await exchange->ask();
        using state = fastcgi_exchange::state;
        if (reached == state::begun && request.method != http::verb::head)
            co_await exchange->spare_connection();
        if (reached == state::complete || reached == state::begun)
            co_return make_answer(std::move(exchange), reached, request.method == http::verb::head);
        if (reached == state::failed) co_return refuse(*exchange, request);
        if (is_fresh) {
            around_.servers.was_lost(server);
            ++lost;
        }
        const bool is_gone = body && body->is_spent();
        const bool may_repeat = reached == state::unsent || (is_repeatable && !is_gone);
        if (!may_repeat || lost == around_.servers.count()) co_return refuse(*exchange, request);
        wanted = kind::fresh;
    }
}

http::problem fastcgi::refuse(const fastcgi_exchange& exchange, const http::request& request) const {
    auto refusal = exchange.refusal();
    // A server that is overloaded does not log each refusal as an error; here it is the application.
    if (refusal.status == http::status::service_unavailable)
        around_.log.warn("request {} answered 503: {}", request.id, refusal.log_detail);
    return refusal;
}

http::response fastcgi::make_answer(std::unique_ptr<fastcgi_exchange> exchange,
                                    fastcgi_exchange::state reached, bool is_head) {
    http::response answer;
    auto& head = exchange->head();
    answer.local_location = std::move(head.local_location);
    if (!answer.local_location.empty()) return answer;
    answer.status = head.status;
    answer.fields = std::move(head.fields);
    const auto length = head.length;
    if (head.body != http::script_body::sent) return answer;
    if (is_head)
        answer.body = http::stream_body{nullptr, length};  // what GET would have
    else if (reached == fastcgi_exchange::state::complete)
        answer.body = exchange->take_content();
    else
        answer.body = http::stream_body{std::move(exchange), length};
    return answer;
}

}  // namespace fairlead::handlers
