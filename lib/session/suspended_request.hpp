#pragma once

#include "http/framing.hpp"
#include "http/message.hpp"
#include "session/http1_body.hpp"
#include "session/http1_reader.hpp"

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace fairlead::session {

/// The text of X-Request-Id.
using id_text = std::array<char, 16>;

/// A request that may wait: its head in memory of its own, since what was parsed lies in a buffer that every
/// connection of the thread uses.
struct suspended_request {
    /// Copies `bytes`, and `parsed` from views of them to views of the copy. `connection` lives as long as
    /// it: an answer that is made while it is sent asks it longer than there is this request.
    suspended_request(std::span<const char> bytes, const request_head& parsed, const http::head_facts& facts,
                      const http::body_framing& how, const http::connection_view& connection);
    // The request views the members.
    suspended_request(const suspended_request&) = delete;
    suspended_request& operator=(const suspended_request&) = delete;

    id_text id{};
    http::request request;  ///< without id, peer and time, which the session knows
    std::unique_ptr<http1_body> body;
    const http::body_framing framing;
    const bool wants_keep;
    const bool expects_continue;

private:
    std::string head_;
    std::vector<http::field_view> fields_;
};

}  // namespace fairlead::session
