#pragma once

#include "base/error.hpp"
#include "net/splice_pipes.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace fairlead::net {

/// Sends memory uncopied: its pages go into a pipe (vmsplice(2)) and from there into the socket (splice(2)).
/// Nobody may change them as long as the kernel has them, and nobody knows for how long that is: the memory
/// must never change, only be unmapped. sendfile() does the same with a file, but looks up the pages of one
/// in memory one by one, and takes 16 at a time: 100 KiB cost it 16.8 us, and this 14.9.
class page_sender {
public:
    /// That of this thread: between calls there is nothing in its pipe.
    static page_sender& of_this_thread();

    /// Bytes of the front of `bytes` that the socket took, which does not block. Sets `is_full` when it takes
    /// no more for now. Errors: EAGAIN, the socket's; EOPNOTSUPP where it cannot be done (no descriptor for a
    /// pipe, or the system forbids the call): then they have to be copied.
    result<std::size_t> send(int socket, std::string_view bytes, bool& is_full) noexcept;

private:
    result<std::size_t> fill(std::string_view bytes) noexcept;

    std::optional<splice_pipes::pipe> pipe_;
    bool is_forbidden_ = false;
};

}  // namespace fairlead::net
