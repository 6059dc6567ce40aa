#include "files/sandbox.hpp"

#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <climits>

using namespace fairlead;
using namespace fairlead::files;
using namespace std::string_view_literals;
namespace fs = std::filesystem;

namespace {

/// A root with a secret beside it.
struct tree {
    tree() {
        fs::create_directories(dir / "www/sub/deep");
        fs::create_directories(dir / "www-beside");
        test::write_file(dir / "secret", "canary");
        test::write_file(dir / "www-beside/secret", "canary");
        test::write_file(dir / "www/a.html", "a");
        test::write_file(dir / "www/sub/b.html", "b");
        test::write_file(dir / "www/sub/.hidden", "hidden");
        link("sub/b.html", "inside.html");
        link("sub/.hidden", "public.html");
        link("sub", "folder");
        link(".", "self");
        link("../www/a.html", "out-and-back");
        link("../secret", "leaving.html");
        link("../www-beside", "beside");
        link((dir / "www/a.html").c_str(), "absolute-inside.html");
        link("/etc/passwd", "absolute-outside.html");
        link("circle-b", "circle-a");
        link("circle-a", "circle-b");
        link("nothing", "dangling");
        fs::create_symlink("../../a.html", dir / "www/sub/deep/up");
    }
    void link(const char* target, const char* name) const { fs::create_symlink(target, dir / "www" / name); }
    sandbox open() const { return sandbox::open(dir / "www"); }
    test::temp_dir dir;
};

std::string content_of(const sandbox::opened& file) {
    char bytes[64];
    const auto n = ::read(file.fd.get(), bytes, sizeof bytes);
    return n < 0 ? "(no bytes)" : std::string(bytes, static_cast<std::size_t>(n));
}

BOOST_AUTO_TEST_SUITE(sandbox_suite)

BOOST_FIXTURE_TEST_CASE(opens_what_is_inside, tree) {
    struct {
        std::string_view path, content, final_path;
    } const cases[] = {
        {"a.html", "a", ""},
        {"sub/b.html", "b", ""},
        {"sub/../a.html", "a", ""},
        {"inside.html", "b", "sub/b.html"},
        {"public.html", "hidden", "sub/.hidden"},
        {"folder/b.html", "b", "sub/b.html"},
        {"self/self/a.html", "a", "a.html"},
        {"sub/deep/up", "a", "a.html"},
    };
    const auto root = open();
    for (const auto& each : cases) {
        BOOST_TEST_CONTEXT(each.path) {
            const auto file = root.open_file(each.path);
            BOOST_TEST_REQUIRE(file.has_value());
            BOOST_TEST(content_of(*file) == each.content);
            BOOST_TEST(file->final_path == each.final_path);
            // Everything is in the kernel's caches now.
            const auto now = root.open_file_now(each.path);
            BOOST_TEST_REQUIRE(now.has_value());
            BOOST_TEST(now->final_path == each.final_path);
        }
    }
}

BOOST_FIXTURE_TEST_CASE(refuses_what_is_outside, tree) {
    struct {
        std::string_view path;
        int error;
    } const cases[] = {
        {"../secret", EXDEV},
        {"sub/../../secret", EXDEV},
        {"..", EXDEV},
        {"/etc/passwd", EXDEV},
        {"//etc/passwd", EXDEV},
        {"leaving.html", EXDEV},
        {"beside/secret", EXDEV},
        {"out-and-back", EXDEV},
        {"absolute-inside.html", EXDEV},
        {"absolute-outside.html", EXDEV},
        {"folder/../../secret", EXDEV},
        {"circle-a", ELOOP},
        {"dangling", ENOENT},
        {"....//secret", ENOENT},
        {"..\\secret", ENOENT},
        {"%2e%2e/secret", ENOENT},
        {"\xC0\xAE\xC0\xAE/secret", ENOENT},
        {"a.html/", ENOTDIR},
        {"a.html/../../secret", ENOTDIR},
        {"a.html\0.txt"sv, ENOENT},
        {"../secret\0/x"sv, ENOENT},
    };
    const auto root = open();
    for (const auto& each : cases) {
        BOOST_TEST_CONTEXT(each.path) {
            const auto file = root.open_file(each.path);
            BOOST_TEST_REQUIRE(file.has_error());
            BOOST_TEST(file.error().value() == each.error);
            BOOST_TEST(root.open_file_now(each.path).has_error());
        }
    }
}

BOOST_FIXTURE_TEST_CASE(magic_links_are_not_followed, tree) {
    link("/proc/self/root/etc/passwd", "magic");
    const auto root = open();
    BOOST_TEST(root.open_file("magic").error().value() == EXDEV);
    const auto proc = sandbox::open("/proc/self");
    BOOST_TEST(proc.open_file("root/etc/passwd").error().value() == ELOOP);
    BOOST_TEST(proc.open_file("fd/0").error().value() == ELOOP);
    BOOST_TEST(proc.open_file("cwd").error().value() == ELOOP);
}

BOOST_FIXTURE_TEST_CASE(special_files_never_block, tree) {
    BOOST_TEST_REQUIRE(::mkfifo((dir / "www/pipe").c_str(), 0600) == 0);
    const unique_fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto name = (dir / "www/socket").string();
    BOOST_TEST_REQUIRE(name.size() < sizeof address.sun_path);
    name.copy(address.sun_path, name.size());
    BOOST_TEST_REQUIRE(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
                       0);
    link("pipe", "pipe-link");
    const auto root = open();
    BOOST_TEST(root.open_file("pipe").has_value());  // without a writer: a blocking open would wait for ever
    BOOST_TEST(root.open_file("pipe-link").has_value());
    BOOST_TEST(root.open_file("socket").error().value() == ENXIO);
}

BOOST_FIXTURE_TEST_CASE(empty_is_the_root, tree) {
    const auto root = open();
    struct stat found{}, expected{};
    const auto file = root.open_file("");
    BOOST_TEST_REQUIRE(file.has_value());
    ::fstat(file->fd.get(), &found);
    ::stat((dir / "www").c_str(), &expected);
    BOOST_TEST(found.st_ino == expected.st_ino);
    BOOST_TEST(root.open_file("self").value().final_path.empty());
}

BOOST_FIXTURE_TEST_CASE(long_paths, tree) {
    const auto root = open();
    BOOST_TEST(root.open_file(std::string(PATH_MAX, 'x')).error().value() == ENAMETOOLONG);
    BOOST_TEST(root.open_file(std::string(300, 'x')).error().value() == ENAMETOOLONG);
    std::string longest;
    while (longest.size() + 2 < PATH_MAX - 7) longest += "./";
    BOOST_TEST(root.open_file(longest + "a.html").has_value());
}

BOOST_FIXTURE_TEST_CASE(a_moved_root_stays_the_root, tree) {
    const auto root = open();
    fs::rename(dir / "www", dir / "moved");
    BOOST_TEST(content_of(root.open_file("a.html").value()) == "a");
    BOOST_TEST(root.open_file("inside.html").value().final_path == "sub/b.html");
}

BOOST_FIXTURE_TEST_CASE(descriptors_are_not_inherited, tree) {
    const auto file = open().open_file("a.html");
    BOOST_TEST((::fcntl(file->fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
    BOOST_TEST((::fcntl(file->fd.get(), F_GETFL) & O_ACCMODE) == O_RDONLY);
}

BOOST_FIXTURE_TEST_CASE(start_says_what_is_wrong, tree) {
    for (const auto* name : {"nothing-here", "secret"}) {
        const auto path = (dir / name).string();
        BOOST_CHECK_EXCEPTION(sandbox::open(path), std::runtime_error, [&](const std::runtime_error& error) {
            return std::string_view(error.what()).find(path) != std::string_view::npos;
        });
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
