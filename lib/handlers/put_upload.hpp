#pragma once

#include "handlers/arriving_content.hpp"
#include "handlers/handler.hpp"
#include "handlers/stored_name.hpp"
#include "handlers/upload_place.hpp"

#include <optional>
#include <string>

namespace fairlead::handlers {

/// PUT of a file under the name that its client chose (RFC 9110 section 9.3.4).
///
///   1. name 400, type 415, length 411 and 413, Content-Range 400: before the body is asked for
///   2. where the client asks for it (a precondition, Expect), or where the body is large: what stands there
///      is looked at, 409 and 412
///   3. pieces are read, digested and staged
///   4. placed, if the preconditions still hold: of N who create one name at once exactly one gets 201, the
///      others 412; 204 for a file that took the place of another
///
/// Who may not read what is stored there, by the rules of access, gets 201 always, and 403 for preconditions.
class put_upload final : public handler {
public:
    /// `place` outlives the handler.
    explicit put_upload(const upload_place& place) : place_(place) {}

    bool try_handle(http::request& request, http::outcome& outcome) override;
    task<http::outcome> handle(http::request& request) override;

private:
    std::optional<http::problem> refuse_early(const http::request& request) const;
    error_code look_ahead(const http::request& request) const;
    task<http::outcome> take(ongoing_upload& of);
    result<files::staged_file::placed> place(const http::request& request, const stored_name& target,
                                             arriving_content& arriving) const;
    task<result<files::staged_file::placed>> finish(ongoing_upload& of, const stored_name& target,
                                                    arriving_content& arriving);

    const upload_place& place_;
};

}  // namespace fairlead::handlers
