#include "latencies.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>

namespace fairlead::bench {

void latencies::add(std::chrono::nanoseconds time) {
    // The highest bit chooses a group, the five bits below it one of 32 buckets in the group.
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 32));
    const auto group = static_cast<unsigned>(std::bit_width(value)) - 1;
    ++counts_[group * 32 + ((value >> (group - 5)) & 31)];
    ++total_;
}

std::chrono::nanoseconds latencies::quantile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size() && total_ > 0; ++i) {
        seen += counts_[i];
        if (seen > wanted || seen == total_)
            return std::chrono::nanoseconds((32 + i % 32 + 1) << (i / 32 - 5));
    }
    return {};
}

}  // namespace fairlead::bench
