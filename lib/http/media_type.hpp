#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fairlead::http {

/// Media types by file extension, read from a mime.types text.
class media_type_table {
public:
    /// Reads the Apache form (`type ext ext`, one a line) or the nginx form (`types { type ext ext; }`); '#'
    /// starts a comment. What is wrong is appended to `errors` as "line N: ..." and skipped, so one run
    /// reports everything. A later line wins for an extension that was named before.
    static media_type_table parse(std::string_view text, std::vector<std::string>& errors);

    /// The Content-Type for an extension without its dot, ASCII case ignored: text types, JSON and XML that
    /// are sent as text come with "; charset=utf-8". "application/octet-stream" when it is not known. Does
    /// not allocate; the view is valid as long as the table.
    std::string_view content_type(std::string_view extension) const noexcept;

    /// Whether the extension is in the table.
    bool knows(std::string_view extension) const noexcept { return types_.find(extension) != types_.end(); }

    std::size_t size() const noexcept { return types_.size(); }

private:
    struct hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept;
    };
    struct equal {
        using is_transparent = void;
        bool operator()(std::string_view a, std::string_view b) const noexcept;
    };

    std::unordered_map<std::string, std::string, hash, equal> types_;
};

}  // namespace fairlead::http
