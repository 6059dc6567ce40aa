#include "handlers/script_errors.hpp"

#include <algorithm>

namespace fairlead::handlers {

void script_errors::take(std::span<const char> bytes) {
    const auto most = std::min(bytes.size(), most_bytes - taken_);
    left_out_ += bytes.size() - most;
    taken_ += most;
    for (const char c : bytes.first(most)) {
        if (c == '\n' || line_.size() == most_line) log_line();
        if (c != '\n') line_ += c;
    }
}

void script_errors::log_line() {
    if (line_.ends_with('\r')) line_.pop_back();
    if (!line_.empty()) log_.warn("{} of request {} says: {}", script_, request_id_, line_);
    line_.clear();
}

void script_errors::finish() {
    log_line();
    if (left_out_ > 0)
        log_.warn("{} of request {} says {} bytes more, which are left out", script_, request_id_, left_out_);
    left_out_ = 0;
}

}  // namespace fairlead::handlers
