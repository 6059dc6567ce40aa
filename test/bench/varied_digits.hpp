#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace fairlead::bench {

/// What differs from one request to the next. Each number has a fixed count of digits, so that the requests
/// of a plan have the same length.
struct varied_digits {
    static constexpr std::size_t counter_digits = 8, offset_digits = 12;

    std::size_t counter_at = std::string::npos;  ///< in a request: a number that counts up, or npos
    std::size_t range_at = std::string::npos;    ///< in a request: "FIRST-LAST" of a byte range, or npos
    std::uint64_t file_length = 0;               ///< the range is in this many bytes
    std::uint64_t range_length = 0;              ///< 1 to file_length

    bool is_any() const { return counter_at != std::string::npos || range_at != std::string::npos; }

    /// "FIRST-LAST" as it stands in a request before its digits are written.
    static std::string range_room() {
        return std::string(offset_digits, '0') + '-' + std::string(offset_digits, '0');
    }
};

/// Writes the digits of one request after another; the same ones in every run.
class digit_writer {
public:
    explicit digit_writer(const varied_digits& what)
        : what_(what), offsets_(0, what.file_length - what.range_length) {}

    /// Into the request that begins at `request`.
    void write(char* request) {
        if (what_.counter_at != std::string::npos)
            put(request + what_.counter_at, varied_digits::counter_digits, counter_++);
        if (what_.range_at == std::string::npos) return;
        const auto first = offsets_(random_);
        put(request + what_.range_at, varied_digits::offset_digits, first);
        put(request + what_.range_at + varied_digits::offset_digits + 1, varied_digits::offset_digits,
            first + what_.range_length - 1);
    }

private:
    static void put(char* digits, std::size_t count, std::uint64_t value) {
        for (auto i = count; i-- > 0; value /= 10) digits[i] = static_cast<char>('0' + value % 10);
    }

    const varied_digits what_;
    std::uint64_t counter_ = 0;
    std::mt19937_64 random_;
    std::uniform_int_distribution<std::uint64_t> offsets_;
};

}  // namespace fairlead::bench
