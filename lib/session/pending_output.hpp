#pragma once

#include "net/byte_stream.hpp"
#include "session/answer_batch.hpp"
#include "session/environment.hpp"
#include "session/suspended_request.hpp"
#include "session/watch.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace fairlead::session {

/// What the client did not take at once, and what is to be told when all of it has gone.
class pending_output {
public:
    std::unique_ptr<suspended_request> request;  ///< whose body the answer may be made of, or none
    answer_batch::unsent rest;
    std::vector<owned_record> records;

    /// Sends everything, in constant memory, and no slower than `min_body_rate`. When it fails, the records
    /// tell what has gone (as far as the kernel took it). Errors: errc::timeout, errc::file_changed (the
    /// connection has to end: what was announced cannot be completed), or the stream's.
    task<error_code> send(net::byte_stream& stream, watch& deadline, const environment& shared);

private:
    task<error_code> send_all(net::byte_stream& stream, watch& deadline, const environment& shared);
    void forget_unsent(std::uint64_t bytes);
    task<error_code> wait_writable(net::byte_stream& stream, watch& deadline,
                                   const config::limit_settings& limits);
    task<error_code> send_bytes(net::byte_stream& stream, watch& deadline,
                                const config::limit_settings& limits, std::string_view left);
    task<error_code> send_made(net::byte_stream& stream, watch& deadline,
                               const config::limit_settings& limits);
    task<error_code> send_file(net::byte_stream& stream, watch& deadline, const environment& shared);

    watch::clock::time_point begin_;
    std::uint64_t sent_ = 0;  // bytes since `begin_`
};

}  // namespace fairlead::session
