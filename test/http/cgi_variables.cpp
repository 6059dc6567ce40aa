#include "http/cgi_variables.hpp"

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::string_view_literals;

struct asked {
    std::vector<field_view> lines;
    request made;
    script_facts facts;

    asked() {
        made.method = verb::get;
        made.method_text = "GET";
        made.target = "/cgi/a%20b.sh/x%2e/y?q=%41&b";
        made.path = "/cgi/a b.sh/x./y";
        made.query = "q=%41&b";
        made.has_query = true;
        made.authority = "Example.org:8080";
        made.host_name = "Example.org";
        made.client.address = "192.0.2.7";
        made.client.port = 4711;
        made.id = "id-1";
        facts.script_name = "/cgi/a b.sh";
        facts.path_info = "/x./y";
        facts.script_filename = "/srv/www/cgi/a b.sh";
        facts.document_root = "/srv/www";
        facts.server_address = "198.51.100.1";
        facts.server_port = 8080;
    }
    void add(std::string_view name, std::string_view value) {
        lines.push_back({boost::beast::http::string_to_field({name.data(), name.size()}), name, value});
    }
    std::map<std::string, std::string> variables() {
        made.fields = field_table(lines);
        variable_list list;
        add_common_variables(list, facts.document_root);
        add_meta_variables(list, made, facts);
        std::map<std::string, std::string> all;
        for (std::size_t i = 0; i < list.size(); ++i) {
            const auto [name, value] = list[i];
            BOOST_TEST(all.emplace(name, value).second, "twice: " << name);
        }
        return all;
    }
};

BOOST_AUTO_TEST_SUITE(variables_of_scripts)

BOOST_AUTO_TEST_CASE(describes_a_request) {
    asked one;
    one.add("Host", "ignored.example");
    one.add("Accept", "text/html");
    one.made.user = "ann";
    const std::map<std::string, std::string> expected{
        {"GATEWAY_INTERFACE", "CGI/1.1"},
        {"SERVER_SOFTWARE", "Fairlead"},
        {"SERVER_PROTOCOL", "HTTP/1.1"},
        {"SERVER_NAME", "Example.org"},
        {"SERVER_PORT", "8080"},
        {"SERVER_ADDR", "198.51.100.1"},
        {"REMOTE_ADDR", "192.0.2.7"},
        {"REMOTE_HOST", "192.0.2.7"},
        {"REMOTE_PORT", "4711"},
        {"REMOTE_USER", "ann"},
        {"AUTH_TYPE", "Basic"},
        {"REQUEST_METHOD", "GET"},
        {"REQUEST_URI", "/cgi/a%20b.sh/x%2e/y?q=%41&b"},
        {"QUERY_STRING", "q=%41&b"},
        {"SCRIPT_NAME", "/cgi/a b.sh"},
        {"SCRIPT_FILENAME", "/srv/www/cgi/a b.sh"},
        {"DOCUMENT_ROOT", "/srv/www"},
        {"PATH_INFO", "/x./y"},
        {"PATH_TRANSLATED", "/srv/www/x./y"},
        {"REDIRECT_STATUS", "200"},
        {"UNIQUE_ID", "id-1"},
        {"HTTP_HOST", "Example.org:8080"},
        {"HTTP_ACCEPT", "text/html"},
    };
    const auto got = one.variables();
    for (const auto& [name, value] : expected) {
        const auto found = got.find(name);
        BOOST_TEST_REQUIRE((found != got.end()), name);
        BOOST_TEST(found->second == value, name);
    }
    for (const auto& [name, value] : got) BOOST_TEST(expected.contains(name), name);
    for (const auto& [name, value] : got) BOOST_TEST(is_meta_variable(name), name);
}

BOOST_AUTO_TEST_CASE(describes_a_body) {
    asked one;
    one.made.method_text = "POST";
    struct nothing final : body_reader {
        task<result<std::size_t>> read_some(std::span<char>) override { co_return std::size_t{0}; }
        std::int64_t length() const noexcept override { return -1; }
    } body;
    one.made.body = &body;
    one.add("Content-Type", "text/plain");
    one.add("Content-Length", "5");
    one.add("Transfer-Encoding", "chunked");
    BOOST_TEST(!one.variables().contains("CONTENT_LENGTH"));
    one.facts.content_length = 7;
    auto got = one.variables();
    BOOST_TEST(got["CONTENT_LENGTH"] == "7");
    BOOST_TEST(got["CONTENT_TYPE"] == "text/plain");
    for (const auto* name : {"HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"})
        BOOST_TEST(!got.contains(name), name);
}

BOOST_AUTO_TEST_CASE(has_empty_values_where_the_rfc_wants_them) {
    asked one;
    one.made.target = "/cgi/a";
    one.made.query = {};
    one.facts.path_info = {};
    auto got = one.variables();
    BOOST_TEST(got.contains("QUERY_STRING"));
    BOOST_TEST(got["QUERY_STRING"] == "");
    BOOST_TEST(!got.contains("PATH_INFO"));
    BOOST_TEST(!got.contains("PATH_TRANSLATED"));
    BOOST_TEST(!got.contains("HTTPS"));
}

BOOST_AUTO_TEST_CASE(names_the_server_without_a_host) {
    asked one;
    one.made.version_minor = 0;
    one.made.authority = one.made.host_name = {};
    auto got = one.variables();
    BOOST_TEST(got["SERVER_NAME"] == "198.51.100.1");
    BOOST_TEST(got["SERVER_PROTOCOL"] == "HTTP/1.0");
    BOOST_TEST(!got.contains("HTTP_HOST"));
}

BOOST_AUTO_TEST_CASE(takes_the_path_out_of_a_whole_uri) {
    struct {
        std::string_view target;
        std::string_view expected;
    } const rows[] = {
        {"http://example.org/a?b", "/a?b"},
        {"http://example.org/a?", "/a?"},
        {"http://example.org", "/"},
        {"/a?b?c", "/a?b?c"},
    };
    for (const auto& row : rows) {
        asked one;
        one.made.target = row.target;
        BOOST_TEST(one.variables()["REQUEST_URI"] == row.expected);
    }
}

BOOST_AUTO_TEST_CASE(passes_fields_on) {
    struct {
        std::string_view name;
        std::string_view variable;  ///< empty: it is not passed on
    } const rows[] = {
        {"X-Forwarded-For", "HTTP_X_FORWARDED_FOR"},
        {"x-lower-9", "HTTP_X_LOWER_9"},
        {"Cookie", "HTTP_COOKIE"},
        {"Content-Encoding", "HTTP_CONTENT_ENCODING"},
        {"Proxy", ""},
        {"PROXY", ""},
        {"X_Forwarded_For", ""},
        {"X.Forwarded.For", ""},
        {"Accept_Language", ""},
        {"BASH_FUNC_x%%", ""},
        {"Authorization", ""},
        {"Proxy-Authorization", ""},
        {"Connection", ""},
        {"Keep-Alive", ""},
        {"Proxy-Connection", ""},
        {"TE", ""},
        {"Trailer", ""},
        {"Upgrade", ""},
        {"Expect", ""},
    };
    for (const auto& row : rows) {
        asked one;
        const auto without = one.variables().size();
        one.add(row.name, "v");
        auto got = one.variables();
        BOOST_TEST(got.size() == without + (row.variable.empty() ? 0 : 1), row.name);
        if (!row.variable.empty()) BOOST_TEST(got[std::string(row.variable)] == "v", row.name);
    }
    asked one;
    one.facts.passes_authorization = true;
    one.add("Authorization", "Basic eA==");
    one.add("Proxy-Authorization", "Basic eQ==");
    BOOST_TEST(one.variables()["HTTP_AUTHORIZATION"] == "Basic eA==");
    BOOST_TEST(one.variables().count("HTTP_PROXY_AUTHORIZATION") == 0u);  // whatever is asked for
}

BOOST_AUTO_TEST_CASE(joins_lines_of_one_name) {
    asked one;
    one.add("X-One", "a");
    one.add("Cookie", "a=1");
    one.add("x-one", "b");
    one.add("Cookie", "b=2");
    one.add("X-ONE", "");
    auto got = one.variables();
    BOOST_TEST(got["HTTP_X_ONE"] == "a, b, ");
    BOOST_TEST(got["HTTP_COOKIE"] == "a=1; b=2");
}

BOOST_AUTO_TEST_CASE(makes_an_environment) {
    variable_list list;
    BOOST_TEST(list.add("A", "1=2"));
    BOOST_TEST(list.add("B", ""));
    BOOST_TEST(!list.add("C", "a\0b"sv));
    BOOST_TEST(list.size() == 2);
    BOOST_TEST(list.find("A").value() == "1=2");
    BOOST_TEST(!list.find("C"));
    const auto environment = list.environment();
    BOOST_TEST_REQUIRE(environment.size() == 3);
    BOOST_TEST(environment[0] == "A=1=2"sv);
    BOOST_TEST(environment[1] == "B="sv);
    BOOST_TEST((environment[2] == nullptr));
    BOOST_TEST((variable_list().environment().front() == nullptr));
}

BOOST_AUTO_TEST_CASE(knows_which_names_are_its_own) {
    for (const auto name : {"PATH_INFO"sv, "HTTP_X"sv, "REMOTE_IDENT"sv, "REDIRECT_STATUS"sv})
        BOOST_TEST(is_meta_variable(name), name);
    for (const auto name : {"HTTPS"sv, "PATH"sv, "APP_ENV"sv}) BOOST_TEST(!is_meta_variable(name), name);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
