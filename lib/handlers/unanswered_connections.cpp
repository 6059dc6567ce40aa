#include "handlers/unanswered_connections.hpp"

#include <algorithm>

namespace fairlead::handlers {

unanswered_connections::number unanswered_connections::began(clock::time_point now) {
    open_.emplace_hint(open_.end(), ++newest_, now);
    return newest_;
}

void unanswered_connections::answered(number which) {
    open_.erase(which);
    newest_answered_ = std::max(newest_answered_, which);
}

std::optional<unanswered_connections::clock::time_point> unanswered_connections::queued_since() const {
    const auto first = open_.upper_bound(newest_answered_);
    return first == open_.end() ? std::nullopt : std::optional(first->second);
}

std::optional<unanswered_connections::clock::time_point> unanswered_connections::unanswered_since() const {
    return open_.empty() ? std::nullopt : std::optional(open_.begin()->second);
}

}  // namespace fairlead::handlers
