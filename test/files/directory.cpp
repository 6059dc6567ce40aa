#include "files/directory.hpp"

#include "http/target.hpp"
#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <map>

using namespace fairlead;
using namespace fairlead::files;
using http::entry_kind;
namespace fs = std::filesystem;

namespace {

bool shows_all(std::string_view, entry_kind) { return true; }
bool shows_no_dot_files(std::string_view path, entry_kind) {
    return !http::is_hidden("/" + std::string(path));
}

/// A root with a secret beside it.
struct tree {
    tree() {
        fs::create_directories(dir / "www/sub/deep");
        fs::create_directories(dir / "www/.git");
        fs::create_directories(dir / "www-beside");
        test::write_file(dir / "secret", "canary");
        test::write_file(dir / "www/.git/config", "hidden");
        test::write_file(dir / "www/sub/.env", "hidden");
        (void)dir.write("www/a.html", "four");
        (void)dir.write("www/sub/b.html", "twelve bytes");
    }
    void link(const std::string& target, const char* name) const {
        fs::create_symlink(target, dir / "www" / name);
    }
    std::string names(std::string_view path, const entry_filter& shows = shows_no_dot_files,
                      std::size_t most = 1000) const {
        const auto found = read_directory(root(), path, shows, most);
        if (!found) return "error " + std::to_string(found.error().value());
        std::vector<std::string> all;
        for (const auto& entry : found->entries)
            all.push_back(entry.name + (entry.kind == entry_kind::directory ? "/" : ""));
        std::sort(all.begin(), all.end());
        std::string text = found->is_truncated ? "truncated" : "";
        for (const auto& name : all) text += (text.empty() ? "" : " ") + name;
        return text;
    }
    sandbox root() const { return sandbox::open(dir / "www"); }
    test::temp_dir dir;
};

BOOST_AUTO_TEST_SUITE(directory_suite)

BOOST_FIXTURE_TEST_CASE(says_kind_size_and_time, tree) {
    link("sub/b.html", "link.html");
    const auto found = read_directory(root(), "", shows_no_dot_files, 10);
    BOOST_TEST_REQUIRE(found.has_value());
    BOOST_TEST(!found->is_truncated);
    std::map<std::string, http::listing_entry> entries;
    for (const auto& entry : found->entries) entries[entry.name] = entry;
    BOOST_TEST_REQUIRE(entries.size() == 3u);
    constexpr std::int64_t written = 1'600'000'000'000'000'000;
    BOOST_TEST((entries["a.html"] == http::listing_entry{"a.html", entry_kind::file, 4, written}));
    BOOST_TEST((entries["link.html"] ==
                http::listing_entry{"link.html", entry_kind::file, 12, written, "sub/b.html"}));
    BOOST_TEST((entries["sub"].kind == entry_kind::directory));
    BOOST_TEST(entries["sub"].size == 0u);
    BOOST_TEST(entries["sub"].mtime_ns > written);
}

BOOST_FIXTURE_TEST_CASE(opens_only_directories_inside, tree) {
    link("sub", "folder");
    link("../www-beside", "beside");
    link("nothing", "dangling");
    link(".git", "public");
    link(".", "self");
    BOOST_TEST_REQUIRE(::mkfifo((dir / "www/pipe").c_str(), 0600) == 0);
    const struct {
        std::string_view path;
        std::string expected;
    } cases[] = {
        {"sub", "b.html deep/"},
        {"sub/", "b.html deep/"},
        {"folder", "b.html deep/"},
        {"folder/", "b.html deep/"},
        {"sub/deep", ""},
        {"self/sub/", "b.html deep/"},
        {"a.html", "error " + std::to_string(ENOTDIR)},
        {"pipe", "error " + std::to_string(ENOTDIR)},
        {"missing", "error " + std::to_string(ENOENT)},
        {"dangling", "error " + std::to_string(ENOENT)},
        {"..", "error " + std::to_string(EXDEV)},
        {"../www-beside", "error " + std::to_string(EXDEV)},
        {"/etc", "error " + std::to_string(EXDEV)},
        {"beside", "error " + std::to_string(EXDEV)},
        // What is hidden does not exist, by its own name and by that of a link.
        {".git", "error " + std::to_string(ENOENT)},
        {"public", "error " + std::to_string(ENOENT)},
        {"self/.git", "error " + std::to_string(ENOENT)},
    };
    for (const auto& each : cases) BOOST_TEST(names(each.path) == each.expected, each.path);
}

BOOST_FIXTURE_TEST_CASE(says_where_the_directory_lies, tree) {
    link("sub", "folder");
    link(".", "self");
    const struct {
        std::string_view path, lies_at;
    } cases[] = {{"", ""},
                 {"sub", "sub/"},
                 {"sub/deep/", "sub/deep/"},
                 {"folder", "sub/"},
                 {"folder/deep", "sub/deep/"},
                 {"self", ""},
                 {"self/folder/", "sub/"}};
    for (const auto& [path, lies_at] : cases) {
        const auto found = read_directory(root(), path, shows_no_dot_files, 10);
        BOOST_TEST_REQUIRE(found.has_value());
        BOOST_TEST(found->lies_at == lies_at, path);
    }
    const auto whole = read_directory(root(), "", shows_no_dot_files, 10);
    BOOST_TEST_REQUIRE(whole.has_value());
    for (const auto& entry : whole->entries) {
        if (entry.name == "folder") BOOST_TEST((entry.leads_to == std::optional<std::string>("sub")));
        if (entry.name == "self") BOOST_TEST((entry.leads_to == std::optional<std::string>("")));
        if (entry.name == "sub") BOOST_TEST(!entry.leads_to.has_value());
    }
}

BOOST_FIXTURE_TEST_CASE(leaves_out_links_to_what_is_not_served, tree) {
    link("sub", "folder");
    link("sub/deep/../b.html", "up-and-down");
    link("folder/b.html", "through-a-link");
    link(".", "self");
    link("../secret", "leaving");
    link("../www-beside", "beside");
    link("../www/a.html", "out-and-back");
    link((dir / "www/a.html").string(), "absolute");
    link("/proc/self/root", "magic");
    link("nothing", "dangling");
    link("circle-b", "circle-a");
    link("circle-a", "circle-b");
    link(".git", "repository");
    link(".git/config", "config.html");
    link("sub/.env", "environment");
    link("/dev/null", "null");
    link("pipe", "to-a-pipe");
    BOOST_TEST_REQUIRE(::mkfifo((dir / "www/pipe").c_str(), 0600) == 0);
    BOOST_TEST(names("") == "a.html folder/ self/ sub/ through-a-link up-and-down");
}

BOOST_FIXTURE_TEST_CASE(asks_the_filter_where_an_entry_lies, tree) {
    link("sub/b.html", "link.html");
    link("self-b", "self-a");
    link(".", "self-b");
    std::map<std::string, entry_kind, std::less<>> asked;
    const auto record = [&](std::string_view path, entry_kind kind) {
        return asked.emplace(path, kind), true;
    };
    // By a link to the root, whose name is no part of any place.
    BOOST_TEST_REQUIRE(read_directory(root(), "self-a", record, 100).has_value());
    const std::map<std::string, entry_kind, std::less<>> expected{{"", entry_kind::directory},
                                                                  {".git", entry_kind::directory},
                                                                  {"a.html", entry_kind::file},
                                                                  {"sub", entry_kind::directory},
                                                                  {"sub/b.html", entry_kind::file}};
    BOOST_TEST((asked == expected));
    asked.clear();
    BOOST_TEST(read_directory(root(), "a.html", record, 100).has_error());
    BOOST_TEST(asked.empty());
    BOOST_TEST_REQUIRE(read_directory(root(), "sub/", record, 100).has_value());
    BOOST_TEST(asked.contains("sub/b.html"));
    asked.clear();
    link("../../sub", "sub/deep/above");
    BOOST_TEST_REQUIRE(read_directory(root(), "self-a/sub/deep/above/", record, 100).has_value());
    BOOST_TEST(asked.contains("sub"));
    BOOST_TEST(asked.contains("sub/deep"));
    BOOST_TEST(asked.contains("sub/.env"));
    BOOST_TEST(asked.size() == 4u);
}

BOOST_FIXTURE_TEST_CASE(leaves_out_names_that_nobody_can_ask_for, tree) {
    const auto folder = dir.make_folder("www/names");
    for (const auto* name : {"back\\slash", "line\nbreak", "tab\t", "del\x7f", "not\xff", "\xc0\xaf",
                             "\xed\xa0\x80", "escape\x1b[31m"})
        test::write_file(folder / name, "x");
    const std::vector<std::string> good{"a:b", "?q",     "#h",  "100%", "%2e%2e", "\"><script>", "...",
                                        "..x", "Grüße ", "[x]", "~",    "a b",    "\u202etxt"};
    std::string expected;
    auto sorted = good;
    std::sort(sorted.begin(), sorted.end());
    for (const auto& name : sorted) {
        test::write_file(folder / name, "x");
        expected += (expected.empty() ? "" : " ") + name;
    }
    BOOST_TEST(names("names", shows_all) == expected);
}

BOOST_FIXTURE_TEST_CASE(keeps_at_most_so_many, tree) {
    const auto folder = dir.make_folder("www/many");
    for (int i = 0; i < 20; ++i) test::write_file(folder / ("f" + std::to_string(i)), "");
    const struct {
        std::size_t most, expected;
        bool is_truncated;
    } cases[] = {{0, 0, true},    {1, 1, true},    {19, 19, true},
                 {20, 20, false}, {21, 20, false}, {std::numeric_limits<std::size_t>::max(), 20, false}};
    for (const auto& each : cases) {
        const auto found = read_directory(root(), "many", shows_all, each.most);
        BOOST_TEST_REQUIRE(found.has_value());
        BOOST_TEST(found->entries.size() == each.expected, each.most);
        BOOST_TEST(found->is_truncated == each.is_truncated, each.most);
    }
    BOOST_TEST(names("sub/deep", shows_all, 0) == "");
}

BOOST_FIXTURE_TEST_CASE(hidden_names_end_a_listing_too, tree) {
    const auto folder = dir.make_folder("www/many");
    const auto looks = static_cast<int>(names_per_entry);
    const auto names_of = [&] { return names("many", shows_no_dot_files, 2); };
    for (int i = 0; i < 2 * looks; ++i) test::write_file(folder / (".f" + std::to_string(i)), "");
    BOOST_TEST(names_of() == "");
    test::write_file(folder / ".one-more", "");
    BOOST_TEST(names_of() == "truncated");
}

BOOST_FIXTURE_TEST_CASE(does_not_hide_a_shortage, tree) {
    link("sub/b.html", "link.html");
    const auto open = root();
    rlimit before{};
    BOOST_TEST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const int next = ::dup(0);
    ::close(next);
    // Three are needed at once: for the directory, for finding where the link leads, and for what is there.
    for (rlim_t spare = 0; spare < 5; ++spare) {
        const rlimit few{static_cast<rlim_t>(next) + spare, before.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &few);
        const auto found = read_directory(open, "", shows_all, 10);
        ::setrlimit(RLIMIT_NOFILE, &before);
        BOOST_TEST((found ? found->entries.size() == 4 : found.error().value() == EMFILE), spare);
        BOOST_TEST(found.has_value() == (spare >= 3), spare);
    }
}

BOOST_FIXTURE_TEST_CASE(closes_what_it_opened, tree) {
    const auto open = root();
    const int before = ::dup(0);
    ::close(before);
    link("sub", "folder");
    for (const auto* path : {"", "folder", "a.html", "missing", ".git"})
        (void)read_directory(open, path, shows_no_dot_files, 10);
    const int after = ::dup(0);
    ::close(after);
    BOOST_TEST(before == after);
}

BOOST_FIXTURE_TEST_CASE(takes_any_time_of_a_file, tree) {
    const struct {
        time_t seconds;
        std::int64_t expected;
    } cases[] = {{-1, -1'000'000'000}, {0, 0}, {4'102'444'800, 4'102'444'800'000'000'000}};
    for (const auto& each : cases) {
        const timespec times[2] = {{each.seconds, 0}, {each.seconds, 0}};
        BOOST_TEST_REQUIRE(::utimensat(AT_FDCWD, (dir / "www/sub/b.html").c_str(), times, 0) == 0);
        const auto found = read_directory(root(), "sub", shows_no_dot_files, 10);
        BOOST_TEST_REQUIRE(found.has_value());
        for (const auto& entry : found->entries)
            BOOST_TEST((entry.name != "b.html" || entry.mtime_ns == each.expected), each.seconds);
    }
    // ext4 keeps times up to 2446, which are more nanoseconds than 64 bits count.
    const timespec late[2] = {{14'000'000'000, 0}, {14'000'000'000, 0}};
    BOOST_TEST_REQUIRE(::utimensat(AT_FDCWD, (dir / "www/sub/b.html").c_str(), late, 0) == 0);
    BOOST_TEST(names("sub") == "b.html deep/");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
