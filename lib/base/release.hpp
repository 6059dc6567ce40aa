#pragma once

#include <string>

namespace fairlead {

/// Empties `text` and gives its memory back, which assigning an empty string does not.
inline void release(std::string& text) noexcept { std::string().swap(text); }

}  // namespace fairlead
