#include "files/sync_time.hpp"

#include <unistd.h>

#include <algorithm>

namespace fairlead::files {

result<std::chrono::nanoseconds> measure_sync(int file) {
    using clock = std::chrono::steady_clock;
    auto least = clock::duration::max();
    for (int i = 0; i < 3; ++i) {
        const auto begin = clock::now();
        if (::write(file, "sync", 4) < 0 || ::fdatasync(file) != 0) return last_error();
        least = std::min(least, clock::now() - begin);
    }
    return least;
}

}  // namespace fairlead::files
