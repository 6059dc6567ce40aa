#pragma once

#include "base/error.hpp"

#include <memory>
#include <string_view>
#include <utility>

namespace fairlead::files {

/// Bytes in pages of their own, which never change: what is sent from them needs no check and no disk, and no
/// copy either (net/page_sender.hpp). Pages that the kernel has taken for a connection stay as they are when
/// the snapshot is gone, and none is used again for another one. Where contents stay, the pages of many lie
/// in one huge page, if the system gives some (madvise(2), MADV_HUGEPAGE): the kernel finds them there all at
/// once, which makes sending 100 KiB a tenth cheaper. The price is memory, 2 MiB at a time, which is free
/// again when nothing in it is in use.
class snapshot {
public:
    snapshot() = default;
    /// Copies `bytes`. Error: ENOMEM. Thread safe.
    static result<snapshot> of(std::string_view bytes);
    snapshot(snapshot&& other) noexcept { swap(other); }
    snapshot& operator=(snapshot&& other) noexcept {
        swap(other);
        return *this;
    }
    ~snapshot();

    explicit operator bool() const noexcept { return !bytes_.empty(); }
    std::string_view bytes() const noexcept { return bytes_; }

private:
    class chunk;
    class shared_chunks;
    void swap(snapshot& other) noexcept {
        chunk_.swap(other.chunk_);
        std::swap(bytes_, other.bytes_);
        std::swap(is_shared_, other.is_shared_);
    }

    std::shared_ptr<chunk> chunk_;
    std::string_view bytes_;
    bool is_shared_ = false;  // with others in a chunk
};

}  // namespace fairlead::files
