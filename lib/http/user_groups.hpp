#pragma once

#include "http/named_value.hpp"
#include "http/parse_result.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// Whether a text may be the name of a user or of a group: 1 to 255 bytes of UTF-8 without white space,
/// control characters, ',', ':' and '"', so that it is one word in rules, in files of users and in logs.
bool is_user_name(std::string_view text) noexcept;

/// Groups and who is in them.
class user_groups {
public:
    /// Each value is a list of names, separated by commas. The error is one sentence: a name that is none, an
    /// empty group, a name that is there twice.
    static parse_result<user_groups> parse(const std::vector<named_value>& groups);

    /// The names, or nullptr when there is no such group.
    const std::vector<std::string>* find(std::string_view group) const noexcept;

private:
    std::map<std::string, std::vector<std::string>, std::less<>> groups_;
};

}  // namespace fairlead::http
