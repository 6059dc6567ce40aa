#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace fairlead::content {

/// Why a document was refused.
struct json_fault {
    /// Of the byte at which it was noticed, from 0; in a word or a UTF-8 sequence perhaps of its first byte.
    std::uint64_t offset = 0;
    std::string reason;  ///< "expected ':', found 'x'"; never has bytes of the document beyond that one
    /// One sentence for the client.
    std::string text() const;
};

/// Checks a JSON document (RFC 8259, strict: one value, no comments, no trailing commas, valid UTF-8) while
/// it arrives. White space around it is allowed, an empty document is not. Nothing of it is kept: memory is
/// bounded by the depth limit, whatever the size.
class json_check {
public:
    /// `max_depth`: nesting of arrays and objects; `max_bytes`: size of the document.
    json_check(unsigned max_depth, std::uint64_t max_bytes);
    ~json_check();
    json_check(json_check&&) noexcept;
    json_check& operator=(json_check&&) noexcept;

    /// Checks the next bytes. A fault is final: what follows until `reset` repeats it.
    std::optional<json_fault> write(std::span<const char> bytes);
    /// Says that the document is complete: a fault when it is not.
    std::optional<json_fault> finish();
    /// Forgets the document, ready for the next one; keeps its memory.
    void reset();

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace fairlead::content
