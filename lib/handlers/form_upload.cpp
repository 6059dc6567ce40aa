#include "handlers/form_upload.hpp"

#include "handlers/arriving_form.hpp"
#include "handlers/refusals.hpp"
#include "handlers/upload_count.hpp"
#include "http/refusal.hpp"

#include <memory>
#include <utility>

namespace fairlead::handlers {

task<http::outcome> form_upload::take(http::request& request, repeat_guard& guard) const {
    upload_count count(place_.with.metrics);
    const auto boundary = content::multipart_reader::boundary_of(request.fields[http::field::content_type]);
    if (!boundary) co_return refuse(http::status::bad_request, boundary.error());
    auto expected = expected_digests(request.fields);
    if (!expected) co_return http::to_problem(expected.error());
    const auto arriving =
        std::make_unique<arriving_form>(place_, request, guard, *boundary, std::move(*expected));
    auto refused = co_await arriving->receive(*request.body);
    count.received(arriving->received());
    if (refused) {
        (void)co_await place_.with.disk.run([&] { return arriving->discard(); });
        co_return std::move(*refused);
    }
    count.begin_commit();
    const auto stored = co_await place_.with.disk.run([&] { return arriving->store(); });
    count.committed(stored.has_value());
    if (arriving->is_taken())
        co_return refuse(http::status::conflict,
                         "A file with this name is stored already: rename yours, or replace it by PUT.");
    if (!stored && stored.error() == errc::precondition_failed) co_return repeat_guard::other_content();
    if (!stored) co_return storage_failed(place_, stored.error(), arriving->indeterminate_name());
    if (guard.is_repeat()) co_return guard.answer_again(stored->fingerprint);
    co_return created(place_, *stored);
}

}  // namespace fairlead::handlers
