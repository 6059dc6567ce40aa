#include "handlers/script_files.hpp"

#include "support/run_task.hpp"

#include <boost/test/unit_test.hpp>

namespace fairlead::handlers {
namespace {

/// Says what it was asked to run.
struct recording_runner final : script_runner {
    task<http::outcome> run(http::request&, found_script script) override {
        http::response answer;
        answer.body = script.name + '|' + script.path_info + '|' + script.file;
        co_return answer;
    }
};

unsigned status_of(const http::outcome& outcome) {
    if (const auto* refusal = std::get_if<http::problem>(&outcome))
        return static_cast<unsigned>(refusal->status);
    return static_cast<unsigned>(std::get<http::response>(outcome).status);
}

BOOST_AUTO_TEST_SUITE(script_files_)

BOOST_AUTO_TEST_CASE(a_script_gets_the_methods_that_this_server_knows) {
    using http::verb;
    single_script all("/app", "/srv/app.php", std::make_shared<recording_runner>());
    const std::pair<verb, unsigned> rows[] = {
        {verb::get, 200},     {verb::head, 200},    {verb::post, 200},    {verb::put, 200},
        {verb::patch, 200},   {verb::delete_, 200}, {verb::options, 200}, {verb::propfind, 200},
        {verb::unknown, 501}, {verb::trace, 405},   {verb::connect, 405},
    };
    for (const auto& [method, status] : rows) {
        http::request request;
        request.method = method;
        request.path = "/app/more";
        const auto outcome = test::run_task(all.handle(request));
        BOOST_TEST_CONTEXT(boost::beast::http::to_string(method)) {
            BOOST_TEST(status_of(outcome) == status);
            if (status != 200) continue;
            BOOST_TEST(std::get<std::string>(std::get<http::response>(outcome).body) ==
                       "/app|/more|/srv/app.php");
        }
    }
}

BOOST_AUTO_TEST_CASE(a_method_that_the_part_does_not_take_runs_nothing) {
    single_script all("", "/srv/app.php", std::make_shared<recording_runner>());
    http::request request;
    request.path = "/";
    request.allowed = {};
    request.allowed.add(http::verb::get);
    request.method = http::verb::post;
    BOOST_TEST(status_of(test::run_task(all.handle(request))) == 405u);
    request.method = http::verb::head;
    BOOST_TEST(status_of(test::run_task(all.handle(request))) == 200u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::handlers
