#include "session/answer_batch.hpp"

#include <cstring>

namespace fairlead::session {

void exchange_record::describe(const http::request& request, bool with_text) {
    method = request.method;
    started = request.received;
    account = request.account;
    first_byte = {};
    std::memcpy(id.data(), request.id.data(), sizeof id);
    has_text = with_text;
    if (!has_text) return;
    client = request.client.ip;
    user = request.user;
    version_minor = request.version_minor;
    method_text = request.method_text;
    target = request.target;
    host = request.authority;
    referer = request.fields[http::field::referer];
    user_agent = request.fields[http::field::user_agent];
}

void exchange_record::publish(const environment& shared, const http::peer_info& peer,
                              std::chrono::steady_clock::time_point now) const {
    const auto duration = now - started;
    shared.metrics.request_finished(method, status, duration, bytes_sent);
    charge(now);
    if (has_text) write_line(shared, peer, duration);
}

void exchange_record::charge(std::chrono::steady_clock::time_point now) const noexcept {
    if (account.meter) account.meter->charge(account.client, bytes_sent + bytes_received, now);
}

void exchange_record::write_line(const environment& shared, const http::peer_info& peer,
                                 std::chrono::nanoseconds duration) const {
    telemetry::access_record line;
    std::array<char, ip_address::max_text> client_text;
    line.peer = peer.address;
    line.peer_port = peer.port;
    line.client = client == peer.ip ? peer.address : client.write_to(client_text);
    line.user = user;
    line.method = method_text;
    line.target = target;
    line.protocol = version_minor == 0 ? "HTTP/1.0" : "HTTP/1.1";
    line.host = host;
    line.referer = referer;
    line.user_agent = user_agent;
    line.request_id = {id.data(), id.size()};
    line.status = status;
    line.shed = is_shed;
    line.bytes_sent = bytes_sent;
    line.bytes_received = bytes_received;
    line.duration = duration;
    line.first_byte = first_byte.time_since_epoch().count() == 0 ? duration : first_byte - started;
    line.time = std::chrono::system_clock::now();
    shared.access_log.write(line);
}

owned_record::owned_record(const exchange_record& source) : record_(source) {
    if (!record_.has_text) return;
    std::string_view* const views[] = {&record_.method_text, &record_.target, &record_.host, &record_.referer,
                                       &record_.user_agent};
    std::size_t total = 0;
    for (const auto* view : views) total += view->size();
    text_ = std::make_unique<char[]>(total);
    char* out = text_.get();
    for (auto* view : views) {
        if (view->empty()) continue;
        std::memcpy(out, view->data(), view->size());
        *view = {out, view->size()};
        out += view->size();
    }
}

void answer_batch::add_piece(const char* data, std::size_t size) {
    if (pieces_used_ > 0) {
        auto& last = pieces_[pieces_used_ - 1];
        if (static_cast<const char*>(last.iov_base) + last.iov_len == data) {
            last.iov_len += size;
            return;
        }
    }
    pieces_[pieces_used_++] = {const_cast<char*>(data), size};
}

exchange_record& answer_batch::add(http::response&& answer, const head_options& options) {
    char* const begin = buffer_.data() + used_;
    char* end = write_head(begin, answer, options);
    std::shared_ptr<const void> owner;
    std::string_view content;
    if (has_content(answer, options.is_head)) {
        if (auto* text = std::get_if<std::string>(&answer.body)) {
            content = *text;
            if (content.size() > copy_limit) {
                auto kept = std::make_shared<const std::string>(std::move(*text));
                content = *kept;
                owner = std::move(kept);
            }
        } else if (auto* slice = std::get_if<http::memory_slice>(&answer.body)) {
            content = slice->bytes;
            owner = std::move(slice->owner);
        } else if (auto* file = std::get_if<http::file_slice>(&answer.body);
                   file && file->total_length() > 0) {
            file_.emplace(std::move(*file));
        } else if (auto* made = std::get_if<http::stream_body>(&answer.body)) {
            stream_ = {std::move(made->source), options.may_chunk && !made->length, made->length};
        }
    }
    if (content.size() <= copy_limit && !content.empty()) {
        std::memcpy(end, content.data(), content.size());
        end += content.size();
        content = {};
    }
    add_piece(begin, static_cast<std::size_t>(end - begin));
    used_ = static_cast<std::size_t>(end - buffer_.data());
    if (!content.empty()) {
        add_piece(content.data(), content.size());
        referred_ += content.size();
        referred_ends_[owners_used_] = content.data() + content.size();
        owners_[owners_used_++] = std::move(owner);
    }
    return records_[records_used_++];
}

error_code answer_batch::send(net::byte_stream& stream, bool close_follows) {
    // What is made may take its time, so nothing waits for it.
    const bool more_follows =
        file_ ? file_->begin(stream) == file_transfer::segments::shared : close_follows && !stream_.source;
    const auto failed = send_pieces(stream, more_follows);
    if (!failed && stream_.source) return errno_code(EAGAIN);
    if (failed || !file_) return failed;
    const auto reached = file_->advance(stream);
    if (!reached) return reached.error();
    return *reached == file_transfer::state::done ? error_code{} : errno_code(EAGAIN);
}

error_code answer_batch::send_pieces(net::byte_stream& stream, bool more_follows) {
    std::span<iovec> rest(pieces_.data(), pieces_used_);
    while (!rest.empty()) {
        const auto sent = stream.write_now(rest, more_follows);
        if (!sent) {
            unsent_ = rest;
            return sent.error();
        }
        auto taken = *sent;
        while (!rest.empty() && taken >= rest.front().iov_len) {
            taken -= rest.front().iov_len;
            rest = rest.subspan(1);
        }
        if (taken > 0)
            rest.front() = {static_cast<char*>(rest.front().iov_base) + taken, rest.front().iov_len - taken};
    }
    unsent_ = {};
    return {};
}

answer_batch::unsent answer_batch::take_unsent() {
    unsent all;
    for (const auto& piece : unsent_) {
        const std::string_view bytes(static_cast<const char*>(piece.iov_base), piece.iov_len);
        // What lies in this thread's buffer is copied; what has an owner stays where it is.
        const bool is_own = bytes.data() >= buffer_.data() && bytes.data() < buffer_.data() + buffer_.size();
        if (is_own) {
            auto copy = std::make_shared<const std::string>(bytes);
            const std::string_view view = *copy;
            all.pieces.push_back({std::move(copy), view});
        } else {
            all.pieces.push_back({owner_of(bytes), bytes});
        }
    }
    all.file = std::move(file_);
    all.made = std::move(stream_);
    return all;
}

void answer_batch::forget_unsent() noexcept {
    std::uint64_t left = file_ ? file_->left() : 0;
    for (const auto& piece : unsent_) left += piece.iov_len;
    for (auto at = records_used_; at > 0 && left > 0; --at) left -= records_[at - 1].take_bytes_back(left);
}

/// Who keeps content alive that was referred to; its end is that of what was added.
std::shared_ptr<const void> answer_batch::owner_of(std::string_view bytes) {
    for (std::size_t i = 0; i < owners_used_; ++i)
        if (referred_ends_[i] == bytes.data() + bytes.size()) return owners_[i];
    return nullptr;
}

void answer_batch::clear() noexcept {
    for (std::size_t i = 0; i < owners_used_; ++i) owners_[i].reset();
    file_.reset();
    stream_.source.reset();
    used_ = pieces_used_ = records_used_ = owners_used_ = referred_ = 0;
}

}  // namespace fairlead::session
