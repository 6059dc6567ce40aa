#include "files/staged_file.hpp"

#include "files/stored_digest.hpp"
#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <set>

using namespace fairlead;
using namespace fairlead::files;
using namespace std::string_view_literals;
namespace fs = std::filesystem;

namespace {

/// Every way to make a file, each forced.
constexpr unnamed_file_forms forms[] = {
    {true, true, true}, {true, true, false}, {true, false, true}, {true, false, false}, {false, true, true},
};
constexpr config::durability durabilities[] = {config::durability::full, config::durability::off};

std::set<std::string> names_in(const fs::path& path) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(path)) names.insert(entry.path().filename());
    return names;
}

/// With a directory `sub` in the store: files go to it, too.
template <class Function>
void for_each_form(Function function) {
    for (const auto& form : forms) {
        for (const auto durability : durabilities) {
            for (const std::string_view folder : {"", "sub"}) {
                BOOST_TEST_CONTEXT("unnamed " << form.unnamed << " empty path " << form.empty_path << " proc "
                                              << form.proc << " durability " << static_cast<int>(durability)
                                              << " folder '" << folder << "'") {
                    const test::temp_dir dir;
                    fs::create_directory(dir / "sub");
                    upload_store store(dir.path(), durability, {}, form);
                    function(dir / folder, store, store.open(folder, false).value());
                    if (!fs::exists(dir.path())) continue;
                    for (const auto& name : names_in(dir.path()))
                        BOOST_TEST(!name.starts_with(upload_store::temporary_prefix));
                }
            }
        }
    }
}

sha_digest digest_of(std::string_view text) {
    sha_hasher hasher(sha_kind::sha256);
    hasher.update(text);
    return hasher.finish();
}

staged_file sealed(upload_store& store, const std::shared_ptr<store_directory>& where,
                   std::string_view text) {
    auto file = staged_file::create(store, where).value();
    BOOST_TEST_REQUIRE(!file.write(text));
    BOOST_TEST_REQUIRE(!file.seal(digest_of(text)));
    return file;
}

bool is_absent(const stored_entry* current) { return !current; }

BOOST_AUTO_TEST_SUITE(staged_file_suite)

BOOST_AUTO_TEST_CASE(the_probe_finds_what_works) {
    const test::temp_dir dir;
    const auto is_unnamed = [&](unnamed_file_forms probe) {
        return upload_store(dir.path(), config::durability::off, {}, probe).unnamed().are_possible();
    };
    BOOST_TEST(is_unnamed({true, true, true}));
    BOOST_TEST((is_unnamed({true, true, false}) || is_unnamed({true, false, true})));
    BOOST_TEST(!is_unnamed({true, false, false}));
    BOOST_TEST(!is_unnamed({false, true, true}));
    BOOST_TEST(names_in(dir.path()).empty());
}

BOOST_AUTO_TEST_CASE(a_placed_file_is_whole) {
    for (const bool has_digest : {true, false}) {
        for_each_form([&](const fs::path& path, upload_store& store, const auto& where) {
            auto file = staged_file::create(store, where).value();
            std::string expected;
            for (int i = 0; i < 1000; ++i) {
                const auto piece = std::to_string(i) + std::string(static_cast<std::size_t>(i), '.');
                BOOST_TEST_REQUIRE(!file.write(piece));
                expected += piece;
            }
            BOOST_TEST(!file.write({}));
            BOOST_TEST(file.size() == expected.size());
            BOOST_TEST(!file.seal(has_digest ? std::optional(digest_of(expected)) : std::nullopt));
            BOOST_TEST(!fs::exists(path / "name"));
            const auto placed = file.place("name", nullptr).value();
            BOOST_TEST(placed.is_new);
            BOOST_TEST(placed.replaced == 0U);
            BOOST_TEST(placed.etag == store.look(*where, "name").value()->etag);
            BOOST_TEST(test::read_file(path / "name") == expected);
            BOOST_TEST(file.indeterminate_name().empty());
            struct stat found{};
            ::stat((path / "name").c_str(), &found);
            BOOST_TEST((found.st_mode & 0137) == 0U);
            BOOST_TEST(found.st_nlink == 1U);
        });
    }
}

BOOST_AUTO_TEST_CASE(large_files_are_whole) {
    const auto content = test::varied_bytes(18 << 20);  // more than is allocated, and written back, at once
    for (const std::uint64_t expected :
         {std::uint64_t{0}, std::uint64_t{content.size()}, std::uint64_t{1} << 20}) {
        for (const auto durability : durabilities) {
            const test::temp_dir dir;
            upload_store store(dir.path(), durability);
            auto file = staged_file::create(store, store.top(), expected).value();
            for (std::size_t at = 0; at < content.size(); at += 100'000)
                BOOST_TEST_REQUIRE(!file.write(std::string_view(content).substr(at, 100'000)));
            BOOST_TEST(!file.seal(std::nullopt));
            BOOST_TEST(file.place("name", nullptr).has_value());
            BOOST_TEST((test::read_file(dir / "name") == content));
        }
    }
}

BOOST_AUTO_TEST_CASE(what_is_not_placed_leaves_nothing) {
    for_each_form([](const fs::path& path, upload_store& store, const auto& where) {
        const auto before = names_in(path);
        {
            auto file = staged_file::create(store, where).value();
            BOOST_TEST(!file.write("half a docu"sv));
            auto moved = std::move(file);
            BOOST_TEST(!moved.write("ment"sv));
            BOOST_TEST(!moved.seal(digest_of("half a document")));
        }
        BOOST_TEST(names_in(path) == before);
    });
}

BOOST_AUTO_TEST_CASE(a_file_takes_the_place_of_another) {
    for_each_form([](const fs::path& path, upload_store& store, const auto& where) {
        test::write_file(path / "name", "the old one");
        const auto before = names_in(path);
        for (const std::string text : {"new", "newer", "", "newest"}) {
            const auto replaced = fs::file_size(path / "name");
            const auto placed = sealed(store, where, text).place("name", nullptr).value();
            BOOST_TEST(!placed.is_new);
            BOOST_TEST(placed.replaced == replaced);
            BOOST_TEST(placed.etag == store.look(*where, "name").value()->etag);
            BOOST_TEST(test::read_file(path / "name") == text);
            BOOST_TEST(names_in(path) == before);
        }
    });
}

// Whoever reads the old one goes on reading it.
BOOST_AUTO_TEST_CASE(what_is_replaced_is_not_written_over) {
    for_each_form([](const fs::path& path, upload_store& store, const auto& where) {
        test::write_file(path / "name", "old");
        std::ifstream reader(path / "name");
        BOOST_TEST(sealed(store, where, "new").place("name", nullptr).has_value());
        std::string text;
        reader >> text;
        BOOST_TEST(text == "old");
    });
}

BOOST_AUTO_TEST_CASE(the_condition_decides) {
    for_each_form([](const fs::path& path, upload_store& store, const auto& where) {
        const auto is = [](std::string etag) {
            return [etag](const stored_entry* current) { return current && current->etag == etag; };
        };
        const auto one = make_entity_tag(digest_of("one")), two = make_entity_tag(digest_of("two"));
        const auto refused = [&](const name_condition& condition) {
            const auto placed = sealed(store, where, "refused").place("name", condition);
            return placed.has_error() && placed.error() == make_error_code(errc::precondition_failed);
        };
        BOOST_TEST(refused(is(one)));
        BOOST_TEST(refused([](auto*) { return false; }));
        BOOST_TEST(!fs::exists(path / "name"));
        BOOST_TEST(sealed(store, where, "one").place("name", is_absent).value().is_new);
        BOOST_TEST(refused(is_absent));
        BOOST_TEST(refused(is(two)));
        BOOST_TEST(test::read_file(path / "name") == "one");
        const auto placed = sealed(store, where, "two").place("name", is(one)).value();
        BOOST_TEST(!placed.is_new);
        BOOST_TEST(placed.etag == two);
        BOOST_TEST(refused(is(one)));
        BOOST_TEST(test::read_file(path / "name") == "two");
        bool is_asked = false;
        const auto all = [&](const stored_entry* current) {
            is_asked = current && current->size == 3 && current->kind == file_kind::regular;
            return true;
        };
        BOOST_TEST(sealed(store, where, "three").place("name", all).has_value());
        BOOST_TEST(is_asked);
    });
}

BOOST_AUTO_TEST_CASE(a_new_name_is_nobody_elses) {
    for_each_form([](const fs::path& path, upload_store& store, const auto& where) {
        BOOST_TEST(sealed(store, where, "one").place_new("name").value().is_new);
        fs::create_directory(path / "folder");
        fs::create_symlink("nowhere", path / "link");
        auto file = sealed(store, where, "two");
        for (const auto* name : {"name", "folder", "link"})
            BOOST_TEST(file.place_new(name).error() == make_error_code(errc::precondition_failed), name);
        BOOST_TEST(file.place_new(std::string(256, 'x')).error().value() == ENAMETOOLONG);
        BOOST_TEST(test::read_file(path / "name") == "one");
        // What was refused can have another name.
        const auto placed = file.place_new("other").value();
        BOOST_TEST(placed.etag == store.look(*where, "other").value()->etag);
        BOOST_TEST(test::read_file(path / "other") == "two");
        BOOST_TEST(file.indeterminate_name().empty());
    });
}

BOOST_AUTO_TEST_CASE(only_files_are_replaced) {
    for_each_form([](const fs::path& path, upload_store& store, const auto& where) {
        const test::temp_dir elsewhere;
        test::write_file(elsewhere / "file", "canary");
        fs::create_directory(path / "folder");
        fs::create_directory(path / "full");
        test::write_file(path / "full/file", "kept");
        fs::create_symlink(elsewhere / "file", path / "link");
        fs::create_symlink("nowhere", path / "dangling");
        BOOST_TEST_REQUIRE(::mkfifo((path / "fifo").c_str(), 0600) == 0);
        const auto before = names_in(path);
        for (const std::string name : {"folder", "full", "link", "dangling", "fifo"}) {
            for (const auto& condition : {name_condition(), name_condition([](auto*) { return true; })}) {
                BOOST_TEST_CONTEXT(name) {
                    const auto placed = sealed(store, where, "new").place(name, condition);
                    BOOST_TEST((placed.has_error() && placed.error() == make_error_code(errc::not_a_file)));
                }
            }
        }
        BOOST_TEST(names_in(path) == before);
        BOOST_TEST(fs::is_symlink(path / "dangling"));
        BOOST_TEST(test::read_file(elsewhere / "file") == "canary");
        BOOST_TEST(test::read_file(path / "full/file") == "kept");
    });
}

BOOST_AUTO_TEST_CASE(a_name_is_one_segment) {
    for (const auto& form : {unnamed_file_forms{}, unnamed_file_forms{false}}) {
        const test::temp_dir dir;
        fs::create_directories(dir / "outer/store/folder");
        upload_store store(dir / "outer/store", config::durability::full, {}, form);
        for (const auto& where : {store.top(), store.open("folder", false).value()})
            for (const auto& name :
                 {std::string("../name"), std::string("../../name"), std::string("folder/name"),
                  (dir / "name").string(), std::string(), std::string("."), std::string("..")})
                BOOST_TEST((sealed(store, where, "new").place(name, nullptr).has_error() &&
                            sealed(store, where, "new").place(name, is_absent).has_error() &&
                            sealed(store, where, "new").place_new(name).has_error()),
                           name);
        BOOST_TEST(std::distance(fs::recursive_directory_iterator(dir.path()), {}) == 3);
    }
}

BOOST_AUTO_TEST_CASE(a_failed_write_leaves_nothing) {
    rlimit old{};
    ::getrlimit(RLIMIT_FSIZE, &old);
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    for (const std::uint64_t expected :
         {0, 2 << 20}) {  // what is announced is allocated: then nothing is written
        for_each_form([&](const fs::path& path, upload_store& store, const auto& where) {
            const auto before = names_in(path);
            {
                auto file = staged_file::create(store, where, expected).value();
                const rlimit small{100, old.rlim_max};
                ::setrlimit(RLIMIT_FSIZE, &small);
                const auto failed = file.write(std::string(150, 'x'));  // first short, then refused
                ::setrlimit(RLIMIT_FSIZE, &old);
                BOOST_TEST(failed.value() == EFBIG);
                BOOST_TEST(file.size() == 100U);
            }
            BOOST_TEST(names_in(path) == before);
            BOOST_TEST(!store.health().has_failed());
        });
    }
    std::signal(SIGXFSZ, old_handler);
}

BOOST_AUTO_TEST_CASE(nothing_is_placed_on_a_broken_disk) {
    for_each_form([](const fs::path& path, upload_store& store, const auto& where) {
        const auto before = names_in(path);
        {
            auto file = sealed(store, where, "{}");
            auto other = staged_file::create(store, where).value();
            store.health().note(errno_code(EIO));
            BOOST_TEST(file.place("name", nullptr).error().value() == EIO);
            BOOST_TEST(other.seal(std::nullopt).value() == EIO);
        }
        BOOST_TEST(names_in(path) == before);
    });
}

BOOST_AUTO_TEST_CASE(a_removed_directory_is_an_error) {
    for_each_form([](const fs::path& path, upload_store& store, const auto& where) {
        auto file = sealed(store, where, "{}");
        fs::remove_all(path);
        BOOST_TEST(file.place("name", nullptr).has_error());
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
