// Any bytes as a configuration file, and as the text of every variable: either errors that say where, or
// settings that are valid and that survive being printed and read again.
#include "config/describe.hpp"
#include "config/effective.hpp"
#include "config/load.hpp"
#include "config/table.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace fairlead::config;

void require(bool holds) {
    if (!holds) std::abort();
}

sources fixed_sources() {
    sources from;
    from.working_directory = "/home/user";
    return from;
}

void check_error(const config_error& error) {
    require(!error.where.empty() && !error.message.empty());
    require(error.pointer.empty() || error.pointer.front() == '/');
    const auto text = error.text();
    require(std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20; }));
}

void check_settings(const loaded& configuration) {
    const auto& all = configuration.values;
    require(!all.listen.empty() && !all.types.empty());
    require(all.root.starts_with('/') && all.uploads.directory.starts_with('/'));
    require(all.limits.connections >= 1 && all.limits.connections_hard >= all.limits.connections);
    require(all.limits.idle_timeout_pressed <= all.limits.idle_timeout);
    require(all.uploads.path.empty() || all.uploads.path.front() == '/');
    require(configuration.origins.size() == table().size());

    const auto again = load_text("effective.json", effective_text(configuration), fixed_sources());
    const auto* same = std::get_if<loaded>(&again);
    require(same != nullptr);
    for (const auto& row : table()) require(to_json(row, all) == to_json(row, same->values));
}

void check(const std::variant<loaded, config_errors>& outcome) {
    if (const auto* errors = std::get_if<config_errors>(&outcome)) {
        require(!errors->empty());
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
