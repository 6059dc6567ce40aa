#include "options.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

namespace fairlead::app {
namespace {

std::variant<options, early_exit> parse(std::vector<const char*> words) {
    words.insert(words.begin(), "fairlead");
    return parse_options(static_cast<int>(words.size()), words.data(), "1.2.3");
}

options must_parse(const std::vector<const char*>& words) {
    auto outcome = parse(words);
    if (const auto* exit = std::get_if<early_exit>(&outcome)) BOOST_ERROR(exit->text);
    BOOST_REQUIRE(std::holds_alternative<options>(outcome));
    return std::get<options>(std::move(outcome));
}

/// The flags that were understood, as "path=text (flag)".
std::vector<std::string> flags_of(const std::vector<const char*>& words) {
    std::vector<std::string> texts;
    for (const auto& given : must_parse(words).sources.flags)
        texts.push_back(given.path + "=" + given.text + " (" + given.flag + ")");
    return texts;
}

using command = options::command;
using texts = std::vector<std::string>;

BOOST_AUTO_TEST_SUITE(command_line)

BOOST_AUTO_TEST_CASE(commands) {
    BOOST_TEST((must_parse({}).what == command::serve));
    BOOST_TEST((must_parse({"-t"}).what == command::test));
    BOOST_TEST((must_parse({"--test"}).what == command::test));
    BOOST_TEST((must_parse({"-T"}).what == command::print_effective));
    BOOST_TEST((must_parse({"-t", "-T"}).what == command::print_effective));
    BOOST_TEST((must_parse({"--print-schema"}).what == command::print_schema));
    BOOST_TEST((must_parse({"--print-types", "strict"}).what == command::print_types));
    BOOST_TEST(must_parse({"--print-types", "strict"}).preset == "strict");
    BOOST_TEST((must_parse({"healthcheck"}).what == command::healthcheck));
    BOOST_TEST(!must_parse({"healthcheck"}).health.has_value());
}

BOOST_AUTO_TEST_CASE(the_configuration_file) {
    BOOST_TEST(!must_parse({}).sources.file.has_value());
    for (const std::vector<const char*>& words : {std::vector{"-c", "a.json"},
                                                  {"--config", "a.json"},
                                                  {"--config=a.json"},
                                                  {"-c", "a.json", "healthcheck"},
                                                  {"healthcheck", "-c", "a.json"}})
        BOOST_TEST((must_parse(words).sources.file == "a.json"));
}

BOOST_AUTO_TEST_CASE(flags_become_settings) {
    BOOST_TEST(flags_of({"--root", "www", "--threads", "4", "--log-level", "debug", "--log-format=json"}) ==
                   (texts{"threads=4 (--threads)", "root=www (--root)", "log.level=debug (--log-level)",
                          "log.format=json (--log-format)"}),
               boost::test_tools::per_element());
    BOOST_TEST(
        flags_of({"--listen", "*:80", "--listen", "[::1]:81"}) == (texts{"listen=*:80,[::1]:81 (--listen)"}),
        boost::test_tools::per_element());
    BOOST_TEST(flags_of({"-p", "9000"}) == (texts{"port=9000 (--port)"}), boost::test_tools::per_element());
    BOOST_TEST(flags_of({"--port=9000"}) == (texts{"port=9000 (--port)"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_short_form) {
    BOOST_TEST(flags_of({"9000"}) == (texts{"port=9000 (PORT)"}), boost::test_tools::per_element());
    BOOST_TEST(flags_of({"9000", "0.0.0.0"}) == (texts{"listen=0.0.0.0:9000 (HOST)"}),
               boost::test_tools::per_element());
    BOOST_TEST(flags_of({"9000", "::", "2"}) == (texts{"listen=[::]:9000 (HOST)", "threads=2 (THREADS)"}),
               boost::test_tools::per_element());
    BOOST_TEST(flags_of({"9000", "[::1]"}) == (texts{"listen=[::1]:9000 (HOST)"}),
               boost::test_tools::per_element());
    BOOST_TEST(flags_of({"--root", "www", "9000", "localhost"}) ==
                   (texts{"listen=localhost:9000 (HOST)", "root=www (--root)"}),
               boost::test_tools::per_element());
    const auto with_file = must_parse({"-c", "a.json", "9000"});
    BOOST_TEST((with_file.sources.file == "a.json"));
    BOOST_TEST(with_file.sources.flags.size() == 1);
}

BOOST_AUTO_TEST_CASE(help_and_version_are_answers) {
    for (const auto* word : {"-h", "--help"}) {
        const auto help = std::get<early_exit>(parse({word}));
        BOOST_TEST(help.status == 0);
        for (const auto* part :
             {"--config", "--test", "-T", "--root", "--listen", "--port", "--threads", "--log-level",
              "--log-format", "--version", "--print-schema", "healthcheck", "PORT", "HOST", "THREADS"})
            BOOST_TEST(help.text.find(part) != std::string::npos, part);
    }
    for (const auto* word : {"-V", "--version"}) {
        const auto version = std::get<early_exit>(parse({word}));
        BOOST_TEST(version.status == 0);
        BOOST_TEST(version.text == "fairlead 1.2.3\n");
    }
    BOOST_TEST(std::get<early_exit>(parse({"healthcheck", "--help"})).status == 0);
}

BOOST_AUTO_TEST_CASE(mistakes_name_the_remedy) {
    const std::pair<std::vector<const char*>, const char*> cases[] = {
        {{"--prot", "5"}, "did you mean --port?"},
        {{"--confg=x"}, "did you mean --config?"},
        {{"--zzzzzzzz"}, "--zzzzzzzz"},
        {{"helthcheck"}, "did you mean healthcheck?"},
        {{"site.json"}, "\"site.json\" is no port; a configuration file is given with --config FILE"},
        {{"80", "--port", "81"}, "the port is given twice (PORT and --port)"},
        {{"80", "*", "1", "--threads", "2"}, "the threads are given twice (THREADS and --threads)"},
        {{"80", "--listen", "*:81"}, "--listen has the port already; remove PORT, or --listen"},
        {{"-p", "80", "--listen", "*:81"}, "--listen has the port already; remove --port, or --listen"},
        {{"80", "*", "1", "x"}, "x"},
        {{"--config"}, "--config: 1 required FILE missing\n"},
        {{"-c", "a", "--config=b"}, "--config: At Most 1 required but received 2\n"},
        {{"--root", ""}, "--root has an empty value"},
        {{"--listen", "-c", "site.json"}, "--listen has no value: -c behind it is an option"},
        {{"--config", "--test"}, "--config has no value: --test behind it is an option"},
        {{"--print-types", "all"}, "--print-types takes web or strict, not \"all\""},
        {{"healthcheck", "--url", "https://x"}, "--url takes http://HOST[:PORT][/PATH]"},
    };
    for (const auto& [words, part] : cases) BOOST_TEST_CONTEXT(part) {
            const auto outcome = parse(words);
            BOOST_REQUIRE(std::holds_alternative<early_exit>(outcome));
            const auto& exit = std::get<early_exit>(outcome);
            BOOST_TEST(exit.status == 1);
            BOOST_TEST(exit.text.find(part) != std::string::npos, exit.text);
            BOOST_TEST(exit.text.ends_with("Run \"fairlead --help\" for what is allowed.\n"));
        }
}

BOOST_AUTO_TEST_CASE(where_health_is_asked) {
    const std::pair<const char*, std::optional<health_target>> urls[] = {
        {"http://127.0.0.1:8080/readyz", health_target{"127.0.0.1", 8080, "/readyz"}},
        {"http://localhost", health_target{"localhost", 80, "/readyz"}},
        {"http://[::1]:81/livez?verbose", health_target{"::1", 81, "/livez?verbose"}},
        {"http://[::1]", health_target{"::1", 80, "/readyz"}},
        {"http://", std::nullopt},
        {"http:///readyz", std::nullopt},
        {"http://*:80/", std::nullopt},
        {"http://a:0/", std::nullopt},
        {"http://a:b/", std::nullopt},
        {"http://a/ b", std::nullopt},
        {"http://a/\r\nX: y", std::nullopt},
        {"https://a/", std::nullopt},
    };
    for (const auto& [url, target] : urls)
        BOOST_TEST_CONTEXT(url) BOOST_TEST((parse_health_url(url) == target));
    BOOST_TEST(
        (must_parse({"healthcheck", "--url", "http://a:1/livez"}).health == health_target{"a", 1, "/livez"}));

    const std::pair<config::endpoint, std::optional<health_target>> listeners[] = {
        {{"127.0.0.1", 8080}, health_target{"127.0.0.1", 8080, "/readyz"}},
        {{"*", 1}, health_target{"127.0.0.1", 1, "/readyz"}},
        {{"", 1}, health_target{"127.0.0.1", 1, "/readyz"}},
        {{"0.0.0.0", 1}, health_target{"127.0.0.1", 1, "/readyz"}},
        {{"::", 1}, health_target{"::1", 1, "/readyz"}},
        {{"10.0.0.1", 1}, health_target{"10.0.0.1", 1, "/readyz"}},
        {{"10.0.0.1", 0}, std::nullopt},
    };
    for (const auto& [where, target] : listeners) BOOST_TEST_CONTEXT(where.host) {
            config::settings settings;
            settings.listen = {where};
            BOOST_TEST((default_health_target(settings) == target));
        }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::app
