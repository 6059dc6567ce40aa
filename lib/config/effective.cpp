#include "config/effective.hpp"

#include "config/describe.hpp"
#include "config/table.hpp"

#include <algorithm>

namespace fairlead::config {
namespace {

void write_section(const loaded& from, std::string_view section, std::size_t depth, std::string& out) {
    const std::string margin(4 * depth, ' ');
    for (const auto key : keys_below(section)) {
        const auto path = section.empty() ? std::string(key) : std::string(section) + "." + std::string(key);
        out.append(margin).append(quote(key)).append(": ");
        if (const auto row = find_setting(path)) {
            auto origin = from.origins[*row].text();
            // The name of a file may hold anything, but a line break would end the comment.
            std::replace(origin.begin(), origin.end(), '\n', ' ');
            std::replace(origin.begin(), origin.end(), '\r', ' ');
            out.append(to_json(table()[*row], from.values)).append(",  // ").append(origin).append("\n");
        } else {
            out.append("{\n");
            write_section(from, path, depth + 1, out);
            out.append(margin).append("},\n");
        }
    }
}

}  // namespace

std::string effective_text(const loaded& configuration) {
    std::string text = "{\n";
    write_section(configuration, "", 1, text);
    return text + "}\n";
}

}  // namespace fairlead::config
