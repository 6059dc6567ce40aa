#include "session/http1_reader.hpp"

#include "http/field_value.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <cstring>

namespace fairlead::session {
namespace {

namespace beast = boost::beast;

// Empty lines that may stand before a request line (RFC 9112 section 2.2 asks for at least one).
constexpr unsigned max_empty_lines = 4;

http::problem bad_request(std::string_view detail) {
    return http::refuse_and_close(http::status::bad_request, detail);
}

/// Keeps views of what Beast found. It is fed one complete head and told to skip the body: how long that is,
/// our own rules decide (http/framing).
class view_parser final : public beast::http::basic_parser<true> {
public:
    view_parser(field_storage& storage, request_head& out) : storage_(storage), out_(out) {
        body_limit(boost::none);
        header_limit(std::numeric_limits<std::uint32_t>::max());
        skip(true);
    }
    std::size_t count() const noexcept { return count_; }
    bool has_too_many() const noexcept { return too_many_; }

private:
    void on_request_impl(http::verb method, beast::string_view method_text, beast::string_view target, int,
                         error_code&) override {
        out_.method = method;
        out_.method_text = {method_text.data(), method_text.size()};
        out_.target = {target.data(), target.size()};
    }
    void on_field_impl(http::field id, beast::string_view name, beast::string_view value,
                       error_code& failed) override {
        if (count_ == storage_.size()) {
            too_many_ = true;
            failed = beast::http::error::header_limit;
            return;
        }
        storage_[count_++] = {id, {name.data(), name.size()}, {value.data(), value.size()}};
    }
    void on_response_impl(int, beast::string_view, int, error_code&) override {}
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(beast::string_view piece, error_code&) override { return piece.size(); }
    void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view piece, error_code&) override {
        return piece.size();
    }
    void on_finish_impl(error_code&) override {}

    field_storage& storage_;
    request_head& out_;
    std::size_t count_ = 0;
    bool too_many_ = false;
};

/// Checks the version at the end of the request line (RFC 9112 section 2.3) and makes it one that Beast
/// knows.
std::optional<http::problem> settle_version(std::span<char> head, unsigned& minor) {
    const std::string_view text(head.data(), head.size());
    const auto line = text.substr(0, text.find('\r'));
    constexpr std::size_t length = 9;  // " HTTP/1.1"
    if (line.size() < length || line.substr(line.size() - length, 6) != " HTTP/")
        return bad_request("The request line does not end with a version such as HTTP/1.1.");
    const char* version = line.data() + line.size() - 3;
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (!is_digit(version[0]) || version[1] != '.' || !is_digit(version[2]))
        return bad_request("The request line does not end with a version such as HTTP/1.1.");
    if (version[0] != '1')
        return http::refuse_and_close(http::status::http_version_not_supported,
                                      "This server speaks HTTP/1.1 and HTTP/1.0.");
    minor = version[2] == '0' ? 0 : 1;
    if (version[2] > '1') head[static_cast<std::size_t>(version + 2 - head.data())] = '1';
    return std::nullopt;
}

}  // namespace

head_scanner::state head_scanner::refuse(http::status status, std::string detail) {
    refusal_ = std::make_unique<http::problem>(bad_request(std::move(detail)));
    refusal_->status = status;
    return state::refused;
}

head_scanner::state head_scanner::too_large() {
    const auto limit = std::to_string(limit_);
    if (lines_ == 0)
        return refuse(http::status::uri_too_long,
                      "The request line is longer than the limit of " + limit + " bytes.");
    return refuse(http::status::request_header_fields_too_large,
                  "The request head is longer than the limit of " + limit + " bytes.");
}

bool head_scanner::check_line_begin(char first) {
    if (first == '\r') return true;
    if (lines_ == 0) {
        // Answered at once, so that TLS or noise on this port does not wait for a time-out.
        begun_ = http::is_token_char(first);
        if (!begun_) refuse(http::status::bad_request, "This is not an HTTP/1.1 request.");
        return begun_;
    }
    // RFC 9112 section 5.2; Beast would join the lines in a buffer that is gone when it returns.
    if (first != ' ' && first != '\t') return true;
    refuse(http::status::bad_request, "A field line begins with white space (RFC 9112 section 5.2).");
    return false;
}

head_scanner::state head_scanner::scan(std::span<const char> bytes) {
    // One byte beyond the limit decides; what follows it must not, or the verdict would depend on how the
    // bytes arrive.
    const auto seen = std::min(bytes.size(), limit_ + 1);
    while (position_ < seen) {
        const bool is_plain_line = lines_ > 0 && bytes[position_] > ' ';  // nearly every line
        if (!is_plain_line && position_ == line_begin_ && !check_line_begin(bytes[position_]))
            return state::refused;
        const auto* found =
            static_cast<const char*>(std::memchr(bytes.data() + position_, '\n', seen - position_));
        if (!found) {
            position_ = seen;
            break;
        }
        const auto lf = static_cast<std::size_t>(found - bytes.data());
        if (lf == line_begin_ || bytes[lf - 1] != '\r')
            return refuse(http::status::bad_request, "A line ends without CR (RFC 9112 section 2.2).");
        const bool is_empty = lf == line_begin_ + 1;
        position_ = line_begin_ = lf + 1;
        if (is_empty && begun_) return line_begin_ > limit_ ? too_large() : state::complete;
        if (is_empty) {
            if (++empty_lines_ > max_empty_lines)
                return refuse(http::status::bad_request, "Too many empty lines before the request.");
            continue;
        }
        if (!begun_) return refuse(http::status::bad_request, "This is not an HTTP/1.1 request.");
        ++lines_;
    }
    if (bytes.size() > limit_) return too_large();
    return state::incomplete;
}

std::optional<http::problem> parse_head(std::span<char> head, field_storage& storage, request_head& out) {
    out.size = head.size();
    while (!head.empty() && (head.front() == '\r' || head.front() == '\n')) head = head.subspan(1);
    if (auto refusal = settle_version(head, out.version_minor)) return refusal;

    view_parser parser(storage, out);
    error_code failed;
    parser.put(boost::asio::buffer(head.data(), head.size()), failed);
    if (parser.has_too_many()) {
        auto refusal = bad_request("More than " + std::to_string(max_field_lines) + " field lines.");
        refusal.status = http::status::request_header_fields_too_large;
        return refusal;
    }
    if (failed || !parser.is_header_done()) {
        auto refusal = bad_request("The request head is malformed.");
        refusal.log_detail = failed.message();
        return refusal;
    }
    out.fields = http::field_table(std::span(storage.data(), parser.count()));
    return std::nullopt;
}

}  // namespace fairlead::session
