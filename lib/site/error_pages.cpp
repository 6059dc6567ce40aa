#include "site/error_pages.hpp"

#include "base/text.hpp"
#include "config/settings.hpp"
#include "http/target.hpp"

#include <unistd.h>

#include <stdexcept>

namespace fairlead::site {

error_pages::error_pages(const std::vector<http::named_value>& files, const files::sandbox& root,
                         const http::media_type_table& types)
    : root_(&root) {
    for (const auto& [status, path] : files) {
        auto& one = pages_.emplace_back(std::make_unique<page>());
        one->status = static_cast<unsigned>(parse_decimal(status).value());
        if (!path) continue;
        one->path = path->substr(1);
        one->content_type = types.content_type(http::extension(*path));
        if (!read(*one))
            throw std::runtime_error("error_pages: " + *path + " (for " + status +
                                     ") is no file below the root that can be read, of at most " +
                                     std::to_string(config::most_error_page_bytes / 1024) + " KiB");
    }
}

std::optional<error_pages::found> error_pages::find(http::status status) const {
    for (const auto& one : pages_)
        if (one->status == static_cast<unsigned>(status)) return one->current.load();
    return std::nullopt;
}

void error_pages::refresh() {
    for (const auto& one : pages_)
        if (!one->path.empty()) (void)read(*one);
}

/// Reads the page unless it is the one that was read. False when that is not possible.
bool error_pages::read(page& one) {
    const auto opened = root_->open_file(one.path);
    if (!opened) return false;
    const auto before = files::inspect(opened->fd.get());
    if (!before || before->kind != files::file_kind::regular || before->size > config::most_error_page_bytes)
        return false;
    if (one.current.load() && *before == one.info) return true;
    http::error_page fresh{one.content_type, std::string(before->size, '\0')};
    const auto n = ::pread(opened->fd.get(), fresh.text.data(), fresh.text.size(), 0);
    const auto after = files::inspect(opened->fd.get());
    // One that is being written is read the next time.
    if (n != static_cast<ssize_t>(before->size) || !after || *after != *before) return false;
    one.info = *before;
    one.current.store(std::make_shared<const http::error_page>(std::move(fresh)));
    return true;
}

}  // namespace fairlead::site
