#include "handlers/stored_name.hpp"

#include "base/file_time.hpp"
#include "handlers/refusals.hpp"
#include "http/access_map.hpp"
#include "http/conditional.hpp"
#include "http/upload_name.hpp"

#include <chrono>

namespace fairlead::handlers {
namespace {

http::unix_seconds today() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

}  // namespace

stored_name::stored_name(const upload_place& place, const http::request& request)
    : path_(request.path.substr(place.rules.url_prefix.size())) {}

std::optional<http::problem> stored_name::fault() const {
    if (path_.empty() || path_.ends_with('/'))
        return refuse(http::status::conflict, "This is the address of a folder, not of a file.");
    const auto fault = http::fault_of_upload_path(path_);
    if (!fault) return std::nullopt;
    return refuse(http::status::bad_request, *fault);
}

std::string_view stored_name::folder() const noexcept {
    const auto slash = path_.rfind('/');
    return slash == std::string::npos ? std::string_view() : std::string_view(path_).substr(0, slash);
}

std::string stored_name::name() const { return path_.substr(path_.rfind('/') + 1); }

files::name_condition condition_of(const http::request& request) {
    const auto& fields = request.fields;
    const bool has_one = fields.find(http::field::if_match) || fields.find(http::field::if_none_match) ||
                         fields.find(http::field::if_unmodified_since);
    if (!has_one) return nullptr;
    return [&request](const files::stored_entry* current) {
        http::validators known;
        known.exists = current != nullptr;
        if (current) {
            known.etag = current->etag;
            known.last_modified = whole_seconds(current->mtime_ns);
        }
        return http::evaluate(request.method, request.fields, known, today()) == http::precondition::proceed;
    };
}

bool is_blind(const http::request& request) noexcept { return !http::may_see(request, request.path); }

std::optional<http::problem> refuse_blind_conditions(const http::request& request) {
    if (!condition_of(request) || !is_blind(request)) return std::nullopt;
    return refuse(http::status::forbidden,
                  "What is stored here may not be read, so no precondition can ask for it: send none.");
}

bool is_about_name(error_code error) noexcept {
    using boost::system::errc::errc_t;
    return error == errc_t::no_such_file_or_directory || error == errc_t::not_a_directory ||
           error == errc_t::too_many_symbolic_link_levels || error == errc_t::cross_device_link ||
           error == errc::not_a_file;
}

http::problem name_failed(const upload_place& place, const http::request& request, error_code error,
                          const std::string& indeterminate) {
    using boost::system::errc::errc_t;
    const bool blind = is_blind(request);  // asked in any case, since it leaves a mark in the answer
    if (blind && is_about_name(error))
        return refuse(http::status::conflict, "Nothing can be stored under this name: choose another one.");
    if (error == errc_t::no_such_file_or_directory)
        return refuse(http::status::conflict,
                      "The folder of this name does not exist: make it first, or upload to another one.");
    if (error == errc_t::not_a_directory)
        return refuse(http::status::conflict, "What stands on the way to this name is a file, not a folder.");
    if (error == errc_t::too_many_symbolic_link_levels || error == errc_t::cross_device_link)
        return refuse(http::status::forbidden,
                      "A link, or another file system, stands on the way to this name: nothing is written "
                      "through it.");
    return storage_failed(place, request, error, indeterminate);
}

}  // namespace fairlead::handlers
