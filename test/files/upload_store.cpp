#include "files/upload_store.hpp"

#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

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
            const upload_store store(dir / name, config::durability::full);
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
    const test::temp_dir dir;
    const auto left_over = std::string(upload_store::temporary_prefix) + "0123456789abcdef";
    for (const auto* name : {"upload_20250101_000000_0123456789abcdef.json", ".hidden", "other"})
        test::write_file(dir / name, "kept");
    test::write_file(dir / left_over, "half a docu");
    const upload_store store(dir.path(), config::durability::full);
    BOOST_TEST(!fs::exists(dir / left_over));
    BOOST_TEST(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()) == 3);
}

BOOST_AUTO_TEST_CASE(a_left_over_that_cannot_be_removed_ends_the_start) {
    const test::temp_dir dir;
    fs::create_directory(dir / (std::string(upload_store::temporary_prefix) + "folder"));
    BOOST_CHECK_EXCEPTION(upload_store(dir.path(), config::durability::full), std::runtime_error,
                          [](const auto& error) { return says(error, "left-over"); });
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
    BOOST_TEST(store.free_bytes().value() <= fs::space(dir.path()).capacity);
    BOOST_TEST(store.free_bytes().value() > 0U);
    BOOST_TEST(store.is_writable());
    BOOST_TEST(store.takes_documents());
    store.examine(1U << 20);
    BOOST_TEST(store.takes_documents());
    store.examine(std::uint64_t{1} << 60);
    BOOST_TEST(!store.takes_documents());
    store.examine(1U << 20);
    BOOST_TEST(store.takes_documents());
    fs::remove(dir / "store");
    BOOST_TEST(!store.is_writable());
    store.examine(1);
    BOOST_TEST(!store.takes_documents());
}

BOOST_AUTO_TEST_CASE(only_a_broken_disk_latches) {
    const test::temp_dir dir;
    for (const auto& [error, latches] :
         {std::pair{ENOSPC, false}, {EDQUOT, false}, {EMFILE, false}, {EIO, true}, {EROFS, true}}) {
        upload_store store(dir.path(), config::durability::off);
        BOOST_TEST(store.note(errno_code(error)).value() == error);
        BOOST_TEST(store.writes_failed() == latches);
        BOOST_TEST(store.sync_directory().value() == (latches ? EIO : 0));
        store.note({});
        BOOST_TEST(store.writes_failed() == latches);
    }
}

BOOST_AUTO_TEST_CASE(inside_the_root_however_spelled) {
    const test::temp_dir dir;
    fs::create_directories(dir / "www/sub");
    fs::create_directories(dir / "elsewhere");
    fs::create_symlink(dir / "www", dir / "www-link");
    fs::create_symlink("www/sub", dir / "sub-link");
    fs::create_symlink(dir / "elsewhere", dir / "www/out");
    struct {
        const char* directory;
        bool is_inside;
    } const cases[] = {
        {"www", true},
        {"www/uploads", true},
        {"www/sub/not/yet", true},
        {"www-link/uploads", true},
        {"sub-link", true},
        {"sub-link/../uploads", true},
        {"elsewhere/../www/./uploads/", true},
        {"uploads", false},
        {"www-uploads", false},
        {"www/../uploads", false},
        {"elsewhere", false},
        {"www/out", false},
    };
    for (const auto* root : {"www", "www-link", "elsewhere/../www/"}) {
        for (const auto& each : cases) {
            BOOST_TEST_CONTEXT(each.directory << " in " << root) {
                if (each.is_inside)
                    BOOST_CHECK_THROW(refuse_inside(dir / root, dir / each.directory), std::runtime_error);
                else
                    BOOST_CHECK_NO_THROW(refuse_inside(dir / root, dir / each.directory));
            }
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
