#include "handlers/input_pieces.hpp"

#include "base/blocking.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace fairlead::handlers {
namespace {

// Bytes that are passed on before other connections of the thread have a turn.
constexpr std::uint64_t turn_size = 4 * 1024 * 1024;

}  // namespace

result<std::size_t> input_pieces::take_now(std::span<char> to) {
    if (needs_disk()) return errno_code(EAGAIN);
    if (is_clients_turn()) {
        const auto got = input_->rest()->read_now(to);
        awaits_client_ = !got && net::would_block(got.error());
        if (!got) return got;
        if (*got == 0) return errc::end_of_stream;
        input_->spend();
        given_ += *got;
        in_turn_ += *got;
        if (left() == 0) input_->end_stream();
        return got;
    }
    const auto bytes = input_->bytes().substr(given_).substr(0, to.size());
    std::memcpy(to.data(), bytes.data(), bytes.size());
    given_ += bytes.size();
    return bytes.size();
}

task<result<std::size_t>> input_pieces::load(std::span<char> to) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(to.size(), input_->taken() - given_));
    const int fd = input_->file();
    const auto offset = static_cast<off_t>(given_);
    const auto read = [=] { return ::pread(fd, to.data(), size, offset); };
    const auto got = co_await run_blocking(disk_, read);
    if (got != static_cast<ssize_t>(size)) co_return errc::file_changed;
    given_ += size;
    co_return size;
}

void input_pieces::add_to(net::plain_stream::wait_set& waits) const noexcept {
    if (awaits_client_) waits.add(input_->rest()->stream(), net::readiness::readable);
}

void input_pieces::rest() noexcept {
    in_turn_ = 0;
    if (!awaits_client_) return;
    awaits_client_ = false;
    input_->rest()->rest();
}

bool input_pieces::has_had_turn() noexcept {
    if (in_turn_ < turn_size) return false;
    in_turn_ = 0;
    return true;
}

}  // namespace fairlead::handlers
