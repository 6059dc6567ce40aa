#include "given.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <unistd.h>

namespace fairlead::config {
namespace {

namespace fs = std::filesystem;

/// A directory of its own that is gone with the test.
class temporary_directory {
public:
    temporary_directory() {
        std::string name = (fs::temp_directory_path() / "fairlead-config-XXXXXX").string();
        BOOST_REQUIRE(::mkdtemp(name.data()));
        path_ = fs::canonical(name);
    }
    ~temporary_directory() { fs::remove_all(path_); }
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;
    const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

std::vector<endpoint> listening(const sources& from, std::string_view text = "{}") {
    return given::must_load(text, from).values.listen;
}

BOOST_AUTO_TEST_SUITE(source_order)

BOOST_AUTO_TEST_CASE(flag_over_environment_over_file_over_default) {
    sources from = given::nothing_else();
    BOOST_TEST(given::must_load("{}", from).values.threads == 0);
    BOOST_TEST(given::must_load("{}", from).origin_of("threads").text() == "default");
    BOOST_TEST(given::must_load("{\"threads\": 1}", from).values.threads == 1);
    from.variables = {{"FAIRLEAD_THREADS", "2"}};
    BOOST_TEST(given::must_load("{\"threads\": 1}", from).values.threads == 2);
    from.flags = {{"threads", "--threads", "3"}};
    const auto all = given::must_load("{\"threads\": 1}", from);
    BOOST_TEST(all.values.threads == 3);
    BOOST_TEST(all.origin_of("threads").text() == "flag --threads");
}

BOOST_AUTO_TEST_CASE(errors_of_all_sources_are_told_together) {
    auto from = given::variables({{"FAIRLEAD_LIMITS_QUEUE", "many"}, {"FAIRLEAD_UPLOADS_SERVE", "perhaps"}});
    from.flags = {{"threads", "--threads", "x"}, {"port", "PORT", "70000"}, {"nothing", "--nothing", "1"}};
    given::must_refuse(
        "{\"threads\": 300}",
        {"/etc/fairlead/site.json:1:13: /threads: expected a whole number from 0 to 256, found 300",
         "environment FAIRLEAD_UPLOADS_SERVE: /uploads/serve: expected true or false, found the string "
         "\"perhaps\"",
         "environment FAIRLEAD_LIMITS_QUEUE: /limits/queue: expected a whole number from 0 to 1000000, "
         "found the string \"many\"",
         "flag --threads: /threads: expected a whole number from 0 to 256, found the string \"x\"",
         "flag PORT: /listen: expected a port from 0 to 65535, found the string \"70000\"",
         "flag --nothing: /nothing: there is no setting of this name"},
        from);
}

BOOST_AUTO_TEST_CASE(a_syntax_error_does_not_hide_errors_elsewhere) {
    given::must_refuse(
        "{",
        {"/etc/fairlead/site.json:1:2: syntax error: the file ends too early: a closing '}', ']' "
         "or '\"' is missing",
         "environment FAIRLEAD_THREADS: /threads: expected a whole number from 0 to 256, found the "
         "string \"\""},
        given::variables({{"FAIRLEAD_THREADS", ""}}));
}

BOOST_AUTO_TEST_CASE(texts_of_variables) {
    const auto all =
        given::must_load("{\"index\": [\"a\"], \"hosts\": [\"b\"]}",
                         given::variables({{"FAIRLEAD_LISTEN", "*:80, [::1]:81"},
                                           {"FAIRLEAD_TYPES", "html,CSS,"},
                                           {"FAIRLEAD_INDEX", ""},
                                           {"FAIRLEAD_HOSTS", "a.example,*.b.example:8080"},
                                           {"FAIRLEAD_CONNECT_ALLOW", R"(["a:443,8000-8099", "b"])"},
                                           {"FAIRLEAD_DEFER_ACCEPT", "No"},
                                           {"FAIRLEAD_UPLOADS_SERVE", "1"},
                                           {"FAIRLEAD_UPLOADS_MAX_BODY", "2m"},
                                           {"FAIRLEAD_LIMITS_MIN_BODY_RATE", "0"},
                                           {"FAIRLEAD_LOG_LEVEL", "warn"}}))
            .values;
    BOOST_TEST((all.listen == std::vector<endpoint>{{"*", 80}, {"::1", 81}}));
    BOOST_TEST((all.site.delivery.types == std::vector<std::string>{"html", "CSS", ""}));
    BOOST_TEST(all.site.delivery.index.empty());
    BOOST_TEST((all.site.hosts == std::vector<std::string>{"a.example", "*.b.example:8080"}));
    BOOST_TEST((all.site.connect.allow == std::vector<std::string>{"a:443,8000-8099", "b"}));
    BOOST_TEST(!all.defer_accept);
    BOOST_TEST(all.uploads.serve);
    BOOST_TEST(all.uploads.max_body == 2u << 20);
    BOOST_TEST(all.limits.min_body_rate == 0);
    BOOST_TEST((all.log.level == log_level::warn));
    BOOST_TEST((
        given::must_load("{}", given::variables({{"FAIRLEAD_TYPES", "strict"}})).values.site.delivery.types ==
        std::vector<std::string>{"strict"}));
}

BOOST_AUTO_TEST_CASE(what_is_not_utf8_is_refused_and_not_shown) {
    given::must_refuse(
        "{}",
        {"environment PORT: /listen: expected a port from 0 to 65535, found a text that is not UTF-8",
         "environment FAIRLEAD_ROOT: /root: expected a path, found a text that is not UTF-8; write it in "
         "UTF-8"},
        given::variables({{"FAIRLEAD_ROOT", "\xFF"}, {"PORT", "\x9B"}}));
}

BOOST_AUTO_TEST_CASE(unknown_variables_are_warnings) {
    const auto all = given::must_load("{}", given::variables({{"FAIRLEAD_LIMIT_CONNECTIONS", "5"},
                                                              {"FAIRLEAD_CONFIG", "x"},
                                                              {"FAIRLEAD_ZZZZZZZZZZZZZZZZZZZZZZZZZ", ""},
                                                              {"FAIRLEADS", ""},
                                                              {"FAIRLEAD_ROUTES", "x"},
                                                              {"PATH", "/bin"}}));
    BOOST_TEST(all.warnings ==
                   (std::vector<std::string>{
                       "environment FAIRLEAD_LIMIT_CONNECTIONS is no setting and has no effect; did you mean "
                       "FAIRLEAD_LIMITS_CONNECTIONS?",
                       "environment FAIRLEAD_ROUTES has no effect: routes stand in the configuration file "
                       "alone",
                       "environment FAIRLEAD_ZZZZZZZZZZZZZZZZZZZZZZZZZ is no setting and has no effect"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_port_of_the_platform_is_just_above_the_file) {
    const environment port{{"PORT", "9000"}};
    BOOST_TEST(
        (listening(given::variables(port)) == std::vector<endpoint>{{"127.0.0.1", 9000}, {"::1", 9000}}));
    BOOST_TEST(
        (listening(given::variables(port), "{\"listen\": \"*:80\"}") == std::vector<endpoint>{{"*", 9000}}));
    BOOST_TEST((listening(given::variables({{"PORT", "9000"}, {"FAIRLEAD_LISTEN", "*:80"}})) ==
                std::vector<endpoint>{{"*", 80}}));
    BOOST_TEST((listening(given::variables({{"PORT", ""}})) == settings{}.listen));
    auto from = given::variables(port);
    from.flags = {{"listen", "--listen", "*:81"}};
    BOOST_TEST((listening(from) == std::vector<endpoint>{{"*", 81}}));
    from.flags = {{"port", "--port", "82"}};
    BOOST_TEST((listening(from) == std::vector<endpoint>{{"127.0.0.1", 82}, {"::1", 82}}));
    BOOST_TEST(given::must_load("{}", given::variables(port)).origin_of("listen").text() ==
               "environment PORT");
    given::must_refuse(
        "{}", {"environment PORT: /listen: expected a port from 0 to 65535, found the string \"tcp\""},
        given::variables({{"PORT", "tcp"}}));
}

BOOST_AUTO_TEST_CASE(a_port_keeps_addresses_and_drops_what_becomes_equal) {
    const auto from = given::flags({{"port", "--port", "9000"}});
    BOOST_TEST((listening(from, R"({"listen": ["10.0.0.1:80", "10.0.0.1:81", "[::1]:82"]})") ==
                std::vector<endpoint>{{"10.0.0.1", 9000}, {"::1", 9000}}));
    given::must_refuse(R"({"listen": ["10.0.0.1:80", "*:82"]})",
                       {"flag --port: /listen: \"10.0.0.1:9000\" is part of \"*:9000\" already; remove one "
                        "of the two"},
                       from);
}

BOOST_AUTO_TEST_CASE(relative_paths_belong_to_where_they_stand) {
    auto from = given::nothing_else();
    const auto in_file =
        given::must_load(R"({"root": "../www/./", "uploads": {"directory": "up"}, "mime_types": "m",
                                              "log": {"file": "/var/log/x", "access": {"file": "a.log"}}})",
                         from);
    BOOST_TEST(in_file.values.site.delivery.root == "/etc/www");
    BOOST_TEST(in_file.values.uploads.directory == "/etc/fairlead/up");
    BOOST_TEST(in_file.values.mime_types == "/etc/fairlead/m");
    BOOST_TEST(in_file.values.log.file == "/var/log/x");
    BOOST_TEST(in_file.values.log.access.file == "/etc/fairlead/a.log");

    from.variables = {{"FAIRLEAD_ROOT", "site"}, {"FAIRLEAD_LOG_FILE", ""}};
    from.flags = {{"uploads.directory", "--uploads", "../up/"}};
    const auto elsewhere = given::must_load(R"({"log": {"file": "x"}})", from);
    BOOST_TEST(elsewhere.values.site.delivery.root == "/home/user/site");
    BOOST_TEST(elsewhere.values.uploads.directory == "/home/up");
    BOOST_TEST(elsewhere.values.log.file == "");
    BOOST_TEST(elsewhere.values.mime_types == "");

    const auto defaults = given::must_load("{}");
    BOOST_TEST(defaults.values.site.delivery.root == "/home/user/resources/www");
    BOOST_TEST(defaults.values.uploads.directory == "/home/user/uploads");

    // A file named relatively stands in the working directory.
    const auto relative = load_text("conf/site.json", R"({"root": "www"})", given::nothing_else());
    BOOST_TEST(std::get<loaded>(relative).values.site.delivery.root == "/home/user/conf/www");
}

BOOST_AUTO_TEST_CASE(the_file_comes_from_the_flag_or_from_its_variable_or_there_is_none) {
    const temporary_directory directory;
    std::ofstream(directory.path() / "one.json") << "{\"threads\": 1}";
    std::ofstream(directory.path() / "two.json") << "{\"threads\": 2}";
    sources from;
    from.working_directory = directory.path();
    BOOST_TEST(std::get<loaded>(load(from)).values.threads == 0);
    from.variables = {{"FAIRLEAD_CONFIG", "one.json"}};
    BOOST_TEST(std::get<loaded>(load(from)).values.threads == 1);
    BOOST_TEST(std::get<loaded>(load(from)).origin_of("threads").text() == "one.json:1");
    from.file = directory.path() / "two.json";
    BOOST_TEST(std::get<loaded>(load(from)).values.threads == 2);
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_read_is_named_with_the_reason) {
    const temporary_directory directory;
    std::ofstream(directory.path() / "large.json") << std::string((1 << 20) + 1, ' ');
    sources from;
    from.working_directory = directory.path();
    const auto message = [&](const char* name) {
        from.file = name;
        return given::errors_of(load(from)).at(0);
    };
    BOOST_TEST(
        message("none.json") ==
        "none.json: cannot read the configuration file: No such file or directory; check the path after "
        "--config or in FAIRLEAD_CONFIG");
    BOOST_TEST(message(".") == ".: cannot read the configuration file: Is a directory");
    BOOST_TEST(message("large.json") == "large.json: this is no configuration file: it has more than 1 MiB");
}

BOOST_AUTO_TEST_CASE(the_process_has_variables) {
    ::setenv("FAIRLEAD_TEST_OF_ENVIRONMENT", "a=b", 1);
    BOOST_TEST(process_environment().at("FAIRLEAD_TEST_OF_ENVIRONMENT") == "a=b");
    ::unsetenv("FAIRLEAD_TEST_OF_ENVIRONMENT");
    BOOST_TEST(!process_environment().contains("FAIRLEAD_TEST_OF_ENVIRONMENT"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::config
