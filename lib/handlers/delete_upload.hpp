#pragma once

#include "handlers/handler.hpp"
#include "handlers/upload_place.hpp"

namespace fairlead::handlers {

/// DELETE of a stored file (RFC 9110 section 9.3.5): 204 when its removal will stay, 404, 409 for a folder,
/// 412. Who may not read what is stored there, by the rules of access, gets 204 always, and 403 for
/// preconditions.
class delete_upload final : public handler {
public:
    /// `place` outlives the handler.
    explicit delete_upload(const upload_place& place) : place_(place) {}

    bool try_handle(http::request& request, http::outcome& outcome) override;
    task<http::outcome> handle(http::request& request) override;

private:
    const upload_place& place_;
};

}  // namespace fairlead::handlers
