#pragma once

#include "handlers/repeat_guard.hpp"
#include "handlers/upload_place.hpp"

namespace fairlead::handlers {

/// multipart/form-data (RFC 7578), taken apart while it arrives: all of it is stored, or nothing.
///
/// A form with one file and nothing else is stored as that file. Any other becomes a folder with its files
/// and a `fields.json`, which appears by one rename. The whole form is `fingerprint`ed by what its parts are,
/// not by its bytes: a browser that sends it again makes a new boundary.
class form_upload {
public:
    /// `place` outlives it.
    explicit form_upload(const upload_place& place) : place_(place) {}

    /// Answers a POST of a form whose head was not refused.
    task<http::outcome> take(http::request& request, repeat_guard& guard) const;

private:
    const upload_place& place_;
};

}  // namespace fairlead::handlers
