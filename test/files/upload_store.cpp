#include "files/upload_store.hpp"

#include "files/staged_file.hpp"
#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <thread>

using namespace fairlead;
using namespace fairlead::files;
namespace fs = std::filesystem;

namespace {

bool says(const std::runtime_error& error, std::string_view what) {
    return std::string_view(error.what()).find(what) != std::string_view::npos;
}

BOOST_AUTO_TEST_SUITE(upload_store_suite)

BOOST_AUTO_TEST_CASE(makes_its_directory) {
    const test::temp_dir dir;
    for (const auto* name : {"a/b/uploads", "a/c/", "a/./b/../e"}) {
        BOOST_TEST_CONTEXT(name) {
            upload_store store(dir / name, config::durability::full);
            BOOST_TEST(fs::is_directory(dir / name));
            struct stat found{};
            ::stat((dir / name).c_str(), &found);
            BOOST_TEST((found.st_mode & 07) == 0U);
            BOOST_TEST(store.is_writable());
        }
    }
}

BOOST_AUTO_TEST_CASE(a_link_in_the_path_leads_where_the_kernel_goes) {
    const test::temp_dir dir;
    fs::create_directories(dir / "elsewhere/inner");
    fs::create_symlink("elsewhere/inner", dir / "link");
    const upload_store store(dir / "link/../uploads", config::durability::off);
    BOOST_TEST(fs::is_directory(dir / "elsewhere/uploads"));
    BOOST_TEST(!fs::exists(dir / "uploads"));
}

BOOST_AUTO_TEST_CASE(refuses_a_second_writer) {
    const test::temp_dir dir;
    {
        const upload_store first(dir.path(), config::durability::off);
        BOOST_CHECK_EXCEPTION(upload_store(dir.path(), config::durability::off), std::runtime_error,
                              [](const auto& error) { return says(error, "another server"); });
        fs::create_symlink(dir.path(), dir / "link");
        BOOST_CHECK_THROW(upload_store(dir / "link", config::durability::off), std::runtime_error);
    }
    BOOST_CHECK_NO_THROW(upload_store(dir.path(), config::durability::off));
}

BOOST_AUTO_TEST_CASE(sweeps_temporaries_and_nothing_else) {
    const test::temp_dir dir, elsewhere;
    test::write_file(elsewhere / "file", "canary");
    const std::string temporary(upload_store::temporary_prefix);
    for (const auto* name :
         {"upload_20250101_000000_0123456789abcdef.json", ".hidden", "other", ".fairlead-keys"})
        test::write_file(dir / name, "kept");
    dir.write("folder/" + temporary + "below", "kept: all of ours stand at the top");
    test::write_file(dir / (temporary + "0123456789abcdef"), "half a docu");
    dir.write(temporary + "folder/file_1.png", "half a form");
    dir.write(temporary + "folder/deeper/file", "not ours, and gone all the same");
    fs::create_directory_symlink(elsewhere.path(), dir / (temporary + "link"));
    const upload_store store(dir.path(), config::durability::full);
    BOOST_TEST(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()) == 5);
    BOOST_TEST(fs::exists(dir / ("folder/" + temporary + "below")));
    BOOST_TEST(test::read_file(elsewhere / "file") == "canary");
}

BOOST_AUTO_TEST_CASE(a_left_over_that_cannot_be_removed_ends_the_start) {
    const test::temp_dir dir;
    const auto left_over = dir.make_folder(std::string(upload_store::temporary_prefix) + "folder");
    test::write_file(left_over / "file", "kept");
    const unique_fd folder(::open(left_over.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // Others may not write into it; root may, unless it is immutable.
    const auto set = [&](int flags, mode_t mode) {
        ::fchmod(folder.get(), mode);
        return ::ioctl(folder.get(), FS_IOC_SETFLAGS, &flags) == 0 || ::geteuid() != 0;
    };
    if (!set(FS_IMMUTABLE_FL, 0500)) {
        BOOST_TEST_MESSAGE("skipped: nothing can be immutable here");
        return;
    }
    BOOST_CHECK_EXCEPTION(upload_store(dir.path(), config::durability::full), std::runtime_error,
                          [](const auto& error) { return says(error, "left-over"); });
    set(0, 0700);
}

BOOST_AUTO_TEST_CASE(temporaries_are_hidden_names) {
    BOOST_TEST(upload_store::temporary_prefix.starts_with('.'));
}

BOOST_AUTO_TEST_CASE(start_says_what_is_wrong) {
    const test::temp_dir dir;
    test::write_file(dir / "file", "");
    for (const auto* name : {"file", "file/below"}) {
        BOOST_CHECK_EXCEPTION(
            upload_store(dir / name, config::durability::full), std::runtime_error,
            [&](const auto& error) { return says(error, "uploads.directory") && says(error, "file"); });
    }
}

BOOST_AUTO_TEST_CASE(durability_is_not_promised_in_memory) {
    BOOST_TEST_REQUIRE(fs::is_directory("/dev/shm"));
    const auto path = fs::path("/dev/shm") / ("fairlead-test-" + std::to_string(::getpid()));
    {
        const upload_store store(path, config::durability::full);
        BOOST_TEST((store.effective() == config::durability::off));
        BOOST_TEST_REQUIRE(store.warnings().size() == 1U);
        BOOST_TEST(store.warnings()[0].find("in memory") != std::string::npos);
    }
    BOOST_TEST(upload_store(path, config::durability::off).warnings().empty());
    fs::remove_all(path);
}

BOOST_AUTO_TEST_CASE(readiness) {
    const test::temp_dir dir;
    upload_store store(dir / "store", config::durability::off);
    BOOST_TEST(store.space().current().free <= fs::space(dir.path()).capacity);
    BOOST_TEST(store.space().current().free > 0U);
    BOOST_TEST(store.is_writable());
    BOOST_TEST(store.takes_uploads());
    store.examine(1U << 20);
    BOOST_TEST(store.takes_uploads());
    store.examine(std::uint64_t{1} << 60);
    BOOST_TEST(!store.takes_uploads());
    store.examine(1U << 20);
    BOOST_TEST(store.takes_uploads());
    fs::remove(dir / "store");
    BOOST_TEST(!store.is_writable());
    store.examine(1);
    BOOST_TEST(!store.takes_uploads());
}

BOOST_AUTO_TEST_CASE(readiness_with_a_floor_and_after_an_error) {
    const test::temp_dir dir;
    upload_store full(dir / "full", config::durability::off, {0, std::uint64_t{1} << 60});
    full.examine(0);
    BOOST_TEST(!full.takes_uploads());
    upload_store broken(dir / "broken", config::durability::off);
    broken.health().note(errno_code(EIO));
    broken.examine(0);
    BOOST_TEST(!broken.takes_uploads());
}

BOOST_AUTO_TEST_CASE(counts_what_is_there_when_there_is_a_quota) {
    const test::temp_dir dir;
    dir.write("a/file", std::string(60, 'x'));
    test::write_file(dir / (std::string(upload_store::temporary_prefix) + "0"), "swept before");
    upload_store store(dir.path(), config::durability::off, {100, 0});
    BOOST_TEST(store.space().current().stored == 60U);
    BOOST_TEST(store.space().take(41).error() == make_error_code(errc::quota_exceeded));
    std::string indeterminate;
    BOOST_TEST(store.remove(*store.open("a", false).value(), "file", nullptr, indeterminate).value().size ==
               60U);
    BOOST_TEST(store.space().take(100).has_value());
}

BOOST_AUTO_TEST_CASE(opens_directories_below) {
    const test::temp_dir dir;
    for (const auto durability : {config::durability::full, config::durability::off}) {
        const auto path = dir / ("store" + std::to_string(static_cast<int>(durability)));
        upload_store store(path, durability);
        BOOST_TEST((store.open("", false).value() == store.top()));
        BOOST_TEST(store.open("a/b", false).error().value() == ENOENT);
        const auto made = store.open("a/b/c", true).value();
        struct stat found{};
        ::stat((path / "a/b").c_str(), &found);
        BOOST_TEST((found.st_mode & 07) == 0U);
        // One object, whoever asks and however: what one changes another has to know of.
        BOOST_TEST((store.open("a/b/c", false).value() == made));
        BOOST_TEST((store.open("a", true).value() != made));
        for (const auto* spelled : {"a//b/c", "a/b/c/", "a/./b/c", "a/b/../b/c", ".", "./", "a/.."})
            BOOST_TEST(store.open(spelled, true).error().value() == EINVAL, spelled);
        fs::remove(path / "a/b/c");
        BOOST_TEST((store.open("a/b/c", true).value() != made));
    }
}

BOOST_AUTO_TEST_CASE(no_path_leaves_the_store) {
    const test::temp_dir dir;
    fs::create_directories(dir / "outside/deep");
    fs::create_directories(dir / "store/inner");
    test::write_file(dir / "store/file", "");
    fs::create_directory_symlink("../outside", dir / "store/link");
    fs::create_directory_symlink(dir / "outside", dir / "store/absolute");
    fs::create_directory_symlink("inner", dir / "store/inside");
    fs::create_symlink("../outside/new", dir / "store/dangling");
    upload_store store(dir / "store", config::durability::full);
    const auto absolute = (dir / "outside").string();
    const struct {
        std::string path;
        int error;
    } cases[] = {
        {"..", EINVAL},
        {"../outside", EINVAL},
        {"inner/../..", EINVAL},
        {absolute, EINVAL},
        {"/", EINVAL},
        {"link", ELOOP},
        {"link/deep", ELOOP},
        {"link/new", ELOOP},
        {"absolute", ELOOP},
        {"absolute/new/new", ELOOP},
        {"inside", ELOOP},
        {"inside/new", ELOOP},
        {"dangling", ELOOP},
        {"dangling/new", ELOOP},
        {"file", ENOTDIR},
        {"file/new", ENOTDIR},
        {std::string(256, 'x'), ENAMETOOLONG},
        {std::string(5000, '/') + "x", EINVAL},
    };
    for (const auto& each : cases) {
        for (const bool may_create : {false, true}) {
            BOOST_TEST_CONTEXT(each.path << " create " << may_create) {
                const auto opened = store.open(each.path, may_create);
                BOOST_TEST_REQUIRE(opened.has_error());
                BOOST_TEST(opened.error().value() == each.error);
            }
        }
    }
    for (const auto* path : {"new/../../outside/made", "../outside/made", "new/../../../made"})
        BOOST_TEST(store.open(path, true).has_error(), path);
    BOOST_TEST(std::distance(fs::recursive_directory_iterator(dir / "outside"), {}) == 1);
    BOOST_TEST(!fs::exists(dir / "made"));
}

// In a thread of its own: so is its view of the mounts.
BOOST_AUTO_TEST_CASE(other_mounts_are_not_entered) {
    const test::temp_dir dir;
    fs::create_directories(dir / "mount/below");
    test::write_file(dir / "file", "canary");
    test::write_file(dir / "elsewhere", "canary");
    bool is_possible = true;
    std::vector<std::string> faults;
    const auto expect = [&](bool is_right, const char* what) {
        if (!is_right) faults.emplace_back(what);
    };
    std::thread([&] {
        const auto mount = [](const auto&... arguments) { return ::mount(arguments...) == 0; };
        is_possible = ::unshare(CLONE_NEWNS) == 0 &&
                      mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) &&
                      mount("none", (dir / "mount").c_str(), "tmpfs", 0UL, nullptr) &&
                      mount((dir / "elsewhere").c_str(), (dir / "file").c_str(), nullptr, MS_BIND, nullptr);
        if (!is_possible) return;
        upload_store store(dir.path(), config::durability::off);
        expect(store.open("mount", false).error().value() == EXDEV, "opened");
        expect(store.open("mount/new", true).error().value() == EXDEV, "made a directory");
        const auto current = store.look(*store.top(), "file");
        expect(current && *current && (*current)->kind == file_kind::special, "took a mount for a file");
        std::string indeterminate;
        expect(store.remove(*store.top(), "file", nullptr, indeterminate).has_error(), "removed a mount");
        const auto any = sha_hasher(sha_kind::sha256).finish();
        expect(store.compare(*store.top(), "file", any, any).failed(), "read a mount");
    }).join();
    if (!is_possible) {
        BOOST_TEST_MESSAGE("skipped: may not mount anything");
        return;
    }
    BOOST_TEST(faults == std::vector<std::string>(), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(looks_at_what_has_a_name) {
    const test::temp_dir dir;
    upload_store store(dir.path(), config::durability::off);
    dir.write("file", "content");
    fs::create_directory(dir / "folder");
    fs::create_symlink("file", dir / "link");
    BOOST_TEST_REQUIRE(::mkfifo((dir / "fifo").c_str(), 0600) == 0);
    const auto kind_of = [&](const std::string& name) {
        return store.look(*store.top(), name).value()->kind;
    };
    BOOST_TEST((kind_of("folder") == file_kind::directory));
    for (const auto* name : {"link", "fifo"}) BOOST_TEST((kind_of(name) == file_kind::special), name);
    const auto file = store.look(*store.top(), "file").value();
    BOOST_TEST((file->kind == file_kind::regular));
    BOOST_TEST(file->size == 7U);
    BOOST_TEST(file->mtime_ns == 1'600'000'000'000'000'000);
    BOOST_TEST(file->etag.size() > 2U);
    BOOST_TEST(!store.look(*store.top(), "absent").value().has_value());
    BOOST_TEST(store.look(*store.top(), std::string(256, 'x')).error().value() == ENAMETOOLONG);
}

BOOST_AUTO_TEST_CASE(knows_what_came_with_a_request) {
    const test::temp_dir dir;
    upload_store store(dir.path(), config::durability::full);
    const auto digest_of = [](std::string_view text) {
        sha_hasher hasher(sha_kind::sha256);
        hasher.update(text);
        return hasher.finish();
    };
    const auto mark = digest_of("request"), other = digest_of("another"), content = digest_of("content");
    auto file = staged_file::create(store, store.top()).value();
    BOOST_TEST_REQUIRE(!file.write(std::string_view("content")));
    BOOST_TEST_REQUIRE(!file.seal(std::nullopt, mark));
    BOOST_TEST_REQUIRE(file.place_new("file").has_value());
    dir.write("unmarked", "content");
    fs::create_directory(dir / "folder");
    fs::create_symlink("file", dir / "link");
    const auto compare = [&](const char* name, const sha_digest& wanted) {
        return store.compare(*store.top(), name, wanted, content);
    };
    BOOST_TEST(!compare("file", mark));
    if (store.keeps_digests())  // else it is told by its content
        for (const auto& [name, wanted] : {std::pair{"file", other}, {"unmarked", mark}})
            BOOST_TEST(compare(name, wanted) == make_error_code(errc::precondition_failed), name);
    BOOST_TEST(compare("folder", mark) == make_error_code(errc::precondition_failed));
    BOOST_TEST(compare("link", mark).value() == ELOOP);
    BOOST_TEST(compare("absent", mark).value() == ENOENT);
    BOOST_TEST(compare("../file", mark).value() == EXDEV);
}

BOOST_AUTO_TEST_CASE(removes_files_and_nothing_else) {
    for (const auto durability : {config::durability::full, config::durability::off}) {
        const test::temp_dir dir;
        upload_store store(dir.path(), durability);
        dir.write("a/file", "content");
        dir.write("a/other", "kept");
        fs::create_directory(dir / "a/folder");
        fs::create_symlink("other", dir / "a/link");
        const auto where = store.open("a", false).value();
        std::string indeterminate;
        const auto error_of = [&](const std::string& name, const name_condition& condition) {
            return store.remove(*where, name, condition, indeterminate).error();
        };
        BOOST_TEST(error_of("absent", nullptr).value() == ENOENT);
        BOOST_TEST(error_of("absent", [](auto*) { return false; }).value() == ENOENT);
        for (const auto* name : {"folder", "link", ".", ".."})
            BOOST_TEST((error_of(name, nullptr) == make_error_code(errc::not_a_file)), name);
        BOOST_TEST((error_of("file", [](auto* current) { return !current; }) ==
                    make_error_code(errc::precondition_failed)));
        const auto etag = store.look(*where, "file").value()->etag;
        const auto removed = store.remove(
            *where, "file", [&](auto* current) { return current && current->etag == etag; }, indeterminate);
        BOOST_TEST(removed.value().size == 7U);
        BOOST_TEST(error_of("file", nullptr).value() == ENOENT);
        BOOST_TEST(indeterminate.empty());
        BOOST_TEST(test::read_file(dir / "a/other") == "kept");
        BOOST_TEST(std::distance(fs::directory_iterator(dir.path()), {}) == 1);
        store.health().note(errno_code(EROFS));
        BOOST_TEST(error_of("other", nullptr).value() == EIO);
        BOOST_TEST(fs::exists(dir / "a/other"));
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
