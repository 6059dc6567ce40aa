#pragma once

#include "http/parse_result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fairlead::files {

/// A user of a file of users.
struct known_user {
    std::string name;
    std::string hash;  ///< without fault (base/password_hash.hpp)
};

/// The users of a file as Apache's htpasswd writes it: a line `NAME:HASH` each, perhaps with a comment behind
/// another ':'. Empty lines, and those that begin with '#', do not count; a CR at the end of a line is left
/// out. Immutable once parsed; safe from any thread.
class user_table {
public:
    user_table() = default;
    user_table(user_table&&) = default;
    user_table& operator=(user_table&&) = default;

    /// Only a file in which every line is good is taken. The error names up to five lines, what is wrong with
    /// each, and what to do; it never has a part of a hash in it.
    static http::parse_result<user_table> parse(std::string_view text);

    /// The user of this name, or nullptr.
    const known_user* find(std::string_view name) const noexcept;
    /// Some user, always the same for one number; nullptr when there is none.
    const known_user* any(std::uint64_t number) const noexcept {
        return users_.empty() ? nullptr : &users_[number % users_.size()];
    }
    std::size_t size() const noexcept { return users_.size(); }

private:
    std::vector<known_user> users_;                              // does not change any more
    std::unordered_map<std::string_view, std::size_t> by_name_;  // views of `users_`
};

}  // namespace fairlead::files
