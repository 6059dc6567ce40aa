// Sites and routes: objects that begin with what stands above them.
#include "given.hpp"

#include "config/describe.hpp"
#include "config/effective.hpp"
#include "config/places.hpp"
#include "config/table.hpp"
#include "support/temp_dir.hpp"

namespace fairlead::config {
namespace {

const std::string at = "/etc/fairlead/site.json:";

BOOST_AUTO_TEST_SUITE(scopes)

BOOST_AUTO_TEST_CASE(what_a_site_or_route_does_not_say_is_as_above) {
    const auto all = given::must_load(R"({
  "sites": {"www.Example.org , example.org": {
      "root": "two", "headers": {"X-A": null, "X-C": "3"}, "compression": {"min_size": 7},
      "routes": {"/docs/": {"listing": true}, "/own": {"root": "/own", "limits": {"in_flight": 3}}}}},
  "root": "one", "index": ["home.html"], "headers": {"X-A": "1", "X-B": "2"},
  "cache_control": {"*.js": "max-age=1", "*.css": "max-age=2"}, "redirects": {"/a": "/b"},
  "error_pages": {"404": "/404.html"}, "compression": {"gzip_level": 1},
  "routes": {"/x": {"cache_control": {"*.css": "no-store"}}}
})")
                         .values;
    BOOST_TEST_REQUIRE(all.sites.size() == 1u);
    const auto& site = all.sites[0];
    BOOST_TEST((site.hosts == std::vector<std::string>{"www.example.org", "example.org"}));
    BOOST_TEST(site.delivery.root == "/etc/fairlead/two");
    BOOST_TEST((site.delivery.index == std::vector<std::string>{"home.html"}));
    BOOST_TEST((site.delivery.headers == named_values{{"X-A", std::nullopt}, {"X-B", "2"}, {"X-C", "3"}}));
    BOOST_TEST(site.delivery.compression.gzip_level == 1u);
    BOOST_TEST(site.delivery.compression.min_size == 7u);
    BOOST_TEST(site.redirects.empty());             // a site's own
    BOOST_TEST(site.delivery.error_pages.empty());  // of the level that names them
    BOOST_TEST_REQUIRE(site.routes.size() == 2u);
    BOOST_TEST(site.routes[0].path == "/docs");
    BOOST_TEST(site.routes[0].delivery.root == "/etc/fairlead/two");
    BOOST_TEST(!site.routes[0].has_own_root);
    BOOST_TEST(!site.routes[0].has_own_limits);
    BOOST_TEST(site.routes[0].delivery.listing);
    BOOST_TEST(site.routes[1].has_own_root);
    BOOST_TEST(site.routes[1].delivery.root == "/own");
    BOOST_TEST(site.routes[1].has_own_limits);
    BOOST_TEST(site.routes[1].limits.in_flight == 3u);
    BOOST_TEST(site.routes[1].limits.queue == all.limits.queue);

    BOOST_TEST_REQUIRE(all.site.routes.size() == 1u);
    BOOST_TEST((all.site.routes[0].delivery.cache_control ==
                named_values{{"*.css", "no-store"}, {"*.js", "max-age=1"}}));
    BOOST_TEST(all.site.delivery.headers.size() == 2u);
}

BOOST_AUTO_TEST_CASE(variables_and_flags_count_before_sites_begin) {
    auto from = given::variables({{"FAIRLEAD_COMPRESSION_GZIP_LEVEL", "3"}});
    from.flags = {{"root", "--root", "/flag"}};
    const auto all = given::must_load(R"({"root": "/file", "sites": {"a.example": {}}})", from).values;
    BOOST_TEST(all.sites.at(0).delivery.root == "/flag");
    BOOST_TEST(all.sites.at(0).delivery.compression.gzip_level == 3u);
}

BOOST_AUTO_TEST_CASE(errors_inside_name_their_place_and_pointer) {
    given::must_refuse(
        R"({"sites": {
  "a b": {},
  "b.example": {"roots": 1, "threads": 2, "listing": "yes",
    "redirects": {"/a": "/b", "/b": "/a"}},
  "c.example": [],
  "d.example": {"routes": {"/x": {"redirects": {}, "limits": {"connections": 1}, "cors": {"origins": ["*"], "credentials": true}}}}
}})",
        {at + "2:3: /sites/a b: not usable: write a name (\"www.example.org\"), \"*.example.org\", an "
              "address or \"*\", without scheme and path",
         at + "3:17: /sites/b.example/roots: unknown key: did you mean /sites/b.example/root?",
         at + "3:29: /sites/b.example/threads: this key counts for the whole program: move it to "
              "the top of the file",
         at + "3:54: /sites/b.example/listing: expected true or false, found the string \"yes\"",
         at + "4:19: /sites/b.example/redirects/~1a: it leads in a circle or on without end: "
              "/a -> /b -> /a",
         at + "5:16: /sites/c.example: expected an object { }, found an empty list",
         at + "6:35: /sites/d.example/routes/~1x/redirects: this key counts for a whole site: move "
              "it out of \"routes\"",
         at + "6:63: /sites/d.example/routes/~1x/limits/connections: this key counts for the whole "
              "program: move it to the top of the file"});
    BOOST_TEST(
        given::errors_of(
            given::load_site(R"({"routes": {"/x": {"cors": {"origins": ["*"], "credentials": true}}}})"))
            .at(0)
            .starts_with(at + "1:13: /routes/~1x/cors/origins: "));
    given::must_refuse(
        R"({"cors": {"origins": ["https://a.example"],
  "methods": ["get"]}})",
        {at + "2:3: /cors/methods: \"get\" in \"methods\" is in lower case, which counts: write it in upper "
              "case"});
}

BOOST_AUTO_TEST_CASE(what_is_there_twice_or_taken_is_refused) {
    given::must_refuse(
        "{\"routes\": {\n\"/a\": {},\n\"/a/\": {}, \"/upload\": {}}}",
        {at + "3:1: /routes/~1a~1: it is the route of line 2 already (a slash at the end makes no "
              "difference); "
              "remove one of the two",
         at + "3:12: /routes/~1upload: this address belongs to uploads (uploads.path is \"/upload\", stored "
              "documents are below \"/uploads/\"); choose another path"});
    given::must_refuse(
        "{\"hosts\": [\"a.example\"], \"sites\": {\n\"b.example\": {},\n\"B.example\": {}, \"a.example\": "
        "{}}}",
        {at + "3:1: /sites/B.example: \"b.example\" belongs to the site of line 2 already; remove one",
         at + "3:18: /sites/a.example: \"a.example\" belongs to the default site (hosts) already; remove "
              "one"});
    given::must_refuse("{\"hosts\": [\"2001:db8::1\"], \"sites\": {\"[2001:DB8:0::1]\": {}}}",
                       {at + "1:38: /sites/[2001:DB8:0::1]: \"[2001:db8:0::1]\" belongs to the default site "
                             "(hosts) already; remove one"});
    given::must_refuse("{\"listen\": [\"0.0.0.0:80\", \"10.0.0.1:80\"]}",
                       {at + "1:2: /listen: \"10.0.0.1:80\" is part of \"0.0.0.0:80\" already; remove one of "
                             "the two"});
    given::must_refuse(
        "{\"listen\": [\"[::1]:80\", \"[::]:80\"]}",
        {at + "1:2: /listen: \"[::1]:80\" is part of \"[::]:80\" already; remove one of the two"});
    (void)given::must_load(
        "{\"listen\": [\"0.0.0.0:80\", \"[::1]:80\", \"10.0.0.1:81\", \"*:0\", \"[::1]:0\"]}");
    for (const auto* path : {"/", "", "a", "/a//b", "/.git", "/a/../b", "/livez", "/a?b", "/a%20b"})
        BOOST_TEST(
            !given::errors_of(given::load_site("{\"routes\": {\"" + std::string(path) + "\": {}}}")).empty(),
            path);
    given::must_load(R"({"routes": {"/.well-known": {}, "/.well-known/acme-challenge/": {}}})");
}

BOOST_AUTO_TEST_CASE(uploads_are_refused_inside_every_root) {
    const std::string uploads = R"("uploads": {"directory": "/data/uploads"})";
    const auto errors = [&](const std::string& rest) {
        return given::errors_of(given::load_site("{" + uploads + ",\n" + rest + "}"));
    };
    const std::string refusal =
        "\"/data/uploads\" lies inside root \"/data\", so everyone could fetch what was uploaded; choose a "
        "directory outside of it, or set uploads.inside_root to true if that is meant";
    BOOST_TEST((errors(R"("routes": {"/x": {"root": "/data"}})") ==
                std::vector{at + "2:19: /routes/~1x/root: " + refusal}));
    BOOST_TEST(
        (errors(R"("sites": {"a.example": {"root": "/data", "routes": {"/x": {"root": "/data/."}}}})") ==
         std::vector{at + "2:25: /sites/a.example/root: " + refusal,
                     at + "2:60: /sites/a.example/routes/~1x/root: " + refusal}));
    BOOST_TEST(errors(R"("routes": {"/x": {"root": "/data2"}})").empty());
    given::must_load(
        R"({"uploads": {"directory": "/data/up", "inside_root": true}, "routes": {"/x": {"root": "/data"}}})");
}

BOOST_AUTO_TEST_CASE(a_route_with_a_directory_takes_uploads) {
    const auto all = given::must_load(R"({
"uploads": {"directory": "/data/up", "max_body": "2m"},
"routes": {"/files": {"uploads": {"directory": "/data/files", "accept": ["put"]}}, "/x": {"uploads": {"max_body": "3m"}}}})")
                         .values;
    const auto& files = all.site.routes.at(0);
    BOOST_TEST(files.takes_uploads);
    BOOST_TEST(files.uploads.directory == "/data/files");
    BOOST_TEST((files.uploads.accept == std::vector<std::string>{"put"}));
    BOOST_TEST(files.uploads.max_body == 2u << 20);
    BOOST_TEST(!all.site.routes.at(1).takes_uploads);
    BOOST_TEST(all.uploads.directory == "/data/up");
}

BOOST_AUTO_TEST_CASE(upload_directories_are_kept_apart) {
    const auto errors = [&](const std::string& text) {
        return given::errors_of(given::load_site("{" + text + "}"));
    };
    const std::string inside =
        " lies inside root \"/data\", so everyone could fetch what was uploaded; choose a "
        "directory outside of it, or set uploads.inside_root to true if that is meant";
    BOOST_TEST(
        (errors("\"root\": \"/data\", \"routes\": {\"/f\": {\"uploads\": {\n\"directory\": \"/data/f\"}}}") ==
         std::vector{at + "2:1: /routes/~1f/uploads/directory: \"/data/f\"" + inside}));
    BOOST_TEST((errors("\"routes\": {\"/r\": {\"root\": \"/data\"}, \"/f\": {\"uploads\": {\"directory\": "
                       "\"/data/f\"}}}")
                    .size() == 1u));
    BOOST_TEST(
        (errors("\"uploads\": {\"directory\": \"/u\"}, \"routes\": {\"/f\": {\"uploads\": {\n\"directory\": "
                "\"/u/f\"}}}") ==
         std::vector{at + "2:1: /routes/~1f/uploads/directory: uploads into \"/u/f\" and \"/u\" would lie "
                          "inside of each other; give each its own directory"}));
    BOOST_TEST(
        (errors("\"uploads\": {\"directory\": \"/u\"}, \"routes\": {\"/f\": {\"uploads\": {\n\"directory\": "
                "\"/u\", \"quota\": \"1g\"}}}") ==
         std::vector{at + "2:1: /routes/~1f/uploads/directory: another place uploads into \"/u\", too: "
                          "durability, quota, min_free, idempotency_time and idempotency_keys have to be the "
                          "same there"}));
    BOOST_TEST(
        (errors("\"sites\": {\"a.example\": {\"uploads\": {\n\"directory\": \"/u\"}}}") ==
         std::vector{at + "2:1: /sites/a.example/uploads/directory: a site takes uploads in its routes: "
                          "write it into one of them"}));
    given::must_load(
        R"({"uploads": {"directory": "/u"}, "routes": {"/f": {"uploads": {"directory": "/u", "accept": ["put"]}}}})");
}

BOOST_AUTO_TEST_CASE(names_are_compared_as_hosts_are) {
    for (const auto* other : {"A.example", "a.example.", "a.example:8080"})
        BOOST_TEST(given::errors_of(given::load_site("{\"hosts\": [\"a.example\"], \"sites\": {\"" +
                                                     std::string(other) + "\": {}}}"))
                           .size() == 1u,
                   other);
    const auto all =
        given::must_load(R"({"sites": {"a.example": {"limits": {"in_flight": 5}, "routes": {"/x": {}}}}})")
            .values;
    BOOST_TEST(all.sites.at(0).has_own_limits);
    BOOST_TEST(all.sites.at(0).limits.in_flight == 5u);
    BOOST_TEST(!all.sites.at(0).routes.at(0).has_own_limits);
}

BOOST_AUTO_TEST_CASE(patterns_that_cannot_match_are_refused) {
    for (const auto* text :
         {R"("cache_control": {"assets/**": "no-store"})", R"("cache_control": {"*/*": "no-store"})",
          R"("compression": {"types": ["*/*"]})", R"("compression": {"types": ["text"]})",
          R"("redirects": {"/x/": "/x"})", R"("redirects": {"/x/": "308 /x"})"})
        BOOST_TEST(given::errors_of(given::load_site("{" + std::string(text) + "}")).size() == 1u, text);
    given::must_load(R"({"redirects": {"/x": "/x/"}, "cache_control": {"text/*": "no-store"}})");
}

BOOST_AUTO_TEST_CASE(named_values_are_checked_by_the_rules_that_use_them) {
    const auto errors = given::errors_of(given::load_site(R"({
"redirects": {"old": "/new", "/a/*": "/b/$2", "/x": "99 /y", "/ok/**": "301 https://example.net/$1"},
"rewrites": {"/[a": "/b"},
"cache_control": {"*.js": "max age"},
"headers": {"Content-Length": "1", "X A": "1", "X-B": "a\u0001", "X-C": 5},
"error_pages": {"200": "/a.html", "404": "a.html"}})"));
    BOOST_TEST(errors.size() == 11u, errors.size());
    for (const auto& error : errors) BOOST_TEST(error.starts_with(at), error);
}

BOOST_AUTO_TEST_CASE(the_effective_configuration_has_the_scopes_with_what_they_say) {
    const auto* const text = R"({"root": "/r", "headers": {"X-A": "1"},
"routes": {"/x": {"listing": true, "limits": {"queue": 1}}},
"sites": {"a.example, b.example": {"headers": {"X-B": "2"}, "routes": {"/y/": {"cors": {"origins": ["*"]}}}}, "c.example": {}}})";
    const auto first = given::must_load(text);
    const auto effective = effective_text(first);
    const auto second = given::must_load(effective);
    BOOST_TEST(effective_text(second).size() > 0u);
    BOOST_TEST_REQUIRE(second.values.sites.size() == 2u);
    BOOST_TEST((second.values.sites[0].delivery.headers == first.values.sites[0].delivery.headers));
    BOOST_TEST((second.values.sites[0].routes.at(0).delivery.cors.origins == std::vector<std::string>{"*"}));
    BOOST_TEST(second.values.site.routes.at(0).limits.queue == 1u);
    BOOST_TEST(effective.find("            \"listing\": true,  // /etc/fairlead/site.json:2\n") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(places_that_cannot_be_used_are_named) {
    const test::temp_dir dir;
    dir.make_folder("www");
    dir.write("www/404.html", "x");
    dir.write("file", "x");
    const auto base = dir.path().string();
    const auto faults = [&](const std::string& text) {
        const auto loaded = given::must_load(text);
        std::vector<std::string> found;
        for (const auto& error : check_places(loaded)) found.push_back(error.text());
        return found;
    };
    BOOST_TEST(faults("{\"root\": \"" + base + "/www\", \"error_pages\": {\"404\": \"/404.html\"}}").empty());
    const auto found = faults("{\"root\": \"" + base + "/none\", \"mime_types\": \"" + base +
                              "/none\",\n\"sites\": {\"a.example\": {\"root\": \"" + base +
                              "/file\", \"routes\": {\"/x\": {\"root\": \"" + base +
                              "/www\", \"error_pages\": {\"404\": \"/none.html\", \"500\": null}}}}}}");
    BOOST_TEST_REQUIRE(found.size() == 4u);
    BOOST_TEST(found[0] ==
               at + "1:2: /root: \"" + base +
                   "/none\" cannot be used: No such file or directory; create it, or correct the path");
    BOOST_TEST(found[1].find(": /mime_types: ") != std::string::npos);
    BOOST_TEST(found[2] == at + "2:25: /sites/a.example/root: \"" + base + "/file\" is no directory");
    BOOST_TEST(found[3].find(": /sites/a.example/routes/~1x/error_pages/404: ") != std::string::npos);

    dir.write("www/large.html", std::string(256 * 1024 + 1, 'x'));
    std::filesystem::create_symlink("../file", dir / "www/out.html");
    dir.write("types", "text/html html\n\ngarbage\n");
    const auto start = "{\"root\": \"" + base + "/www\", ";
    const std::pair<std::string, std::string> others[] = {
        {"\"error_pages\": {\"404\": \"/large.html\"}}", "has 262145 bytes, and a page at most 262144"},
        {"\"error_pages\": {\"404\": \"/out.html\"}}", "leads out of"},
        {"\"mime_types\": \"" + base + "/types\"}", "/types\", line 3: "},
    };
    for (const auto& [text, part] : others) {
        const auto wrong = faults(start + text);
        BOOST_TEST_REQUIRE(wrong.size() == 1u, text);
        BOOST_TEST(wrong[0].find(part) != std::string::npos, wrong[0]);
    }
}

BOOST_AUTO_TEST_CASE(a_redirect_that_may_meet_a_folder_is_warned_of) {
    const auto warnings = [](const std::string& rule) {
        return given::must_load("{\"redirects\": {" + rule + "}}").warnings;
    };
    for (const auto* rule :
         {"\"/**/\": \"301 /$1\"", "\"/docs/*/\": \"/docs/$1\"", "\"/x/{a,b}/\": \"/x/$1?q\""}) {
        const auto told = warnings(rule);
        BOOST_TEST_REQUIRE(told.size() == 1u, rule);
        BOOST_TEST(told[0].find("takes the slash from the end of an address") != std::string::npos, told[0]);
    }
    for (const auto* rule :
         {"\"/a/*/\": \"/b/$1\"", "\"/**/\": \"https://a.example/$1\"", "\"/a/*\": \"/c/$1/\""})
        BOOST_TEST(warnings(rule).empty(), rule);
}

BOOST_AUTO_TEST_CASE(an_algorithm_that_the_kernel_does_not_have_is_named) {
    const test::temp_dir dir;
    const auto faults = [&](const std::string& name) {
        return check_places(given::must_load("{\"root\": \"" + dir.path().string() +
                                             "\",\n\"congestion_control\": \"" + name + "\"}"));
    };
    for (const auto* name : {"auto", "system", "reno"}) BOOST_TEST(faults(name).empty(), name);
    const auto found = faults("nosuch");
    BOOST_TEST_REQUIRE(found.size() == 1u);
    BOOST_TEST(found[0].text() ==
               at + "2:1: /congestion_control: \"nosuch\" cannot be used: No such file or directory; "
                    "/proc/sys/net/ipv4/tcp_allowed_congestion_control names what can");
}

BOOST_AUTO_TEST_CASE(places_that_will_be_written_are_looked_at_and_not_made) {
    const test::temp_dir dir;
    dir.write("file", "x");
    dir.write("old.log", "x");
    dir.make_folder("www");
    dir.make_folder("kept");
    const auto base = dir.path().string();
    const auto faults = [&](const std::string& uploads, const std::string& log) {
        const auto loaded = given::must_load(
            "{\"root\": \"" + base + "/www\", \"uploads\": {\"path\": \"/up\", \"directory\": \"" + base +
            uploads + "\"},\n\"log\": {\"access\": {\"file\": \"" + base + log + "\"}}}");
        std::vector<std::string> found;
        for (const auto& error : check_places(loaded)) found.push_back(error.text());
        return found;
    };
    for (const auto* uploads : {"/kept", "/kept/", "/new", "/new/and/below/"})
        for (const auto* log : {"/old.log", "/new.log"}) BOOST_TEST(faults(uploads, log).empty(), uploads);
    BOOST_TEST(!std::filesystem::exists(dir / "new"));
    BOOST_TEST(!std::filesystem::exists(dir / "new.log"));
    for (const auto* uploads : {"/file", "/file/below"}) {
        const auto found = faults(uploads, "/new.log");
        BOOST_TEST_REQUIRE(found.size() == 1u, uploads);
        BOOST_TEST(found[0].find("/uploads/directory: \"" + base + "/file") != std::string::npos, found[0]);
        BOOST_TEST(found[0].find("is no directory") != std::string::npos, found[0]);
    }
    const auto no_folder = faults("/kept", "/logs/access.log");
    BOOST_TEST_REQUIRE(no_folder.size() == 1u);
    BOOST_TEST(no_folder[0] == at + "2:20: /log/access/file: \"" + base +
                                   "/logs/access.log\" cannot be made: \"" + base +
                                   "/logs\" is no directory; create it, or correct the path");
    BOOST_TEST(faults("/kept", "/kept").at(0).find("is a directory") != std::string::npos);
    if (::geteuid() == 0) return;  // may write everywhere
    std::filesystem::permissions(dir / "kept", std::filesystem::perms::owner_read);
    BOOST_TEST(faults("/kept", "/new.log").size() == 1u);
    BOOST_TEST(faults("/kept/below", "/new.log").size() == 1u);
}

BOOST_AUTO_TEST_CASE(tunnels_belong_to_the_first_site_of_an_address) {
    const auto all =
        given::must_load(R"({"listen": "*:80", "connect": {"allow": ["a:1"], "networks": ["10.0.0.0/8"],
"tunnels": 5}, "sites": {"a.example": {"listen": "*:81", "connect": {"allow": ["b:2"]}}, "b.example": {}}})")
            .values;
    BOOST_TEST((all.site.connect.allow == std::vector<std::string>{"a:1"}));
    BOOST_TEST((all.sites[0].connect.allow == std::vector<std::string>{"b:2"}));
    BOOST_TEST(all.sites[0].connect.networks.empty());  // what is open here is not open there
    BOOST_TEST(all.sites[0].connect.tunnels == 5u);
    BOOST_TEST(all.sites[1].connect.allow.empty());
    given::must_refuse(
        R"({"sites": {"a.example": {"connect": {"allow": ["b:2"]}}}})",
        {"/etc/fairlead/site.json:1:38: /sites/a.example/connect/allow: CONNECT names no site, so tunnels "
         "belong to the first one of an address: give this site addresses of its own (listen), or write "
         "the destinations at the top"});
    const auto errors =
        given::errors_of(given::load_site(R"({"routes": {"/x": {"connect": {"allow": ["b:2"]}}}})"));
    BOOST_TEST_REQUIRE(errors.size() == 1u);
    BOOST_TEST(errors[0].find("/routes/~1x/connect") != std::string::npos, errors[0]);
}

BOOST_AUTO_TEST_CASE(sites_may_have_addresses_and_the_same_names_there) {
    const auto all = given::must_load(R"({"hosts": ["a.example"], "listen": "127.0.0.1:80", "sites": {
  "a.example:8443": {"listen": ["*:8443", "127.0.0.1:9000"]}, "b.example": {}, "*": {"listen": "*:8444"}}})")
                         .values;
    BOOST_TEST_REQUIRE(all.sites.size() == 3u);
    BOOST_TEST((all.sites[0].hosts == std::vector<std::string>{"a.example"}));
    BOOST_TEST((all.sites[0].listen == std::vector<endpoint>{{"*", 8443}, {"127.0.0.1", 9000}}));
    BOOST_TEST(all.sites[1].listen.empty());
    BOOST_TEST((all.listen == std::vector<endpoint>{{"127.0.0.1", 80}}));

    given::must_refuse(
        R"({"hosts": ["a.example"], "listen": "*:80", "sites": {
"a.example:1": {"listen": ["*:81", "*:80"]},
"a.example:2": {"listen": "*:81"}}})",
        {at + "2:1: /sites/a.example:1: \"a.example\" belongs to the default site (hosts) already; "
              "remove one",
         at + "3:1: /sites/a.example:2: \"a.example\" belongs to the site of line 2 already; remove one"});
    given::must_refuse(
        R"({"sites": {"a.example": {"listen": "127.0.0.1:9180"}}})",
        {at + "1:12: /sites/a.example: its address \"127.0.0.1:9180\" is that of admin.listen; use "
              "another port"});
}

BOOST_AUTO_TEST_CASE(a_method_that_nothing_takes_is_refused) {
    const auto all = given::must_load(R"({"methods": ["GET", "POST"], "routes": {
  "/a": {"methods": ["GET", "PUT", "DELETE"], "uploads": {"directory": "/up", "accept": ["put", "delete"]}}}})");
    BOOST_TEST((all.values.site.delivery.methods == std::vector<std::string>{"GET", "POST"}));
    given::must_refuse(R"({"routes": {
"/a": {"methods": ["PUT"]},
"/b": {"methods": ["GET", "POST"], "uploads": {"directory": "/up", "accept": ["put"]}}}})",
                       {at + "2:8: /routes/~1a/methods: \"PUT\" is taken by nothing here: it needs "
                             "uploads.directory, and put in uploads.accept, or remove it",
                        at + "3:8: /routes/~1b/methods: \"POST\" is taken by nothing here: it needs "
                             "uploads.directory, and json, raw or form in uploads.accept, or remove it"});
    const auto errors =
        given::errors_of(given::load_site(R"({"routes": {"/c": {"methods": ["get"], "listen": "*:1"}}})"));
    BOOST_TEST_REQUIRE(errors.size() == 2u);
    BOOST_TEST(errors[0].find("\"get\" is no method that this server knows") != std::string::npos, errors[0]);
    BOOST_TEST(errors[1].find("/routes/~1c/listen: this key counts for") != std::string::npos, errors[1]);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::config
