#include "files/staged_folder.hpp"

#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

#include <set>

using namespace fairlead;
using namespace fairlead::files;
namespace fs = std::filesystem;

namespace {

std::set<std::string> names_in(const fs::path& path) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(path)) names.insert(entry.path().filename());
    return names;
}

staged_file sealed(upload_store& store, const std::string& text) {
    auto file = staged_file::create(store, store.top()).value();
    BOOST_TEST_REQUIRE(!file.write(text));
    BOOST_TEST_REQUIRE(!file.seal(std::nullopt));
    return file;
}

template <class Function>
void for_each_form(Function function) {
    for (const unnamed_file_forms form :
         {unnamed_file_forms{true, true, false}, {true, false, true}, {false}}) {
        for (const auto durability : {config::durability::full, config::durability::off}) {
            BOOST_TEST_CONTEXT("unnamed " << form.unnamed << " empty path " << form.empty_path
                                          << " durability " << static_cast<int>(durability)) {
                const test::temp_dir dir;
                upload_store store(dir.path(), durability, {}, form);
                function(dir, store);
            }
        }
    }
}

BOOST_AUTO_TEST_SUITE(staged_folder_suite)

BOOST_AUTO_TEST_CASE(appears_whole) {
    for_each_form([](const test::temp_dir& dir, upload_store& store) {
        auto folder = staged_folder::create(store).value();
        for (int i = 0; i < 20; ++i)
            BOOST_TEST(
                !folder.add(sealed(store, "content " + std::to_string(i)), "file_" + std::to_string(i)));
        for (const auto& name : names_in(dir.path()))
            BOOST_TEST(name.starts_with(upload_store::temporary_prefix));
        BOOST_TEST(!folder.place("form"));
        BOOST_TEST(folder.indeterminate_name().empty());
        BOOST_TEST(names_in(dir.path()) == std::set<std::string>{"form"});
        BOOST_TEST(names_in(dir / "form").size() == 20U);
        for (int i = 0; i < 20; ++i)
            BOOST_TEST(test::read_file(dir / ("form/file_" + std::to_string(i))) ==
                       "content " + std::to_string(i));
        struct stat found{};
        ::stat((dir / "form").c_str(), &found);
        BOOST_TEST((found.st_mode & 07) == 0U);
        ::stat((dir / "form/file_0").c_str(), &found);
        BOOST_TEST((found.st_mode & 0137) == 0U);
        BOOST_TEST(found.st_nlink == 1U);
    });
}

BOOST_AUTO_TEST_CASE(what_is_given_up_leaves_nothing) {
    for_each_form([](const test::temp_dir& dir, upload_store& store) {
        {
            auto folder = staged_folder::create(store).value();
            BOOST_TEST(!folder.add(sealed(store, "one"), "one"));
            auto moved = std::move(folder);
            BOOST_TEST(!moved.add(sealed(store, "two"), "two"));
            const auto on_its_way = sealed(store, "three");
        }
        BOOST_TEST(names_in(dir.path()).empty());
    });
}

BOOST_AUTO_TEST_CASE(two_files_cannot_have_one_name) {
    for_each_form([](const test::temp_dir& dir, upload_store& store) {
        {
            auto folder = staged_folder::create(store).value();
            BOOST_TEST(!folder.add(sealed(store, "one"), "name"));
            BOOST_TEST(folder.add(sealed(store, "two"), "name").value() == EEXIST);
            BOOST_TEST(folder.add(sealed(store, "two"), std::string(256, 'x')).value() == ENAMETOOLONG);
            BOOST_TEST(!folder.place("form"));
        }
        BOOST_TEST(names_in(dir.path()) == std::set<std::string>{"form"});
        BOOST_TEST(names_in(dir / "form") == std::set<std::string>{"name"});
        BOOST_TEST(test::read_file(dir / "form/name") == "one");
    });
}

BOOST_AUTO_TEST_CASE(takes_the_place_of_nothing) {
    for_each_form([](const test::temp_dir& dir, upload_store& store) {
        test::write_file(dir / "file", "old");
        fs::create_directory(dir / "folder");
        fs::create_directory(dir / "empty");
        test::write_file(dir / "folder/inner", "old");
        fs::create_symlink("nowhere", dir / "link");
        for (const auto* name : {"file", "folder", "empty", "link"}) {
            auto folder = staged_folder::create(store).value();
            BOOST_TEST(!folder.add(sealed(store, "new"), "inner"));
            BOOST_TEST(folder.place(name).value() == EEXIST);
        }
        BOOST_TEST(names_in(dir.path()) == (std::set<std::string>{"empty", "file", "folder", "link"}));
        BOOST_TEST(test::read_file(dir / "file") == "old");
        BOOST_TEST(test::read_file(dir / "folder/inner") == "old");
        BOOST_TEST(fs::is_empty(dir / "empty"));
    });
}

BOOST_AUTO_TEST_CASE(a_name_is_one_segment) {
    const test::temp_dir dir;
    fs::create_directories(dir / "outer/store/folder");
    upload_store store(dir / "outer/store", config::durability::full);
    for (const std::string name : {"../name", "../../name", "folder/name", ".", "..", ""}) {
        auto folder = staged_folder::create(store).value();
        BOOST_TEST(folder.add(sealed(store, "one"), name).failed(), name);
        BOOST_TEST(folder.place(name).failed(), name);
    }
    BOOST_TEST(std::distance(fs::recursive_directory_iterator(dir.path()), {}) == 3);
}

BOOST_AUTO_TEST_CASE(nothing_is_placed_on_a_broken_disk) {
    for_each_form([](const test::temp_dir& dir, upload_store& store) {
        {
            auto folder = staged_folder::create(store).value();
            BOOST_TEST(!folder.add(sealed(store, "one"), "one"));
            store.health().note(errno_code(EIO));
            BOOST_TEST(folder.place("form").value() == EIO);
        }
        BOOST_TEST(names_in(dir.path()).empty());
    });
}

BOOST_AUTO_TEST_CASE(a_folder_that_was_removed_meanwhile_is_an_error) {
    for_each_form([](const test::temp_dir& dir, upload_store& store) {
        auto folder = staged_folder::create(store).value();
        BOOST_TEST(!folder.add(sealed(store, "one"), "one"));
        for (const auto& entry : fs::directory_iterator(dir.path())) fs::remove_all(entry);
        BOOST_TEST(folder.place("form").value() == ENOENT);
        BOOST_TEST(folder.add(sealed(store, "two"), "two").value() == ENOENT);
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
