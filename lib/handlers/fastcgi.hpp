#pragma once

#include "handlers/fastcgi_exchange.hpp"
#include "handlers/script_files.hpp"
#include "http/named_value.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::handlers {

/// How an application is asked.
struct fastcgi_options {
    std::string root;  ///< of the folder, as the application sees it; no '/' at its end
    std::vector<http::named_value> environment;  ///< variables that are added to those of the request
    std::uint64_t max_body = 16 << 20;           ///< bytes; above it 413
    std::uint64_t request_buffer = 64 << 10;     ///< bytes of a longer body that are taken in first
    bool passes_authorization = false;           ///< whether it sees the client's credentials
};

/// Lets a FastCGI application, such as php-fpm, answer.
///
/// The body of a request is taken in before the application is asked, or the first part of a longer one
/// (script_input), so that a slow client with a small body occupies none of its processes, and CONTENT_LENGTH
/// is right. The rest is passed on as it comes. A request is sent again, on a new connection,
/// when one is closed before a byte of an answer came: if nothing of the request was taken, or if its method
/// may be repeated (RFC 9110 section 9.2.2). That is once after a kept connection, and as often as there are
/// servers on new ones, of which each leaves its server out for a while. What was passed on is gone: then
/// it is not sent again.
class fastcgi final : public script_runner {
public:
    fastcgi(fastcgi_options options, const fastcgi_services& around);

    task<http::outcome> run(http::request& request, found_script script) override;

private:
    task<std::optional<http::problem>> take_body(http::request& request, script_input& body) const;
    std::string_view make_head(const http::request& request, const found_script& script,
                               const script_input* body, std::uint16_t number) const;
    http::problem refuse(const fastcgi_exchange& exchange, const http::request& request) const;
    static http::response make_answer(std::unique_ptr<fastcgi_exchange> exchange,
                                      fastcgi_exchange::state reached, bool is_head);

    const fastcgi_options options_;
    content::fastcgi::name_value_pairs common_;  // of all requests
    const fastcgi_services around_;
};

}  // namespace fairlead::handlers
