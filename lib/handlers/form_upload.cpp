#include "handlers/form_upload.hpp"

#include "handlers/arriving_form.hpp"
#include "handlers/refusals.hpp"
#include "handlers/upload_count.hpp"
#include "http/refusal.hpp"

#include <memory>
#include <utility>

namespace fairlead::handlers {

task<http::outcome> take_form(ongoing_upload& of, repeat_guard& guard) {
    upload_count count(of.place.with.metrics);
    const auto& fields = of.request.fields;
    const auto boundary = content::multipart_reader::boundary_of(fields[http::field::content_type]);
    if (!boundary) co_return refuse(http::status::bad_request, boundary.error());
    auto expected = digests_expected_by(fields);
    if (!expected) co_return http::to_problem(expected.error());
    const auto arriving = std::make_unique<arriving_form>(of, guard, *boundary, std::move(*expected));
    auto refused = co_await arriving->receive();
    count.received(arriving->received());
    if (refused) {
        (void)co_await of.disk.run([&] { return arriving->discard(); });
        co_return std::move(*refused);
    }
    count.begin_commit();
    const auto stored = co_await of.disk.run([&] { return arriving->store(); });
    count.committed(stored.has_value());
    if (arriving->is_taken())
        co_return refuse(http::status::conflict,
                         "A file with this name is stored already: rename yours, or replace it by PUT.");
    if (!stored && stored.error() == errc::precondition_failed) co_return repeat_guard::other_content();
    if (!stored)
        co_return storage_failed(of.place, of.request, stored.error(), arriving->indeterminate_name());
    if (guard.is_repeat()) co_return guard.answer_again(stored->fingerprint);
    co_return created(of.place, *stored);
}

}  // namespace fairlead::handlers
