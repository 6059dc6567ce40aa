#pragma once

#include "http/cgi_variables.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// The records of FastCGI 1.0, as a server sends them to an application and as it reads what comes back. One
/// request at a time on each connection: php-fpm knows no other way. Yet each has an id of its own, so that
/// what comes late of one is not taken for the answer to the next.
namespace fairlead::content::fastcgi {

enum class record_type : std::uint8_t {
    begin_request = 1,
    abort_request = 2,
    end_request = 3,
    params = 4,
    standard_input = 5,
    standard_output = 6,
    standard_error = 7,
};

inline constexpr std::size_t header_size = 8;
/// Most bytes of content of one record: its length has two bytes.
inline constexpr std::size_t most_content = 65535;

using record_header = std::array<char, header_size>;

/// The header of a record of `length` bytes of content, at most `most_content`, without padding;
/// `request` is the id of the request, not 0.
record_header header_of(record_type type, std::size_t length, std::uint16_t request) noexcept;

/// Name-value pairs as PARAMS records contain them: made once of what all requests have in common.
class name_value_pairs final : public http::variable_sink {
public:
    /// Each may have up to 2^31 - 1 bytes.
    bool add(std::string_view name, std::string_view value) override;
    std::string_view bytes() const noexcept { return bytes_; }

private:
    std::string bytes_;
};

/// The beginning of a request: what is sent in front of its body. Add the variables, then finish it.
class request_head final : public http::variable_sink {
public:
    /// It is written into `text`, whose content goes and whose memory is used. `keep_connection`: the
    /// application leaves the connection open for the next request. `request` is the id, not 0.
    request_head(std::string& text, std::uint16_t request, bool keep_connection);

    /// Each may have up to 2^31 - 1 bytes.
    bool add(std::string_view name, std::string_view value) override;
    void add(const name_value_pairs& pairs);

    /// From here on the text is BEGIN_REQUEST, the variables in as many PARAMS records as they need, and the
    /// empty one that ends them; with `has_no_body` also the end of the standard input. To be called once.
    void finish(bool has_no_body);

private:
    char* room_for(std::size_t size);

    const std::uint16_t request_;
    std::string& text_;     // longer than what was written
    std::size_t size_ = 0;  // of what was written
};

/// Eight bytes that tell the application that nobody wants its answer any more.
std::string abort_request(std::uint16_t request);

/// What END_REQUEST says of how the application took the request.
enum class protocol_status : std::uint8_t {
    complete = 0,
    cannot_multiplex = 1,
    overloaded = 2,
    unknown_role = 3,
};

/// Takes apart what an application sends, as its bytes arrive; what it says does not depend on how they were
/// cut. Output is handed out in place and never kept: memory is bounded by one record header.
///
/// Refused: another version than 1, another request id than that of the request (0 are management records,
/// which answer what is never asked here), another type than STDOUT, STDERR and END_REQUEST, an END_REQUEST
/// whose content is not eight bytes or whose status the specification does not know, and any byte behind its
/// padding. Empty STDOUT and STDERR records, which end those streams, say nothing: END_REQUEST does.
class record_reader {
public:
    enum class event : std::uint8_t {
        need_more,     ///< all of the input is consumed
        output,        ///< bytes of standard output; never empty
        error_output,  ///< bytes of standard error; never empty
        end,           ///< END_REQUEST came; any byte that is fed from now on is an error
        error,         ///< final; every further call repeats it
    };

    struct step {
        std::size_t consumed = 0;  ///< bytes taken from the front of the input
        event what = event::need_more;
        std::span<const char> data;  ///< in the input
        std::string_view error;      ///< one sentence for the log, in memory that stays
    };

    explicit record_reader(std::uint16_t request) noexcept : request_(request) {}

    /// Takes bytes until something is to be told. To be called again with what is left until it says
    /// need_more or error.
    step feed(std::span<const char> input) noexcept;

    /// True when the error is a record of another request.
    bool has_met_another() const noexcept { return has_met_another_; }
    /// True once END_REQUEST has been told.
    bool has_ended() const noexcept { return phase_ == phase::ended; }
    /// From the event `end` on: what the application's process would have returned.
    std::uint32_t application_status() const noexcept { return application_status_; }
    /// From the event `end` on.
    protocol_status status() const noexcept { return status_; }

private:
    enum class phase : std::uint8_t { header, content, end_body, padding, ended, failed };

    std::size_t gather(std::span<const char> input) noexcept;
    std::string_view check_header() noexcept;
    std::string_view check_end() noexcept;
    step fail(std::string_view sentence) noexcept;

    std::uint16_t request_;
    bool has_met_another_ = false;
    phase phase_ = phase::header;
    record_type type_{};
    std::uint8_t padding_ = 0;   ///< bytes of it that are still to come
    std::uint16_t content_ = 0;  ///< bytes of it that are still to come
    std::uint8_t gathered_ = 0;  ///< bytes in `small_`
    record_header small_{};      ///< a header, or the content of END_REQUEST, as far as it came
    std::uint32_t application_status_ = 0;
    protocol_status status_ = protocol_status::complete;
    std::string_view error_;
};

}  // namespace fairlead::content::fastcgi
