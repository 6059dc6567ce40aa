#include "given.hpp"

/// Rules between the settings of logs.
namespace fairlead::config {
namespace {

std::string log(std::string_view members) { return "{\"log\": {" + std::string(members) + "}}"; }

log_settings loaded_logs(std::string_view members) { return given::must_load(log(members)).values.log; }

BOOST_AUTO_TEST_SUITE(logs)

BOOST_AUTO_TEST_CASE(a_file_is_enough_to_switch_a_log_on) {
    using enum access_format;
    struct row {
        std::string_view members;
        access_format success, failure;
    };
    const row rows[] = {
        {R"()", off, off},
        {R"("failure": {"file": "f.log"})", off, combined},
        {R"("access": {"format": "json"}, "failure": {"file": "f.log"})", off, json},
        {R"("access": {"format": "off"}, "success": {"file": "s.log"})", combined, off},
        {R"("success": {"file": "s.log", "format": "common"})", common, off},
        {R"("success": {"file": ""}, "failure": {"format": "off"})", off, off},
        {R"("access": {"format": "off"}, "failure": {"format": "common"})", off, common},
    };
    for (const auto& each : rows) BOOST_TEST_CONTEXT(each.members) {
            const auto all = loaded_logs(each.members);
            BOOST_TEST((all.success.format == each.success));
            BOOST_TEST((all.failure.format == each.failure));
        }
    const auto fitted = given::must_load(log(R"("failure": {"file": "f.log"})"));
    BOOST_TEST(fitted.origin_of("log.failure.format").text() == "default, fitted to what was given");
    BOOST_TEST(fitted.values.log.failure.file == "/etc/fairlead/f.log");
}

BOOST_AUTO_TEST_CASE(security_events_have_the_form_of_the_log_unless_theirs_is_given) {
    BOOST_TEST((loaded_logs(R"("format": "json", "security": {"file": "s.log"})").security.format ==
                log_format::json));
    BOOST_TEST((loaded_logs(R"("security": {"file": "s.log"})").security.format == log_format::text));
    BOOST_TEST((
        loaded_logs(R"("format": "json", "security": {"file": "s.log", "format": "text"})").security.format ==
        log_format::text));
}

BOOST_AUTO_TEST_CASE(one_file_has_one_form) {
    const std::string at = "/etc/fairlead/site.json:";
    given::must_refuse(
        R"({"log": {"access": {"file": "a.log"}, "failure": {"format": "json", "file": "x/../a.log"}}})",
        {at +
         "1:51: /log/failure/format: log.access goes to \"/etc/fairlead/a.log\", too, in another format; "
         "choose one format for both, or another file"});
    given::must_refuse(
        R"({"log": {"success": {"format": "json"}}})",
        {at + "1:22: /log/success/format: log.access goes to standard output, too, in another format; choose "
              "one format for both, or another file"});
    given::must_refuse(
        R"({"log": {"access": {"format": "off"}, "success": {"format": "json", "file": "/b.log"},
  "failure": {"format": "common", "file": "/b.log"}}})",
        {at + "2:15: /log/failure/format: log.success goes to \"/b.log\", too, in another format; choose one "
              "format for both, or another file"});
    for (
        const auto* members : {
            R"("access": {"format": "off", "file": "a.log"}, "success": {"format": "json", "file": "a.log"})",
            R"("success": {"file": "b.log"}, "failure": {"file": "b.log"})",
            R"("access": {"format": "off"}, "success": {"format": "json"}, "failure": {"format": "json"})",
        })
        loaded_logs(members);
}

BOOST_AUTO_TEST_CASE(security_events_share_no_file) {
    const std::string at = "/etc/fairlead/site.json:";
    for (const std::string name : {"access", "success", "failure"}) {
        const auto text =
            "{\"log\": {\"security\": {\"file\": \"/a.log\"}, \"" + name + "\": {\"file\": \"/a.log\"}}}";
        given::must_refuse(text, {at + "1:23: /log/security/file: \"/a.log\" is the file of log." + name +
                                  " already; give security events a file of their own"});
    }
    given::must_refuse(R"({"log": {"security": {"file": "/a.log"}, "file": "/a.log"}})",
                       {at + "1:23: /log/security/file: \"/a.log\" is the file of the log (log.file); leave "
                             "log.security.file empty: then security events stand in the log"});
}

BOOST_AUTO_TEST_CASE(wrong_values_are_named) {
    const std::string at = "/etc/fairlead/site.json:";
    given::must_refuse(
        log(R"("success": {"format": "xml"}, "failure": {"file": 3}, "security": {"format": "combined"})"),
        {at +
             R"(1:32: /log/success/format: expected "off", "common", "combined" or "json", found the string "xml")",
         at + R"(1:60: /log/failure/file: expected a path or "", found 3)",
         at + R"(1:87: /log/security/format: expected "text" or "json", found the string "combined")"});
    given::must_refuse(log(R"("security": {"level": "debug"})"),
                       {at + "1:23: /log/security/level: unknown key: did you mean /log/level?"});
    given::must_refuse(
        "{}",
        {R"(environment FAIRLEAD_LOG_FAILURE_FORMAT: /log/failure/format: expected "off", "common", "combined" or "json", found the string "text")"},
        given::variables({{"FAIRLEAD_LOG_FAILURE_FORMAT", "text"}}));
}

BOOST_AUTO_TEST_CASE(what_is_probably_not_meant_is_a_warning) {
    struct row {
        std::string_view text, warning;
    };
    const row rows[] = {
        {R"({"log": {"failure": {"format": "combined"}}})",
         "log.failure goes to standard output, as log.access does, so its lines will stand there twice; give "
         "it another file, or set one of the two formats to \"off\""},
        {R"({"log": {"access": {"file": "/a.log"}, "success": {"file": "/a.log"}}})",
         "log.success goes to \"/a.log\", as log.access does, so its lines will stand there twice; give it "
         "another file, or set one of the two formats to \"off\""},
        {R"({"log": {"failure": {"file": "/f.log", "format": "off"}}})",
         "log.failure.file: \"/f.log\" stays empty, since log.failure.format is \"off\"; choose a format, or "
         "leave the file out"},
        {R"({"log": {"file": "/a.log", "access": {"file": "/a.log"}}})",
         "log.access.file: \"/a.log\" is the file of the log (log.file), too: lines of two forms will stand "
         "in "
         "it"},
        {R"({"log": {"security": {"format": "json"}}})",
         "log.security.format has no effect, since log.security.file is empty: security events stand in the "
         "log, in its form"},
        {R"({"root": "/srv/www", "log": {"file": "/srv/www/logs/a.log"}})",
         "log.file: \"/srv/www/logs/a.log\" lies inside root \"/srv/www\", where clients may reach it; "
         "choose a "
         "directory outside of it"},
        {R"({"uploads": {"directory": "/srv/up"}, "log": {"security": {"file": "/srv/up/s.log"}}})",
         "log.security.file: \"/srv/up/s.log\" lies inside uploads.directory \"/srv/up\", where clients may "
         "reach it; choose a directory outside of it"},
        {R"({"routes": {"/d": {"root": "/srv/d"}}, "log": {"failure": {"file": "/srv/d/f.log"}}})",
         "log.failure.file: \"/srv/d/f.log\" lies inside root \"/srv/d\", where clients may reach it; choose "
         "a "
         "directory outside of it"},
        {R"({"sites": {"a.example": {"root": "/srv/a"}}, "log": {"access": {"file": "/srv/a/x.log"}}})",
         "log.access.file: \"/srv/a/x.log\" lies inside root \"/srv/a\", where clients may reach it; choose "
         "a "
         "directory outside of it"},
    };
    for (const auto& each : rows) BOOST_TEST_CONTEXT(each.text) {
            const auto warnings = given::must_load(each.text).warnings;
            BOOST_TEST_REQUIRE(warnings.size() == 1u);
            BOOST_TEST(warnings[0] == each.warning);
        }
    BOOST_TEST(given::must_load(R"({"root": "/srv/www", "log": {"file": "/srv/www.log"}})").warnings.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::config
