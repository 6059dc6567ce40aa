// Uploads through a site that is built as in production: what is stored, what is refused, and what either
// leaves.
#include "site/upload_requests.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

namespace fairlead::site {
namespace {

using namespace test;
using http::verb;

std::string typed(std::string_view type) { return "Content-Type: " + std::string(type) + "\r\n"; }
std::string form(std::string_view text) { return upload("POST /files", text, typed(form_type)); }

BOOST_AUTO_TEST_SUITE(uploads)

BOOST_AUTO_TEST_CASE(each_way_stores_what_was_sent_and_says_where) {
    struct {
        std::string line, type, body;
        unsigned status;
        std::string extension;
    } const rows[] = {
        {"POST /files", "application/json", long_document, 201, ".json"},
        {"POST /files/", "application/json;charset=\"UTF-8\"", "{}", 201, ".json"},
        {"POST /files", "image/png", picture, 201, ".png"},
        {"POST /files", "text/html", "<script>", 201, ".txt"},
        {"POST /files", "x/y; z=1", "", 201, ".bin"},
        {"POST /files", std::string(form_type),
         form_text({{"name=\"f\"; filename=\"x.html\"", "text/html", "<p>"}}), 201, ".txt"},
        {"PUT /files/x.html", "text/html", "<p>", 201, ""},
        {"PUT /files/x.html", "text/plain", "other", 204, ""},
        {"PUT /files/empty", "", "", 201, ""},
        {"PUT /files/%C3%A4%20b.txt", "", "x", 201, ""},
    };
    for (const auto how : {config::durability::off, config::durability::full}) {
        upload_site server([&](config::route_settings& route) { route.uploads.durability = how; });
        for (const auto& row : rows) {
            BOOST_TEST_CONTEXT(row.line << " " << row.type) {
                const auto done =
                    ask(server, upload(row.line, row.body, row.type.empty() ? "" : typed(row.type)));
                BOOST_TEST(done.status == row.status);
                const auto content = row.type == form_type ? std::string("<p>") : row.body;
                BOOST_TEST(done.field("ETag") == tag_of(content));
                BOOST_TEST(done.field("Repr-Digest") == digest_text(content));
                BOOST_TEST(done.field("Fairlead-Durability") ==
                           (server.store().is_durable() ? "full" : "off"));
                std::string where(row.line.substr(row.line.find(' ') + 1));
                if (row.status == 201 && row.line.starts_with("POST")) {
                    where = done.field("Location");
                    BOOST_TEST(where.starts_with("/files/upload_"));
                    BOOST_TEST(where.size() == 46 + row.extension.size());
                    BOOST_TEST(where.ends_with(row.extension));
                    BOOST_TEST(done.body.find("\"filepath\":\"" + where + "\"") != std::string::npos);
                } else {
                    BOOST_TEST(done.body == "");
                    BOOST_TEST(done.field("Location") == (row.status == 201 ? where : ""));
                }
                const auto back = ask(server, get(where));
                BOOST_TEST(back.status == 200u);
                BOOST_TEST((back.body == content));
                BOOST_TEST(back.field("ETag") == tag_of(content));
                BOOST_TEST(back.field("Content-Security-Policy").starts_with("sandbox"));
                BOOST_TEST(back.field("Content-Disposition").starts_with("attachment"));
            }
        }
        BOOST_TEST(server.stored().at("\u00E4 b.txt") == "x");
        BOOST_TEST(ask(server, request("DELETE /files/x.html")).status == 204u);
        BOOST_TEST(ask(server, get("/files/x.html")).status == 404u);
        BOOST_TEST(ask(server, request("DELETE /files/x.html")).status == 404u);
        BOOST_TEST(server.left_over() == "");
    }
}

BOOST_AUTO_TEST_CASE(a_form_of_several_parts_is_one_folder) {
    for (const auto how : {config::naming::server, config::naming::client}) {
        const bool is_clients = how == config::naming::client;
        upload_site server([&](config::route_settings& route) { route.uploads.names = how; });
        const auto done = ask(server, form(two_files));
        BOOST_TEST_REQUIRE(done.status == 201u);
        const std::string where(done.field("Location"));
        BOOST_TEST(where.starts_with("/files/form_"));
        const auto stored = server.stored();
        BOOST_TEST(stored.size() == 4u);
        const auto folder = where.substr(7);
        const auto first = is_clients ? "a b.png" : "file_1.png";
        BOOST_TEST((stored.at(folder + first) == picture));
        BOOST_TEST(stored.at(folder + (is_clients ? "n.txt" : "file_2.txt")) == "\r\n--cu\r\n");
        const auto fields = boost::json::parse(stored.at(folder + "fields.json")).as_object();
        BOOST_TEST((fields.at("fields") == boost::json::parse(R"([{"name":"who","value":"Ada"}])")));
        const auto about = [](const char* field, const char* filename, const char* type, std::string name,
                              const std::string& content) {
            return boost::json::object{{"field", field},         {"filename", filename},
                                       {"type", type},           {"name", name},
                                       {"size", content.size()}, {"digest", digest_text(content)}};
        };
        const boost::json::array expected{
            about("scan", "a b.png", "image/png", first, picture),
            about("note", "n.txt", "text/plain", is_clients ? "n.txt" : "file_2.txt", "\r\n--cu\r\n")};
        BOOST_TEST((fields.at("files") == expected));
        BOOST_TEST((boost::json::parse(done.body).at("files") == expected));
        BOOST_TEST(server.left_over() == "");
    }
    // A file alone lies under the name that its client chose, if that is wanted and free.
    upload_site named([](config::route_settings& route) { route.uploads.names = config::naming::client; });
    const auto alone = form(form_text({{"name=\"f\"; filename=\"C:\\fakepath\\x y.pdf\"", "", "1"}}));
    BOOST_TEST(ask(named, alone).field("Location") == "/files/x%20y.pdf");
    const auto taken = ask(named, alone);
    BOOST_TEST(taken.status == 409u);
    BOOST_TEST(taken.body.find("stored already") != std::string::npos);
    BOOST_TEST(named.stored().size() == 1u);
    BOOST_TEST(named.left_over() == "");
}

/// A request that is refused, and what its answer says.
struct refused {
    std::string bytes;
    unsigned status;
    std::string text;
};

/// Nothing was stored, and nothing is held.
void check_refused(upload_site& server, const std::vector<refused>& rows) {
    const auto before = server.stored();
    (void)server.answers(upload("PUT /files/a..b", "x", "Content-Digest: 1\r\n"));
    const auto descriptors = upload_site::descriptors();
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.bytes.substr(0, 200)) {
            const auto answer = ask(server, row.bytes);
            BOOST_TEST(answer.status == row.status);
            BOOST_TEST_INFO("it says: " << answer.body);
            BOOST_TEST(answer.body.find(row.text) != std::string::npos);
            BOOST_TEST((server.stored() == before));
            BOOST_TEST(server.left_over() == "");
            BOOST_TEST(upload_site::descriptors() == descriptors);
        }
    }
}

std::string file_named(std::string_view name) {
    return form(form_text({{"name=\"f\"; filename=\"" + std::string(name) + "\"", "text/plain", "1"}}));
}

BOOST_AUTO_TEST_CASE(what_is_refused_leaves_nothing) {
    upload_site server([](config::route_settings& route) {
        route.uploads.types = {"image/*", "text/plain"};
        route.uploads.names = config::naming::client;
    });
    (void)server.answers(upload("PUT /files/there.txt", "old", typed("text/plain")));
    std::filesystem::create_directory(server.directory() / "folder");
    std::filesystem::create_symlink("/etc", server.directory() / "link");
    const auto json = typed("application/json"), text = typed("text/plain");
    const auto large = std::string(64 * 1024 + 1, ' ');
    const auto field = [](std::size_t size) { return form_part{"name=\"f\"", "", std::string(size, 'x')}; };
    const auto chunked = "Transfer-Encoding: chunked\r\n" + text;
    check_refused(
        server,
        {
            // Types.
            {upload("POST /files", "x", typed("application/pdf")), 415, "image/*, text/plain"},
            {upload("POST /files", "x"), 415, "multipart/form-data"},
            {upload("POST /files", "x", typed("nonsense")), 415, "application/json"},
            {upload("POST /files", "[]", typed("application/json; charset=latin1")), 415, "UTF-8"},
            {upload("POST /files", "x", text + "Content-Encoding: gzip\r\n"), 415, "Content-Encoding"},
            {upload("PUT /files/x", "x", typed("application/pdf")), 415, "uploads.types"},
            {upload("PUT /files/x", "x", typed("a b")), 415, "uploads.types"},
            {form(form_text({{"name=\"f\"; filename=\"x\"", "x/y", "1"}})), 415, "uploads.types"},
            // Lengths.
            {request("POST /files", json), 411, "Content-Length"},
            {request("PUT /files/x", text), 411, "Content-Length"},
            {upload("POST /files", large, json), 413, "65536 bytes (uploads.max_body); this one has 65537"},
            {upload("PUT /files/x", large, text), 413, "65536 bytes (uploads.max_body)"},
            {form(form_text({field(64 * 1024)})), 413, "65536 bytes (uploads.max_body)"},
            {request("PUT /files/x", chunked, "10001\r\n" + large + "\r\n0\r\n\r\n"), 413,
             "this one has more"},
            {request("PUT /files/x", chunked, "3\r\nabc"), 400, "end"},
            {request("PUT /files/x", chunked, "x\r\n"), 400, "end"},
            // Contents.
            {upload("POST /files", "{\"a\":}", json), 400, "at byte 5"},
            {upload("POST /files", "", json), 400, "JSON"},
            {upload("POST /files", "[[[[[[[[[1]]]]]]]]]", json), 400, "8"},
            {form(form_text(std::vector<form_part>(11, field(1)))), 400, "limit of 10 (uploads.max_parts)"},
            {form(form_text({})), 400, "neither a file nor a field"},
            {form(two_files.substr(0, two_files.size() - 4)), 400, "boundary"},
            {form(form_text({{"name=\"f\"; filename=\"\"", "", "1"}})), 400, "no name"},
            {form(form_text({{"name=\"f\"", "", "\xFF"}})), 400, "UTF-8"},
            {upload("POST /files", "", typed("multipart/form-data")), 400, "no boundary"},
            // Names in forms.
            {file_named(".hidden"), 400, "begins with a dot"},
            {file_named("a/.."), 400, "Choose a name of your own"},
            {file_named("fields.json"), 400, "fields.json"},
            {file_named("x%0D%0ALocation: y"), 400, "control character"},
            {form(form_text({{"name=\"f\"; filename=\"x/a\"", "text/plain", "1"},
                             {"name=\"g\"; filename=\"y\\a\"", "text/plain", "2"}})),
             400, "same name"},
            {file_named("there.txt"), 409, "stored already"},
            {file_named("folder"), 409, "name"},
            // Names in addresses.
            {upload("PUT /files/.fairlead-keys/secret", "x", text), 400, "begins with a dot"},
            {upload("PUT /files/%2efairlead-tmp-1", "x", text), 400, "begins with a dot"},
            {upload("PUT /files/a%2Fb", "x", text), 400, "escaped slash"},
            {upload("PUT /files/a%5Cb", "x", text), 400, "backslash"},
            {upload("PUT /files/a%00", "x", text), 400, "zero byte"},
            {upload("PUT /files/a%0Ab", "x", text), 400, "control character"},
            {upload("PUT /files/%FF", "x", text), 400, "UTF-8"},
            {upload("PUT /files/%E2%80%AEx", "x", text), 400, "control character"},
            {upload("PUT /files/../x", "x", text), 403, "upwards"},
            {upload("PUT /files/%2e%2e/x", "x", text), 403, "upwards"},
            {upload("PUT /files//x", "x", text), 400, "empty segment"},
            {upload("PUT /files/" + std::string(256, 'n'), "x", text), 400, "255 bytes"},
            {upload("PUT /files/x/", "x", text), 409, "folder"},
            {upload("PUT /files/", "x", text), 405, "POST"},
            {upload("PUT /files/folder", "x", text), 409, "folder"},
            {upload("PUT /files/link", "x", text), 409, "no file"},
            {upload("PUT /files/link/x", "x", text), 403, "link"},
            {upload("PUT /files/no/x", "x", text), 409, "does not exist"},
            {upload("PUT /files/there.txt/x", "x", text), 409, "is a file"},
            {upload("PUT /files/x", "x", text + "Content-Range: bytes 0-0/2\r\n"), 400, "part"},
            {request("DELETE /files/folder"), 409, "folder"},
            {request("DELETE /files/folder/"), 409, "folder"},
            {request("DELETE /files/link"), 409, "no file"},
            {request("DELETE /files/.fairlead-keys/secret"), 400, "begins with a dot"},
            {request("DELETE /files/no/x"), 404, "nothing"},
            // Methods.
            {upload("POST /files/x", "x", text), 405, "GET, HEAD, PUT, DELETE, OPTIONS"},
            {upload("PATCH /files", "x", text), 405, "GET, HEAD, POST, OPTIONS"},
        });
}

BOOST_AUTO_TEST_CASE(a_way_that_is_not_accepted_is_closed) {
    upload_site server([](config::route_settings& route) {
        route.uploads.accept = {"json"};
        route.uploads.serve = false;
    });
    (void)server.answers(upload("POST /files", "[]", typed("application/json")));
    const auto name = server.stored().begin()->first;
    check_refused(server, {
                              {upload("POST /files", "x", typed("image/png")), 415,
                               "takes Content-Type: application/json."},
                              {form(two_files), 415, "takes Content-Type: application/json."},
                              {upload("PUT /files/x", "x"), 404, ""},
                              {request("DELETE /files/" + name), 404, ""},
                              {get("/files/" + name), 404, ""},
                              {get("/files/"), 404, ""},
                          });
}

BOOST_AUTO_TEST_CASE(room_is_limited_and_given_back) {
    upload_site server([](config::route_settings& route) { route.uploads.quota = 10'000; });
    BOOST_TEST(ask(server, upload("PUT /files/a", std::string(6000, 'a'))).status == 201u);
    const auto large = std::string(5000, 'b');
    check_refused(
        server,
        {
            {upload("PUT /files/b", large), 413,
             "10000 bytes together (uploads.quota); 6000 bytes are stored"},
            {upload("POST /files", large), 413, "uploads.quota"},
            {form(form_text({{"name=\"f\"; filename=\"b\"", "", large}})), 413, "uploads.quota"},
            {request("POST /files", typed(form_type) + "Transfer-Encoding: chunked\r\n",
                     "1388\r\n" + form_text({{"name=\"f\"; filename=\"b\"", "", large}}).substr(0, 5000) +
                         "\r\n"),
             413, "uploads.quota"},
        });
    // What takes the place of another needs room beside it, and is counted in its stead.
    BOOST_TEST(ask(server, upload("PUT /files/a", std::string(3000, 'c'))).status == 204u);
    BOOST_TEST(server.store().space().current().stored == 3000u);
    BOOST_TEST(ask(server, upload("PUT /files/b", large)).status == 201u);
    BOOST_TEST(ask(server, request("DELETE /files/b")).status == 204u);
    BOOST_TEST(server.store().space().current().stored == 3000u);
    upload_site full([](config::route_settings& route) { route.uploads.min_free = std::uint64_t{1} << 60; });
    check_refused(full, {{upload("PUT /files/b", "x"), 507, "stay free (uploads.min_free)"},
                         {upload("POST /files", "x"), 507, "uploads.min_free"},
                         {form(two_files), 507, "uploads.min_free"}});
}

BOOST_AUTO_TEST_CASE(every_byte_that_a_form_stores_counts) {
    upload_site server([](config::route_settings& route) { route.uploads.quota = 100'000; });
    for (int i = 0; i < 3; ++i)
        (void)server.answers(form(form_text({{"name=\"f\"", "", std::string(20'000, 'x')}})));
    std::uint64_t bytes = 0;
    for (const auto& [name, content] : server.stored()) bytes += content.size();
    BOOST_TEST(bytes > 60'000u);
    BOOST_TEST(server.store().space().current().stored == bytes);
}

BOOST_AUTO_TEST_CASE(the_disk_that_failed_takes_nothing) {
    upload_site server;
    (void)server.answers(upload("PUT /files/a", "x"));
    server.store().health().note(errno_code(EIO));
    check_refused(server, {{upload("PUT /files/b", "x"), 503, "disk"},
                           {upload("POST /files", "x"), 503, "disk"},
                           {form(two_files), 503, "disk"},
                           {request("DELETE /files/a"), 503, "disk"}});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::site
