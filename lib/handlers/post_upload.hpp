#pragma once

#include "handlers/arriving_content.hpp"
#include "handlers/handler.hpp"
#include "handlers/repeat_guard.hpp"
#include "handlers/upload_place.hpp"

#include <optional>
#include <string_view>

namespace fairlead::handlers {

/// POST of one content, which the server names: a JSON document, checked while it arrives, or bytes of a type
/// that is allowed; or of a form, which `take_form` takes apart. Stored durably, then answered with 201.
///
///   1. method 405, type 415, length 411 and 413, room 413 and 507: before the body is asked for
///   2. an Idempotency-Key: 409 while another request has it, and what was answered is looked up
///   3. pieces are read, checked, digested and staged
///   4. placed; only then 201 with Location. A repeat is compared with the first: 201 again, or 422
/// A refusal at any point leaves nothing behind.
class post_upload final : public handler {
public:
    /// `place` outlives the handler.
    explicit post_upload(const upload_place& place) : place_(place) {}

    bool try_handle(http::request& request, http::outcome& outcome) override;
    task<http::outcome> handle(http::request& request) override;

private:
    enum class way { json, raw, form };
    std::optional<http::outcome> refuse_early(const http::request& request, way& how) const;
    std::optional<way> choose(std::string_view content_type) const;
    http::problem refuse_type() const;
    task<http::outcome> take(ongoing_upload& of, way how, repeat_guard& guard);
    result<files::answer_record> store(arriving_content& arriving, const repeat_guard& guard,
                                       std::string_view extension) const;

    const upload_place& place_;
};

}  // namespace fairlead::handlers
