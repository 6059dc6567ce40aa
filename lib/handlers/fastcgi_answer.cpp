#include "handlers/fastcgi_answer.hpp"

#include <algorithm>
#include <cstring>

namespace fairlead::handlers {
namespace {

namespace fastcgi = content::fastcgi;

constexpr std::size_t enough = 64 * 1024;

// Of content that nobody wants, such as that of HEAD. It is read to its end, so that the connection can be
// used again, unless there is more.
constexpr std::size_t most_discarded = 1024 * 1024;

}  // namespace

fastcgi_answer::progress fastcgi_answer::take(std::span<const char> bytes) {
    has_bytes_ = true;
    for (;;) {
        const auto step = records_.feed(bytes);
        bytes = bytes.subspan(step.consumed);
        has_records_ |= !step.data.empty();
        switch (step.what) {
            case fastcgi::record_reader::event::need_more: return progress::more;
            case fastcgi::record_reader::event::output:
                if (!take_output(step.data)) return progress::refused;
                break;
            case fastcgi::record_reader::event::error_output: errors_.take(step.data); break;
            case fastcgi::record_reader::event::end: has_surplus_ = !bytes.empty(); return progress::ended;
            case fastcgi::record_reader::event::error: cause_ = step.error; return progress::refused;
        }
    }
}

/// False when the head is none.
bool fastcgi_answer::take_output(std::span<const char> bytes) {
    if (!has_head_) {
        const auto step = output_.feed(bytes);
        bytes = bytes.subspan(step.consumed);
        if (step.what == http::cgi_output::state::refused) {
            cause_ = output_.refusal().log_detail;
            return false;
        }
        if (step.what == http::cgi_output::state::need_more) return true;
        has_head_ = true;
        head_ = output_.take_head();
        is_discarding_ = is_for_head_ || head_.body == http::script_body::ignored;
    }
    if (is_discarding_)
        discarded_ += bytes.size();
    else
        content_.append(bytes.data(), bytes.size());
    return true;
}

bool fastcgi_answer::is_full() const noexcept { return content_.size() >= enough; }

bool fastcgi_answer::may_begin(bool is_all_for_now) const noexcept {
    if (!has_head_) return false;
    if (is_discarding_) return discarded_ >= most_discarded;
    if (head_.body == http::script_body::absent) return !content_.empty();
    return is_all_for_now || is_full();
}

std::optional<fastcgi_answer::fault> fastcgi_answer::find_fault(bool is_complete) {
    const auto refuse = [](std::string cause) { return fault{http::status::bad_gateway, std::move(cause)}; };
    if (records_.has_ended() && records_.status() == fastcgi::protocol_status::overloaded)
        return fault{http::status::service_unavailable, "the application says that it is overloaded"};
    if (records_.has_ended() && records_.status() != fastcgi::protocol_status::complete)
        return refuse("the application refuses the request (protocol status " +
                      std::to_string(static_cast<int>(records_.status())) + ')');
    if (!has_head_) {
        output_.finish();
        return refuse(output_.refusal().log_detail);
    }
    if (head_.body == http::script_body::absent && !content_.empty())
        return refuse("the output has content, but no Content-Type");
    if (is_complete && head_.length && !is_discarding_) {
        if (content_.size() < *head_.length)
            return refuse("the output has " + std::to_string(content_.size()) + " bytes of content and not " +
                          std::to_string(*head_.length) + ", as it says");
        content_.resize(*head_.length);
    }
    return std::nullopt;
}

std::size_t fastcgi_answer::hand_out(std::span<char> buffer) noexcept {
    const auto size = std::min(buffer.size(), content_.size() - given_);
    if (size > 0) std::memcpy(buffer.data(), content_.data() + given_, size);
    given_ += size;
    if (given_ == content_.size()) {
        content_.clear();
        given_ = 0;
    }
    return size;
}

}  // namespace fairlead::handlers
