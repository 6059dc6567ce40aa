#pragma once

#include "content/fastcgi.hpp"
#include "handlers/script_errors.hpp"
#include "http/cgi_output.hpp"
#include "http/message.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace fairlead::handlers {

/// The answer of an application as its records arrive: the head, and the content behind it until somebody
/// takes that. What it writes to standard error goes to the log. Reads nothing itself.
class fastcgi_answer {
public:
    /// `log` and `request_id` outlive it; `script` names it in the log. `is_for_head`: its content is of no
    /// use. `number` is the id of the request in its records.
    fastcgi_answer(telemetry::log& log, std::string script, const std::string& request_id,
                   std::uint16_t number, bool is_for_head)
        : is_for_head_(is_for_head), records_(number), errors_(log, std::move(script), request_id) {}

    enum class progress {
        more,     ///< is to come
        ended,    ///< the request; the connection is good for another one unless `has_surplus()`
        refused,  ///< it is nonsense, `cause()` says why
    };
    /// Takes what has come.
    progress take(std::span<const char> bytes);
    const std::string& cause() const noexcept { return cause_; }

    bool has_bytes() const noexcept { return has_bytes_; }
    /// Whether all that has come is of a request before it: this one may be asked again.
    bool is_of_another() const noexcept { return !has_records_ && records_.has_met_another(); }
    bool has_head() const noexcept { return has_head_; }
    bool has_ended() const noexcept { return records_.has_ended(); }
    bool has_surplus() const noexcept { return has_surplus_; }
    /// Whether the head says all, so that only the end is awaited.
    bool is_without_content() const noexcept {
        return has_head_ && (is_discarding_ || head_.body == http::script_body::absent);
    }
    /// Whether content is thrown away, since nobody wants it.
    bool is_discarding() const noexcept { return is_discarding_; }

    /// Whether the client's answer can begin: there is no more of it now (`is_all_for_now`), or enough.
    /// Without content it is the end that counts, or its outcome would depend on what has come by now.
    bool may_begin(bool is_all_for_now) const noexcept;

    /// What the client is told in its place.
    struct fault {
        http::status status;
        std::string cause;
    };
    /// Why the answer cannot begin with what is there, or nothing; when `is_complete`, all of it is there,
    /// and content behind the length that the head says is cut off.
    std::optional<fault> find_fault(bool is_complete);

    http::script_head& head() noexcept { return head_; }
    /// What has come of the content and was not handed out.
    std::string& content() noexcept { return content_; }
    /// Whether so much has come that it should be taken before more is read.
    bool is_full() const noexcept;
    /// Moves what fits to `buffer`.
    std::size_t hand_out(std::span<char> buffer) noexcept;

private:
    bool take_output(std::span<const char> bytes);

    const bool is_for_head_;
    content::fastcgi::record_reader records_;
    http::cgi_output output_;
    http::script_head head_;
    script_errors errors_;
    std::string content_;
    std::size_t given_ = 0;      // bytes of it that were handed out
    std::size_t discarded_ = 0;  // bytes of content that nobody wants
    bool has_bytes_ = false;
    bool has_records_ = false;  // of its own, with something in them
    bool has_head_ = false;
    bool is_discarding_ = false;
    bool has_surplus_ = false;
    std::string cause_;
};

}  // namespace fairlead::handlers
