#pragma once

#include "handlers/answer_spool.hpp"
#include "handlers/fastcgi_answer.hpp"
#include "handlers/fastcgi_servers.hpp"
#include "handlers/input_pieces.hpp"
#include "http/message.hpp"
#include "http/problem.hpp"
#include "net/deadlines.hpp"

#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::handlers {

/// What an exchange needs of its surroundings, which outlive it.
struct fastcgi_services {
    fastcgi_servers& servers;
    net::deadline_list& deadlines;
    boost::asio::thread_pool& disk;
    telemetry::log& log;
    std::chrono::milliseconds timeout;  ///< how long the application may neither take nor give a byte
};

/// One request and its answer, on one connection to an application. Both directions go on at the same time,
/// so that an application may answer before it has read everything; what of a body was not taken in is read
/// from the client meanwhile, also while the answer is read. The connection is given back when the
/// answer has come to its end and nothing is left under way on it, else closed, which is also what tells the
/// application that nobody wants its answer, or that a body stays incomplete. The clock runs only while the
/// application is waited for, not while the client takes what there is, or has yet to send.
class fastcgi_exchange final : public http::body_reader {
public:
    /// `script` names it in the log. `body` is shared, since it is sent again when the connection is lost.
    fastcgi_exchange(const fastcgi_services& around, const http::request& request, std::string_view script,
                     std::shared_ptr<script_input> body, fastcgi_connection&& connection);
    ~fastcgi_exchange() override;

    enum class state {
        complete,  ///< `take_content()` is the whole answer
        begun,     ///< what follows is to be read with `read_some`
        unsent,    ///< the connection was closed before it took a byte: another one may be asked
        lost,      ///< it was closed before a byte of the answer came: another one may be asked for a request
                   ///< that can be sent twice
        failed,    ///< `refusal()` says why
    };

    /// Sends what comes before the body: of the records as much as the application takes now, and the rest,
    /// which is copied, in `ask()`. Without a body the end of the standard input belongs to it. To be called
    /// once, before `ask()`.
    void send_head(std::string_view records);

    /// Sends the request, and reads until the answer can begin; that of an answer without content is the end
    /// of the output, so that its connection can be used again. To be called once.
    task<state> ask();

    /// The id of the request in its records.
    std::uint16_t number() const noexcept { return number_; }

    /// What the head of the answer says; when complete or begun.
    http::script_head& head() noexcept { return answer_.head(); }
    /// The content, when complete.
    std::string take_content() noexcept { return std::move(answer_.content()); }
    /// The answer to the client, with the cause for the log; in all other states.
    http::problem refusal() const;

    /// When the answer has begun, before it is read: sees to it that a client that takes its time does not
    /// keep the connection from others. Is there no place among `paced_answers()` of the servers, what the
    /// application gives is taken in, up to 1 GiB and as far as it comes within ten seconds, without a second
    /// of silence; most of it to a file without a name in the folder for temporary files.
    task<> spare_connection();

    /// What follows when the answer has begun. Errors: errc::timeout, errc::end_of_stream, errc::bad_framing,
    /// or the connection's; they have been logged.
    task<result<std::size_t>> read_some(std::span<char> buffer) override;
    std::int64_t length() const noexcept override { return -1; }

private:
    /// What came of one look at the connection.
    enum class progress { bytes, nothing, ended, failed };

    progress advance();
    task<error_code> wait();
    task<error_code> wait_for_client();
    bool needs_piece() const noexcept {
        return unsent_.empty() && sending_ == sending::more && !pieces_.awaits_client();
    }
    task<error_code> fill_piece();
    void send_piece();
    progress look();
    bool has_waited_enough() const noexcept;
    state begin_answer(bool is_complete);
    state fail(http::status status, std::string cause);
    state fail_closed();
    error_code client_failed(error_code how);
    task<> take_in();
    task<result<std::size_t>> read_spool(std::span<char> buffer);
    std::size_t hand_out(std::span<char> buffer) noexcept;
    error_code cut();
    void start_clock() noexcept { deadline_->set(net::deadline::clock::now() + around_.timeout); }
    void stop_clock() noexcept {
        if (deadline_) deadline_->set(net::deadline::clock::time_point::max());
    }
    void give_back();
    void close() noexcept;

    const fastcgi_services& around_;
    const std::shared_ptr<script_input> body_;
    const std::string request_id_;
    fastcgi_connection connection_;
    const std::string& server_name_;
    const std::uint16_t number_;
    std::optional<net::deadline> deadline_;

    // What is sent: the rest of a piece, then more of the body.
    std::string piece_;
    std::string_view unsent_;
    bool is_last_ = false;  // the piece ends the body
    input_pieces pieces_;
    error_code client_failed_;  // to send the rest of its body
    enum class sending { more, done, broken };
    sending sending_ = sending::more;
    bool has_sent_ = false;  // a byte

    fastcgi_answer answer_;
    answer_spool spool_;                              // its content, as far as it was put aside
    bool awaits_end_ = false;                         // and nothing else
    std::optional<limits::work_limit::permit> pace_;  // the client's own
    error_code lost_;                                 // what became of the connection
    http::status status_ = http::status::bad_gateway;
    std::string cause_;  // of a failure
};

}  // namespace fairlead::handlers
