#pragma once

#include "files/upload_store.hpp"
#include "handlers/upload_place.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace fairlead::handlers {

/// The file that a PUT or DELETE names.
class stored_name {
public:
    /// `request` has a path below the place's prefix.
    stored_name(const upload_place& place, const http::request& request);

    /// 400 for a name that cannot be used (http::fault_of_upload_path), 409 for that of a folder ("/a/").
    std::optional<http::problem> fault() const;

    const std::string& path() const noexcept { return path_; }  ///< below the place, decoded
    std::string_view folder() const noexcept;  ///< where it stands; empty for the store's own
    std::string name() const;                  ///< in the folder

private:
    std::string path_;
};

/// The preconditions of a request as the store asks for them, in one with the commit; nothing when it has
/// none. `request` outlives it.
files::name_condition condition_of(const http::request& request);

/// Whether who asks may not know of what is stored at the path of the request: the rules of access deny GET
/// there. To him no answer tells whether there was something.
bool is_blind(const http::request& request) noexcept;

/// 403 for preconditions of a blind request, which would tell what is stored.
std::optional<http::problem> refuse_blind_conditions(const http::request& request);

/// Whether an error comes from what stands at a name or on the way to it, or does not.
bool is_about_name(error_code error) noexcept;

/// The refusal for what went wrong with the name of a request: as `storage_failed`, and 409 for a missing
/// folder, 403 for a link on the way. To a blind one all that is_about_name() is the same.
http::problem name_failed(const upload_place& place, const http::request& request, error_code error,
                          const std::string& indeterminate = {});

}  // namespace fairlead::handlers
