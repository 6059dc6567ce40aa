// Any bytes as a configuration file, and as the text of every variable: either errors that say where, or
// settings that are valid and that survive being printed and read again.
#include "config/describe.hpp"
#include "config/effective.hpp"
#include "config/load.hpp"
#include "config/table.hpp"
#include "require.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace fairlead::config;

sources fixed_sources() {
    sources from;
    from.working_directory = "/home/user";
    return from;
}

void check_error(const config_error& error) {
    REQUIRE_INVARIANT(!error.where.empty() && !error.message.empty());
    REQUIRE_INVARIANT(error.pointer.empty() || error.pointer.front() == '/');
    const auto text = error.text();
    const bool is_one_line = std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20; });
    REQUIRE_INVARIANT(is_one_line);
}

void check_settings(const loaded& configuration) {
    const auto& all = configuration.values;
    REQUIRE_INVARIANT(!all.listen.empty() && !all.site.delivery.types.empty());
    REQUIRE_INVARIANT(all.site.delivery.root.starts_with('/') && all.uploads.directory.starts_with('/'));
    REQUIRE_INVARIANT(all.limits.connections >= 1 && all.limits.connections_hard >= all.limits.connections);
    REQUIRE_INVARIANT(all.limits.idle_timeout_pressed <= all.limits.idle_timeout);
    REQUIRE_INVARIANT(all.uploads.path.empty() || all.uploads.path.front() == '/');
    REQUIRE_INVARIANT(configuration.origins.size() == table().size());

    const auto again = load_text("effective.json", effective_text(configuration), fixed_sources());
    const auto* same = std::get_if<loaded>(&again);
    REQUIRE_INVARIANT(same != nullptr);
    for (const auto& row : table()) REQUIRE_INVARIANT(to_json(row, all) == to_json(row, same->values));
}

void check(const std::variant<loaded, config_errors>& outcome) {
    if (const auto* errors = std::get_if<config_errors>(&outcome)) {
        REQUIRE_INVARIANT(!errors->empty());
        for (const auto& error : *errors) check_error(error);
    } else {
        check_settings(std::get<loaded>(outcome));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check(load_text("/etc/fairlead/site.json", text, fixed_sources()));
    // One variable at a time, so that an error in one does not hide what the others do.
    if (size > 256) return 0;
    for (const auto& row : table()) {
        auto from = fixed_sources();
        from.variables.emplace(environment_name(row.path), text);
        check(load_text("/etc/fairlead/site.json", "{}", from));
    }
    return 0;
}
