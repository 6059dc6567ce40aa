#pragma once

namespace fairlead::limits {

/// What a limit of connections says to a new one.
enum class admission {
    admitted,
    shed,     ///< it gets an answer that says so, and is closed
    refused,  ///< it is closed unread
};

}  // namespace fairlead::limits
