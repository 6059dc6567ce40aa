#include "files/staged_file.hpp"

#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <regex>
#include <set>

using namespace fairlead;
using namespace fairlead::files;
using namespace std::string_view_literals;
namespace fs = std::filesystem;

namespace {

/// Every way to make a document, each forced.
constexpr upload_store_probe forms[] = {
    {true, true, true}, {true, true, false}, {true, false, true}, {true, false, false}, {false, true, true},
};
constexpr config::durability durabilities[] = {config::durability::full, config::durability::off};

std::set<std::string> names_in(const fs::path& path) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(path)) names.insert(entry.path().filename());
    return names;
}

template <class Function>
void for_each_form(Function function) {
    for (const auto& form : forms) {
        for (const auto durability : durabilities) {
            BOOST_TEST_CONTEXT("unnamed " << form.may_use_unnamed << " empty path " << form.may_use_empty_path
                                          << " proc " << form.may_use_proc << " durability "
                                          << static_cast<int>(durability)) {
                const test::temp_dir dir;
                upload_store store(dir.path(), durability, form);
                function(dir, store);
            }
        }
    }
}

BOOST_AUTO_TEST_SUITE(staged_file_suite)

BOOST_AUTO_TEST_CASE(the_probe_finds_what_works) {
    const test::temp_dir dir;
    const auto is_unnamed = [&](upload_store_probe probe) {
        return upload_store(dir.path(), config::durability::off, probe).has_unnamed_temporaries();
    };
    BOOST_TEST(is_unnamed({true, true, true}));
    BOOST_TEST((is_unnamed({true, true, false}) || is_unnamed({true, false, true})));
    BOOST_TEST(!is_unnamed({true, false, false}));
    BOOST_TEST(!is_unnamed({false, true, true}));
    BOOST_TEST(names_in(dir.path()).empty());
}

BOOST_AUTO_TEST_CASE(a_committed_document_is_whole) {
    for_each_form([](const test::temp_dir& dir, upload_store& store) {
        auto file = staged_file::create(store).value();
        std::string expected;
        for (int i = 0; i < 1000; ++i) {
            const auto piece = std::to_string(i) + std::string(static_cast<std::size_t>(i), '.');
            BOOST_TEST_REQUIRE(!file.write(piece));
            expected += piece;
        }
        BOOST_TEST(!file.write({}));
        for (const auto& name : names_in(dir.path()))
            BOOST_TEST(name.starts_with(upload_store::temporary_prefix));
        const auto name = file.commit();
        BOOST_TEST_REQUIRE(name.has_value());
        BOOST_TEST(names_in(dir.path()) == std::set<std::string>{*name});
        BOOST_TEST(test::read_file(dir / *name) == expected);
        BOOST_TEST(std::regex_match(*name, std::regex(R"(upload_20\d{6}_\d{6}_[0-9a-f]{16}\.json)")));
        BOOST_TEST(file.indeterminate_name().empty());
        struct stat found{};
        ::stat((dir / *name).c_str(), &found);
        BOOST_TEST((found.st_mode & 0137) == 0U);
        BOOST_TEST(found.st_nlink == 1U);
    });
}

BOOST_AUTO_TEST_CASE(what_is_not_committed_leaves_nothing) {
    for_each_form([](const test::temp_dir& dir, upload_store& store) {
        {
            auto file = staged_file::create(store).value();
            BOOST_TEST(!file.write("half a docu"sv));
            auto moved = std::move(file);
            BOOST_TEST(!moved.write("ment"sv));
        }
        BOOST_TEST(names_in(dir.path()).empty());
    });
}

BOOST_AUTO_TEST_CASE(every_document_has_its_own_name) {
    for_each_form([](const test::temp_dir& dir, upload_store& store) {
        std::set<std::string> names;
        for (int i = 0; i < 20; ++i) {
            auto file = staged_file::create(store).value();
            BOOST_TEST(!file.write(std::to_string(i)));
            names.insert(file.commit().value());
        }
        BOOST_TEST(names.size() == 20U);
        BOOST_TEST(names_in(dir.path()) == names);
    });
}

BOOST_AUTO_TEST_CASE(a_failed_write_leaves_nothing) {
    rlimit old{};
    ::getrlimit(RLIMIT_FSIZE, &old);
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    for_each_form([&](const test::temp_dir& dir, upload_store& store) {
        {
            auto file = staged_file::create(store).value();
            const rlimit small{100, old.rlim_max};
            ::setrlimit(RLIMIT_FSIZE, &small);
            const auto failed = file.write(std::string(150, 'x'));  // first short, then refused
            ::setrlimit(RLIMIT_FSIZE, &old);
            BOOST_TEST(failed.value() == EFBIG);
        }
        BOOST_TEST(names_in(dir.path()).empty());
        BOOST_TEST(!store.writes_failed());
    });
    std::signal(SIGXFSZ, old_handler);
}

BOOST_AUTO_TEST_CASE(nothing_is_committed_on_a_broken_disk) {
    for_each_form([](const test::temp_dir& dir, upload_store& store) {
        {
            auto file = staged_file::create(store).value();
            BOOST_TEST(!file.write("{}"sv));
            store.note(errno_code(EIO));
            BOOST_TEST(file.commit().error().value() == EIO);
        }
        BOOST_TEST(names_in(dir.path()).empty());
    });
}

BOOST_AUTO_TEST_CASE(a_removed_directory_is_an_error) {
    for_each_form([](const test::temp_dir& dir, upload_store& store) {
        auto file = staged_file::create(store).value();
        BOOST_TEST(!file.write("{}"sv));
        fs::remove_all(dir.path());
        BOOST_TEST(file.commit().has_error());
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
