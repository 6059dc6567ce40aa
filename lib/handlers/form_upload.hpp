#pragma once

#include "handlers/repeat_guard.hpp"
#include "handlers/upload_place.hpp"

namespace fairlead::handlers {

/// Answers a POST of multipart/form-data (RFC 7578) whose head was not refused. The form is taken apart while
/// it arrives: all of it is stored, or nothing.
///
/// A form with one file and nothing else is stored as that file. Any other becomes a folder with its files
/// and a `fields.json`, which appears by one rename. The whole form is `fingerprint`ed by what its parts are,
/// not by its bytes: a browser that sends it again makes a new boundary.
task<http::outcome> take_form(ongoing_upload& of, repeat_guard& guard);

}  // namespace fairlead::handlers
