#pragma once

#include "config/load.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <vector>

/// What the tests of the configuration share: the file stands in /etc/fairlead, the working directory is
/// /home/user.
namespace fairlead::config::given {

inline sources nothing_else() {
    sources from;
    from.working_directory = "/home/user";
    return from;
}

inline sources variables(environment values) {
    auto from = nothing_else();
    from.variables = std::move(values);
    return from;
}

inline sources flags(std::vector<flag_value> values) {
    auto from = nothing_else();
    from.flags = std::move(values);
    return from;
}

inline std::variant<loaded, config_errors> load_site(std::string_view text,
                                                     const sources& from = nothing_else()) {
    return load_text("/etc/fairlead/site.json", text, from);
}

/// The errors of a configuration, one text each; empty when it is good.
inline std::vector<std::string> errors_of(const std::variant<loaded, config_errors>& outcome) {
    std::vector<std::string> texts;
    if (const auto* errors = std::get_if<config_errors>(&outcome))
        for (const auto& error : *errors) texts.push_back(error.text());
    return texts;
}

/// A configuration that must be good.
inline loaded must_load(std::string_view text, const sources& from = nothing_else()) {
    auto outcome = load_site(text, from);
    for (const auto& error : errors_of(outcome)) BOOST_ERROR(error);
    BOOST_REQUIRE(std::holds_alternative<loaded>(outcome));
    return std::get<loaded>(std::move(outcome));
}

/// A configuration that must have exactly these errors.
inline void must_refuse(std::string_view text, const std::vector<std::string>& expected,
                        const sources& from = nothing_else()) {
    const auto found = errors_of(load_site(text, from));
    BOOST_TEST_CONTEXT(text) { BOOST_TEST(found == expected, boost::test_tools::per_element()); }
}

}  // namespace fairlead::config::given
