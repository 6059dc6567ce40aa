#include "handlers/delete_upload.hpp"

#include "handlers/refusals.hpp"
#include "handlers/stored_name.hpp"

namespace fairlead::handlers {

bool delete_upload::try_handle(http::request& request, http::outcome& outcome) {
    auto fault = stored_name(place_, request).fault();
    if (!fault) fault = refuse_blind_conditions(request);
    if (fault) outcome = std::move(*fault);
    return fault.has_value();
}

task<http::outcome> delete_upload::handle(http::request& request) {
    const stored_name target(place_, request);
    if (auto fault = target.fault()) co_return std::move(*fault);
    if (auto refusal = refuse_blind_conditions(request)) co_return std::move(*refusal);
    if (auto refusal = refuse_other_sites(place_, request)) co_return std::move(*refusal);
    if (auto refusal = refuse_after_failure(place_)) co_return std::move(*refusal);
    auto& store = place_.with.store;
    std::string indeterminate;
    const auto turn = co_await place_.with.turns.enter(target.path());
    disk_visits disk(place_.with.disk);
    const auto removed = co_await disk.run([&]() -> result<files::stored_entry> {
        const auto folder = store.open(target.folder(), false);
        if (!folder) return folder.error();
        return store.remove(**folder, target.name(), condition_of(request), indeterminate);
    });
    place_.forget(target.path());
    const bool blind = is_blind(request);  // asked in any case, since it leaves a mark in the answer
    if (!removed && !(blind && is_about_name(removed.error()))) {
        if (removed.error() == boost::system::errc::no_such_file_or_directory) co_return not_found();
        co_return name_failed(place_, request, removed.error(), indeterminate);
    }
    http::response answer;
    answer.status = http::status::no_content;
    add_promise(answer, place_, {}, {});
    co_return answer;
}

}  // namespace fairlead::handlers
