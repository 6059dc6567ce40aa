#include "handlers/script_files.hpp"

#include "base/blocking.hpp"
#include "handlers/methods.hpp"
#include "handlers/refusals.hpp"
#include "limits/overload.hpp"
#include "net/byte_stream.hpp"

namespace fairlead::handlers {
namespace {

/// A script takes every method that this server knows and the part of the site takes: rules about methods
/// name those, and would not meet another. But a trace would show the client what others have put into its
/// request, and a tunnel is no script's matter.
std::optional<http::outcome> check_script_method(const http::request& request) {
    using http::verb;
    const bool is_for_scripts =
        request.method != verb::unknown && request.method != verb::trace && request.method != verb::connect;
    if (is_for_scripts && request.allowed.contains(request.method)) return std::nullopt;
    return check_method(request, {verb::get, verb::head, verb::post, verb::put, verb::patch, verb::delete_});
}

}  // namespace

bool script_files::try_handle(http::request& request, http::outcome& outcome) {
    if (finder_.is_script(request.path)) return false;  // most likely: it is found in handle()
    auto found = finder_.find(request, false);
    if (!found) return false;
    if (auto* refusal = std::get_if<http::problem>(&*found)) {
        outcome = std::move(*refusal);
        return true;
    }
    if (!std::holds_alternative<std::monostate>(*found)) return false;
    return files_->try_handle(request, outcome);
}

/// Of a path that leads to no script. It would be one; "files of this type are not served" would not be true.
bool script_files::is_missing_script(const http::request& request) const noexcept {
    return finder_.is_script(request.path);
}

/// Asks the disk.
task<result<script_finder::found>> script_files::find_slowly(const http::request& request) {
    const auto permit = co_await around_.work.acquire();
    if (!permit) co_return permit.error();
    auto found =
        co_await run_blocking(around_.disk, [this, &request] { return finder_.find(request, true); });
    co_return found;
}

/// A coroutine only where it is not the script at once: its frame would be one more for every request.
task<http::outcome> script_files::handle(http::request& request) {
    auto found = finder_.find(request, false);
    auto* const script = found ? std::get_if<found_script>(&*found) : nullptr;
    if (script && !check_script_method(request)) return runner_->run(request, std::move(*script));
    return handle_other(request, std::move(found));
}

task<http::outcome> script_files::handle_other(http::request& request, result<script_finder::found> found) {
    if (!found && net::would_block(found.error())) found = co_await find_slowly(request);
    if (!found && found.error() == errc::overloaded)
        co_return limits::overload(around_.retry_after, "requests at work");
    if (!found) co_return http::problem_from(found.error());
    if (auto* refusal = std::get_if<http::problem>(&*found)) co_return std::move(*refusal);
    if (auto* script = std::get_if<found_script>(&*found)) {
        if (auto refused = check_script_method(request)) co_return std::move(*refused);
        auto answer = co_await runner_->run(request, std::move(*script));
        co_return answer;
    }
    if (is_missing_script(request)) co_return not_found();
    auto answer = co_await files_->handle(request);
    co_return answer;
}

bool single_script::try_handle(http::request&, http::outcome&) { return false; }

task<http::outcome> single_script::handle(http::request& request) {
    if (auto refused = check_script_method(request)) co_return std::move(*refused);
    found_script script{url_, std::string(request.path.substr(std::min(request.path.size(), url_.size()))),
                        file_};
    auto answer = co_await runner_->run(request, std::move(script));
    co_return answer;
}

}  // namespace fairlead::handlers
