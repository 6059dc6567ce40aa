#include "config/named_checks.hpp"

#include "base/text.hpp"
#include "config/item_checks.hpp"
#include "http/access_rules.hpp"
#include "http/cache_rules.hpp"
#include "http/cgi_variables.hpp"
#include "http/field_rules.hpp"
#include "http/redirect_rules.hpp"

#include <algorithm>

namespace fairlead::config {
namespace {

/// Adds the rules one after the other; what one refuses is its fault.
template <class Rules>
std::vector<named_fault> add_each(Rules& rules, const named_values& given) {
    std::vector<named_fault> faults;
    for (std::size_t i = 0; i < given.size(); ++i)
        if (auto wrong = rules.add(given[i].name, *given[i].value)) faults.push_back({i, std::move(*wrong)});
    return faults;
}

/// Parses the entries one by one.
template <class Rules>
std::vector<named_fault> parse_each(const named_values& given) {
    std::vector<named_fault> faults;
    for (std::size_t i = 0; i < given.size(); ++i)
        if (auto parsed = Rules::parse({given[i]}); !parsed) faults.push_back({i, parsed.error()});
    return faults;
}

}  // namespace

std::vector<named_fault> check_redirects(const named_values& given) {
    http::redirect_rules rules;
    auto faults = add_each(rules, given);
    for (std::size_t i = 0; i < given.size(); ++i) {
        const auto target = std::string_view(*given[i].value).substr(given[i].value->find('/') + 1);
        if (given[i].name == "/" + std::string(target) + "/")
            faults.push_back({i, "a folder's address ends in '/', so that its target would lead back here"});
    }
    if (!faults.empty()) return faults;
    if (const auto loop = rules.find_loop())
        faults.push_back({loop->first_rule, "it leads in a circle or on without end: " + loop->chain});
    return faults;
}

std::vector<named_fault> check_rewrites(const named_values& given) {
    http::rewrite_rules rules;
    return add_each(rules, given);
}

std::vector<named_fault> check_access(const named_values& given) {
    http::access_rules rules;
    return add_each(rules, given);
}

std::vector<named_fault> check_groups(const named_values& given) {
    return parse_each<http::user_groups>(given);
}

std::vector<named_fault> check_cache_control(const named_values& given) {
    return parse_each<http::cache_rules>(given);
}

std::vector<named_fault> check_headers(const named_values& given) {
    auto faults = parse_each<http::field_rules>(given);
    if (!faults.empty() || given.empty()) return faults;
    // What is wrong with all of them together: the same name in two spellings, or too many bytes.
    if (auto parsed = http::field_rules::parse(given); !parsed)
        faults.push_back({given.size() - 1, parsed.error()});
    return faults;
}

std::vector<named_fault> check_error_pages(const named_values& given) {
    std::vector<named_fault> faults;
    for (std::size_t i = 0; i < given.size(); ++i) {
        const auto status = parse_decimal(given[i].name);
        const auto& page = given[i].value;
        if (!status || *status < 400 || *status > 599 || given[i].name.size() != 3)
            faults.push_back({i, "the name is a status from 400 to 599"});
        else if (page && (!page->starts_with('/') || page->ends_with('/')))
            faults.push_back({i, "write the path of a file below root (\"/404.html\")"});
    }
    return faults;
}

std::vector<named_fault> check_programs(const named_values& given) {
    std::vector<named_fault> faults;
    for (std::size_t i = 0; i < given.size(); ++i) {
        const auto& program = *given[i].value;
        if (given[i].name.empty())
            faults.push_back({i, "files without an extension cannot be told from others: name one"});
        else if (auto wrong = check_extension(given[i].name))
            faults.push_back({i, "the name is an extension: " + *wrong});
        else if (!program.empty() && (!program.starts_with('/') || program.ends_with('/')))
            faults.push_back({i,
                              "write the whole path of one program (\"/usr/bin/php-cgi\"), or \"\" for files "
                              "that are programs themselves"});
    }
    return faults;
}

std::vector<named_fault> check_environment(const named_values& given) {
    const auto is_name = [](std::string_view text) {
        return !text.empty() && !(text.front() >= '0' && text.front() <= '9') &&
               std::all_of(text.begin(), text.end(), [](char c) { return is_alphanumeric(c) || c == '_'; });
    };
    std::vector<named_fault> faults;
    for (std::size_t i = 0; i < given.size(); ++i) {
        const auto& name = given[i].name;
        if (!is_name(name))
            faults.push_back(
                {i, "the name of a variable has letters, digits and '_', and no digit in front"});
        else if (http::is_meta_variable(name))
            faults.push_back(
                {i, "this variable tells of the request, so the server sets it itself; remove it"});
    }
    return faults;
}

named_values merge_cache_control(const named_values& above, const named_values& given) {
    auto merged = given;
    for (const auto& one : above) {
        const auto is_repeated = [&](const http::named_value& other) { return other.name == one.name; };
        if (std::none_of(given.begin(), given.end(), is_repeated)) merged.push_back(one);
    }
    return merged;
}

named_values merge_access(const named_values& above, const named_values& given) {
    auto merged = given;
    http::access_rules rules;
    for (const auto& one : given) (void)rules.add(one.name, *one.value);
    for (const auto& one : above)
        if (!rules.add(one.name, *one.value)) merged.push_back(one);
    return merged;
}

named_values merge_groups(const named_values& above, const named_values& given) {
    return http::merge(above, given);
}

named_values merge_headers(const named_values& above, const named_values& given) {
    return http::merge(above, given);
}

named_values merge_error_pages(const named_values& above, const named_values& given) {
    return http::merge(above, given);
}

}  // namespace fairlead::config
