#include "handlers/script_finder.hpp"

#include "http/target.hpp"
#include "support/temp_dir.hpp"

#include <sys/stat.h>
#include <boost/test/unit_test.hpp>

#include <filesystem>

namespace fairlead::handlers {
namespace {

using namespace test;

/// A folder with scripts in all kinds of places.
struct folder {
    explicit folder(script_rules scripts = {{"php"}, {"index.html", "index.php"}, {}, false},
                    std::string prefix = "/")
        : files(files::sandbox::open(prepare()), {},
                {.head = [](std::string_view, const files::open_file&) { return files::file_head{}; }}),
          finder(std::move(scripts), rules, files) {
        rules.url_prefix = std::move(prefix);
    }

    std::filesystem::path prepare() const {
        for (const auto* name : {"index.php", "a.php", "sub/b.php", "sub/index.html", "sub/index.php",
                                 "lib/index.php", "folder.php/c.php", "UPPER.PHP", ".hidden/d.php", ".e.php",
                                 "picture.jpg", "text.txt", "empty/keep", "php"})
            root.write(name, "<?php");
        std::filesystem::create_symlink("a.php", root / "to-script.php");
        std::filesystem::create_symlink("a.php", root / "to-script.txt");
        std::filesystem::create_symlink("text.txt", root / "to-text.php");
        std::filesystem::create_symlink(".hidden/d.php", root / "to-hidden.php");
        std::filesystem::create_symlink("/etc/hostname", root / "absolute.php");
        std::filesystem::create_symlink("../out.php", root / "out.php");
        std::filesystem::create_symlink("round.php", root / "round.php");
        ::mkfifo((root / "fifo.php").c_str(), 0600);
        return root.path();
    }

    /// "NAME|PATH_INFO|FILE", "-" for no script, or the status of the refusal.
    std::string find(std::string_view path, bool may_block = true) {
        http::request request;
        request.path = path;
        const auto found = finder.find(request, may_block);
        if (!found) return found.error().message();
        if (const auto* script = std::get_if<found_script>(&*found))
            return script->name + '|' + script->path_info + '|' + script->file;
        if (const auto* refusal = std::get_if<http::problem>(&*found))
            return std::to_string(static_cast<unsigned>(refusal->status));
        return "-";
    }

    temp_dir root;
    file_rules rules{.types = http::type_policy::from_words({"web"}).value()};
    files::open_files files;
    script_finder finder;
};

BOOST_AUTO_TEST_SUITE(script_finder_)

BOOST_AUTO_TEST_CASE(a_path_is_split_at_the_script) {
    folder site;
    const std::pair<const char*, const char*> cases[] = {
        {"/a.php", "/a.php||a.php"},
        {"/a.php/", "/a.php|/|a.php"},
        {"/a.php/x/y.txt", "/a.php|/x/y.txt|a.php"},
        {"/a.php/b.php", "/a.php|/b.php|a.php"},
        {"/a.php/.hidden", "/a.php|/.hidden|a.php"},
        {"/sub/b.php/x", "/sub/b.php|/x|sub/b.php"},
        {"/folder.php/c.php/d", "/folder.php/c.php|/d|folder.php/c.php"},
        {"/to-script.php", "/to-script.php||a.php"},
        // What is no script is a file's matter, or missing.
        {"/folder.php", "-"},
        {"/folder.php/", "-"},
        {"/folder.php/none.php", "-"},
        {"/none.php", "-"},
        {"/none.php/a.php", "-"},
        {"/none/a.php", "-"},
        {"/text.txt", "-"},
        {"/php", "-"},
        {"/a.php~", "-"},
        {"/a.phpx", "-"},
        {"/a.php.txt", "-"},
        {"/A.php", "-"},
        {"/UPPER.PHP", "-"},
        // Nothing is below a file, whatever it is called: the mistake of `cgi.fix_pathinfo`.
        {"/picture.jpg/a.php", "-"},
        {"/picture.jpg/.php", "-"},
        {"/text.txt/none.php", "-"},
        // A link counts as what it leads to.
        {"/to-text.php", "-"},
        {"/to-script.txt", "-"},
        {"/to-hidden.php", "404"},
        {"/absolute.php", "403"},
        {"/out.php", "403"},
        {"/out.php/x", "403"},
        {"/round.php", "403"},
        {"/fifo.php", "403"},
        {"/.hidden/d.php", "404"},
        {"/.e.php", "404"},
        {"*", "-"},
    };
    for (const auto& [path, expected] : cases)
        BOOST_TEST_CONTEXT(path) BOOST_TEST(site.find(path) == expected);
}

BOOST_AUTO_TEST_CASE(an_index_file_may_be_a_script) {
    folder site;
    BOOST_TEST(site.find("/") == "/index.php||index.php");
    BOOST_TEST(site.find("/lib/") == "/lib/index.php||lib/index.php");
    BOOST_TEST(site.find("/sub/") == "-");  // index.html is first
    BOOST_TEST(site.find("/lib") == "-");   // redirected first
    BOOST_TEST(site.find("/empty/") == "-");
    BOOST_TEST(site.find("/text.txt/") == "-");
    folder plain({{"php"}, {"index.html"}, {}, false});
    BOOST_TEST(plain.find("/") == "-");
}

BOOST_AUTO_TEST_CASE(a_script_may_answer_for_what_is_missing) {
    folder site({{"php"}, {"index.html", "index.php"}, {"$path.php", "/index.php"}, false});
    BOOST_TEST(site.find("/a") == "/a.php||a.php");
    BOOST_TEST(site.find("/sub/b") == "/sub/b.php||sub/b.php");
    BOOST_TEST(site.find("/any/thing.png") == "/index.php||index.php");
    BOOST_TEST(site.find("/none.php") == "/index.php||index.php");
    BOOST_TEST(site.find("/picture.jpg/a.php") == "/index.php||index.php");
    BOOST_TEST(site.find("/empty/") == "/index.php||index.php");
    // What is there is not missing.
    BOOST_TEST(site.find("/text.txt") == "-");
    BOOST_TEST(site.find("/empty") == "-");
    BOOST_TEST(site.find("/sub/") == "-");
    folder listed({{"php"}, {}, {"/index.php"}, true});
    BOOST_TEST(listed.find("/empty/") == "-");
    BOOST_TEST(listed.find("/nothing/") == "/index.php||index.php");
    // A page that comes first is a page.
    folder paged({{"php"}, {}, {"/text.txt", "/index.php"}, false});
    BOOST_TEST(paged.find("/nothing") == "-");
}

BOOST_AUTO_TEST_CASE(below_a_prefix_names_keep_it) {
    folder site({{"php"}, {"index.php"}, {}, false}, "/app/");
    BOOST_TEST(site.find("/app/a.php/x") == "/app/a.php|/x|a.php");
    BOOST_TEST(site.find("/app/") == "/app/index.php||index.php");
    BOOST_TEST(site.find("/app") == "-");
}

BOOST_AUTO_TEST_CASE(dot_files_are_scripts_where_they_are_not_hidden) {
    folder site;
    site.rules.types = http::type_policy::from_words({"strict"}).value();
    BOOST_TEST(site.find("/.hidden/d.php") == "/.hidden/d.php||.hidden/d.php");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::handlers
