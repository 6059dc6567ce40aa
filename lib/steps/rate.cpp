#include "steps/rate.hpp"

namespace fairlead::steps {
namespace {

using reason = limits::rate_limit::reason;

std::string policy_line(const limits::rate_rule& rule) {
    std::string line = "RateLimit-Policy: ";
    if (rule.requests.count > 0) line += http::policy_member("requests", rule.requests, false);
    if (rule.requests.count > 0 && rule.bytes.count > 0) line += ", ";
    if (rule.bytes.count > 0) line += http::policy_member("bytes", rule.bytes, true);
    return line + "\r\n";
}

http::problem too_many(const limits::rate_limit::verdict& verdict) {
    const auto seconds = std::to_string(http::seconds_to_wait(verdict.wait).count());
    auto refusal =
        http::refuse(http::status::too_many_requests,
                     verdict.refused_by == reason::bytes
                         ? "This address sends and fetches more than is allowed here. Try again in "
                         : "There are more requests than are allowed here. Try again in ");
    refusal.detail.append(seconds).append(" s.");
    refusal.fields.add("Retry-After", seconds);
    return refusal;
}

}  // namespace

rate::rate(const limits::rate_limit& limit, rate_by by, telemetry::metrics& metrics)
    : limit_(limit), by_(by), metrics_(metrics), policy_(policy_line(limit.rule())) {}

std::optional<http::outcome> rate::before(http::request& request) const {
    auto& account = request.account;
    if (account.is_counted) return std::nullopt;
    const bool is_known = by_ == rate_by::user && !request.user.empty();
    const auto client = is_known ? limit_.client_of(request.user) : limit_.client_of(request.client.ip);
    const auto verdict = limit_.admit(client, request.received);
    // A refusal costs nothing: else who goes on asking too early waits for the answers that told him so.
    const bool is_admitted = verdict.refused_by == reason::none;
    account = {true, static_cast<std::uint64_t>(client), is_admitted ? &limit_ : nullptr, verdict.requests,
               verdict.bytes};
    if (is_admitted) return std::nullopt;
    metrics_.request_limited(verdict.refused_by == reason::bytes ? telemetry::limit_reason::bytes
                                                                 : telemetry::limit_reason::requests);
    return too_many(verdict);
}

void rate::after(const http::request& request, http::response& response) const {
    const auto& account = request.account;
    if (!account.is_counted) return;
    const auto& rule = limit_.rule();
    std::string line = "RateLimit: ";
    if (rule.requests.count > 0) line += http::left_member("requests", account.requests);
    if (rule.requests.count > 0 && rule.bytes.count > 0) line += ", ";
    if (rule.bytes.count > 0) line += http::left_member("bytes", account.bytes);
    response.fields.add_prebuilt(policy_);
    response.fields.add_prebuilt(line.append("\r\n"));
}

}  // namespace fairlead::steps
