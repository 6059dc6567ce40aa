#pragma once

#include <string>
#include <string_view>

namespace fairlead::telemetry {

/// A request target (or a Host or Referer value) without the userinfo of its authority (RFC 3986 section
/// 3.2.1), in whose place stands a mark: `http://ann:secret@a.example/x` is `http://`, `***@`, `a.example/x`.
/// Such targets are refused; what is in them must not be logged for that. Where it might be userinfo, up to
/// the last '@' it is taken for it: `http://ann:sec/ret@a.example/x` is the same.
struct redacted_target {
    std::string_view before, mark, after;
};
redacted_target without_userinfo(std::string_view target) noexcept;

/// The three parts as one text.
std::string redacted(std::string_view target);

}  // namespace fairlead::telemetry
