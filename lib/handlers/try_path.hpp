#pragma once

#include <string>
#include <string_view>

namespace fairlead::handlers {

/// One of the paths that `try` names: of a file ("/index.html"), or of what was asked for with something
/// behind it ("$path.html"). A view of the configuration.
class try_path {
public:
    explicit try_path(std::string_view text) noexcept : text_(text) {}

    bool is_derived() const noexcept { return text_.starts_with(variable); }

    /// The file to look for, relative to the root; `asked` is the path that was asked for, without the slash
    /// at its end.
    std::string candidate(std::string_view asked) const {
        if (!is_derived()) return std::string(text_.substr(1));
        return std::string(asked).append(text_.substr(variable.size()));
    }

private:
    static constexpr std::string_view variable = "$path";
    std::string_view text_;
};

}  // namespace fairlead::handlers
