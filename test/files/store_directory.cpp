#include "files/store_directory.hpp"

#include "files/answer_records.hpp"
#include "files/staged_file.hpp"
#include "files/staged_folder.hpp"
#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <future>
#include <set>
#include <thread>
#include <vector>

using namespace fairlead;
using namespace fairlead::files;
namespace fs = std::filesystem;

namespace {

std::atomic<int> syncs{0};
// Both are set while nobody else runs. The number of the fsync decides; the result is an errno.
std::function<int(int number)> on_fsync;
std::function<void()> on_unlink;  // before it
std::function<void()> on_name;    // once, after one was made by mkdirat or linkat

/// From its construction to its end, fsyncs are counted from 1 and do what `script` says.
class scripted_syncs {
public:
    explicit scripted_syncs(std::function<int(int)> script) {
        syncs = 0;
        on_fsync = std::move(script);
    }
    ~scripted_syncs() {
        on_fsync = nullptr;
        on_unlink = nullptr;
        on_name = nullptr;
    }
};

}  // namespace

// In the place of that of the C library, in this program.
extern "C" int fsync(int fd) {
    const int number = ++syncs;
    if (const int failed = on_fsync ? on_fsync(number) : 0) {
        errno = failed;
        return -1;
    }
    return static_cast<int>(::syscall(SYS_fsync, fd));
}

extern "C" int unlinkat(int directory, const char* name, int flags) noexcept {
    if (on_unlink) on_unlink();
    return static_cast<int>(::syscall(SYS_unlinkat, directory, name, flags));
}

extern "C" int mkdirat(int directory, const char* name, mode_t mode) noexcept {
    const auto made = static_cast<int>(::syscall(SYS_mkdirat, directory, name, mode));
    if (on_name && made == 0) std::exchange(on_name, nullptr)();
    return made;
}

extern "C" int linkat(int from, const char* source, int to, const char* name, int flags) noexcept {
    const auto linked = static_cast<int>(::syscall(SYS_linkat, from, source, to, name, flags));
    if (on_name && linked == 0) std::exchange(on_name, nullptr)();
    return linked;
}

namespace {

unique_fd open_directory(const fs::path& path, int flags = O_RDONLY) {
    return unique_fd(::open(path.c_str(), flags | O_DIRECTORY | O_CLOEXEC));
}

std::set<std::string> names_in(const fs::path& path) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(path)) names.insert(entry.path().filename());
    return names;
}

BOOST_AUTO_TEST_SUITE(store_directory_suite)

BOOST_AUTO_TEST_CASE(only_a_broken_disk_latches) {
    for (const auto& [error, latches] :
         {std::pair{ENOSPC, false}, {EDQUOT, false}, {EMFILE, false}, {EIO, true}, {EROFS, true}}) {
        disk_health health;
        BOOST_TEST(health.note(errno_code(error)).value() == error);
        BOOST_TEST(health.has_failed() == latches);
        BOOST_TEST(!health.note({}));
        BOOST_TEST(health.has_failed() == latches);
    }
}

BOOST_AUTO_TEST_CASE(syncs_only_what_changed) {
    const test::temp_dir dir;
    disk_health health;
    store_directory directory(open_directory(dir.path()), health);
    const scripted_syncs counted([](int) { return 0; });
    BOOST_TEST(!directory.sync());  // what was done before us is not known
    BOOST_TEST(syncs == 1);
    BOOST_TEST(!directory.sync());
    BOOST_TEST(syncs == 1);
    for (int i = 0; i < 10; ++i) store_directory::change{directory};
    BOOST_TEST(!directory.sync());
    BOOST_TEST(!directory.sync());
    BOOST_TEST(syncs == 2);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_synced_stays_unsynced) {
    const test::temp_dir dir;
    disk_health health;
    store_directory directory(open_directory(dir.path(), O_PATH), health);
    for (int i = 0; i < 3; ++i) BOOST_TEST(directory.sync().value() == EBADF);
    BOOST_TEST(!health.has_failed());
}

BOOST_AUTO_TEST_CASE(after_eio_nothing_is_synced_any_more) {
    const test::temp_dir dir;
    disk_health health;
    store_directory directory(open_directory(dir.path()), health);
    store_directory other(open_directory(dir.path()), health);
    BOOST_TEST(!other.sync());
    const scripted_syncs scripted([](int) { return EIO; });
    for (int i = 0; i < 3; ++i) BOOST_TEST(directory.sync().value() == EIO);
    BOOST_TEST(other.sync().value() == EIO);  // although nothing changed in it
    store_directory::change{other};
    BOOST_TEST(other.sync().value() == EIO);
    BOOST_TEST(syncs == 1);
}

BOOST_AUTO_TEST_CASE(a_sync_that_began_before_a_change_does_not_cover_it) {
    for (const bool comes_meanwhile : {true, false}) {
        const test::temp_dir dir;
        disk_health health;
        store_directory directory(open_directory(dir.path()), health);
        std::promise<void> has_begun, may_end;
        std::atomic<bool> is_told{false}, was_told_early{false};
        const scripted_syncs scripted([&](int number) {
            if (number == 2) was_told_early = is_told.load();
            if (number > 1) return 0;
            has_begun.set_value();
            may_end.get_future().wait();
            return 0;
        });
        std::thread early([&] { (void)directory.sync(); });
        has_begun.get_future().wait();
        store_directory::change{directory};
        if (!comes_meanwhile) {
            may_end.set_value();
            early.join();
        }
        std::thread late([&] {
            (void)directory.sync();
            is_told = true;
        });
        if (comes_meanwhile) {
            may_end.set_value();
            early.join();
        }
        late.join();
        BOOST_TEST(syncs == 2);
        BOOST_TEST(!was_told_early);
    }
}

/// Many who change a directory and sync it while its first fsync is under way; the results that they got.
std::vector<int> sync_of_many(store_directory& directory, const std::function<int(int)>& script) {
    constexpr int callers = 16;
    std::atomic<int> changed{0};
    std::promise<void> has_begun, all_changed;
    const scripted_syncs scripted([&](int number) {
        if (number == 1) {
            has_begun.set_value();
            all_changed.get_future().wait();
        }
        return script(number);
    });
    std::vector<int> results(callers + 1);
    std::vector<std::thread> threads;
    threads.emplace_back([&] { results[callers] = directory.sync().value(); });
    has_begun.get_future().wait();
    for (std::size_t i = 0; i < callers; ++i)
        threads.emplace_back([&, i] {
            store_directory::change{directory};
            if (++changed == callers) all_changed.set_value();
            results[i] = directory.sync().value();
        });
    for (auto& thread : threads) thread.join();
    return results;
}

BOOST_AUTO_TEST_CASE(many_share_one_sync) {
    const test::temp_dir dir;
    disk_health health;
    store_directory directory(open_directory(dir.path()), health);
    const auto results = sync_of_many(directory, [](int) { return 0; });
    BOOST_TEST(std::count(results.begin(), results.end(), 0) == 17);
    // A third one for who came while the second ran; after it nobody has anything left.
    BOOST_TEST(syncs >= 2);
    BOOST_TEST(syncs <= 3);
}

BOOST_AUTO_TEST_CASE(a_failed_sync_fails_for_all_who_share_it) {
    const test::temp_dir dir;
    {
        disk_health health;
        store_directory directory(open_directory(dir.path()), health);
        const auto results = sync_of_many(directory, [](int number) { return number == 2 ? ENOSPC : 0; });
        BOOST_TEST(results.back() == 0);
        const auto failed = std::count(results.begin(), results.end(), ENOSPC);
        BOOST_TEST(failed >= 1);
        BOOST_TEST((failed == 16 || syncs >= 3));  // whoever did not fail had one of its own
    }
    disk_health health;
    store_directory directory(open_directory(dir.path()), health);
    const auto results = sync_of_many(directory, [](int) { return EIO; });
    BOOST_TEST(std::count(results.begin(), results.end(), EIO) == 17);
    BOOST_TEST(syncs == 1);
}

BOOST_AUTO_TEST_SUITE_END()

// What becomes of a change whose sync fails: it is taken back, and only what cannot be is indeterminate.
BOOST_AUTO_TEST_SUITE(taking_back)

constexpr unnamed_file_forms forms[] = {{true, true, false}, {true, false, true}, {false, false, false}};

staged_file sealed(upload_store& store, const std::shared_ptr<store_directory>& where,
                   const std::string& text) {
    auto file = staged_file::create(store, where).value();
    BOOST_TEST_REQUIRE(!file.write(text));
    BOOST_TEST_REQUIRE(!file.seal(std::nullopt));
    return file;
}

/// In each form of temporary, in the store's own directory and below it, with a directory whose first sync
/// fails with `error`, or all of them.
template <class Function>
void for_each_failure(Function function) {
    for (const auto& form : forms)
        for (const std::string folder : {"", "sub"})
            for (const int error : {ENOSPC, EDQUOT, EIO})
                for (const bool fails_always : {false, true})
                    BOOST_TEST_CONTEXT("unnamed " << form.unnamed << " folder '" << folder << "' error "
                                                  << error << " always " << fails_always) {
                        const test::temp_dir dir;
                        fs::create_directory(dir / "sub");
                        upload_store store(dir.path(), config::durability::full, {}, form);
                        const auto where = store.open(folder, false).value();
                        function(dir / folder, store, where,
                                 [=](int number) { return number == 1 || fails_always ? error : 0; });
                        for (const auto& name : names_in(dir.path()))
                            BOOST_TEST(!name.starts_with(upload_store::temporary_prefix));
                        BOOST_TEST(store.health().has_failed() == (error == EIO));
                    }
}

BOOST_AUTO_TEST_CASE(of_a_new_name) {
    for_each_failure([](const fs::path& path, upload_store& store, const auto& where, const auto& script) {
        auto file = sealed(store, where, "new");
        const scripted_syncs scripted(script);
        BOOST_TEST(file.place("name", nullptr).error().value() == script(1));
        BOOST_TEST(syncs == 2);
        BOOST_TEST(file.indeterminate_name() == (script(2) ? "name" : ""));
        BOOST_TEST(!fs::exists(path / "name"));
    });
}

BOOST_AUTO_TEST_CASE(of_a_replacement) {
    for_each_failure([](const fs::path& path, upload_store& store, const auto& where, const auto& script) {
        test::write_file(path / "name", "old");
        {
            auto file = sealed(store, where, "new");
            const scripted_syncs scripted(script);
            BOOST_TEST(file.place("name", nullptr).error().value() == script(1));
            BOOST_TEST(syncs == 2);
            BOOST_TEST(file.indeterminate_name() == (script(2) ? "name" : ""));
        }
        BOOST_TEST(test::read_file(path / "name") == "old");
    });
}

BOOST_AUTO_TEST_CASE(of_a_removal) {
    for_each_failure([](const fs::path& path, upload_store& store, const auto& where, const auto& script) {
        test::write_file(path / "name", "old");
        std::string indeterminate;
        const scripted_syncs scripted(script);
        BOOST_TEST(store.remove(*where, "name", nullptr, indeterminate).error().value() == script(1));
        BOOST_TEST(syncs == 2);
        BOOST_TEST(indeterminate == (script(2) ? "name" : ""));
        BOOST_TEST(test::read_file(path / "name") == "old");
    });
}

BOOST_AUTO_TEST_CASE(of_a_folder) {
    for (const auto& form : forms) {
        for (const bool fails_always : {false, true}) {
            const test::temp_dir dir;
            upload_store store(dir.path(), config::durability::full, {}, form);
            {
                auto folder = staged_folder::create(store).value();
                BOOST_TEST(!folder.add(sealed(store, store.top(), "one"), "one"));
                // The first one is that of the folder itself.
                const scripted_syncs scripted(
                    [=](int number) { return number == 2 || (fails_always && number > 2) ? ENOSPC : 0; });
                BOOST_TEST(folder.place("form").value() == ENOSPC);
                BOOST_TEST(folder.indeterminate_name() == (fails_always ? "form" : ""));
                BOOST_TEST(!fs::exists(dir / "form"));
            }
            BOOST_TEST(names_in(dir.path()).empty());
        }
    }
}

BOOST_AUTO_TEST_CASE(a_folder_that_cannot_be_synced_gets_no_name) {
    const test::temp_dir dir;
    upload_store store(dir.path(), config::durability::full);
    {
        auto folder = staged_folder::create(store).value();
        BOOST_TEST(!folder.add(sealed(store, store.top(), "one"), "one"));
        const scripted_syncs scripted([](int number) { return number == 1 ? ENOSPC : 0; });
        BOOST_TEST(folder.place("form").value() == ENOSPC);
        BOOST_TEST(syncs == 1);
    }
    BOOST_TEST(names_in(dir.path()).empty());
}

// Whatever stands below a directory is gone when the directory is.
BOOST_AUTO_TEST_CASE(a_directory_whose_making_was_not_synced_is_not_relied_on) {
    for (const std::string made : {"a", "a/b/c"}) {
        const test::temp_dir dir;
        upload_store store(dir.path(), config::durability::full);
        {
            const scripted_syncs scripted([&](int) { return ENOSPC; });
            BOOST_TEST(store.open(made, true).error().value() == ENOSPC);
            BOOST_TEST(store.open("a", true).error().value() == ENOSPC);
        }
        const scripted_syncs counted([](int) { return 0; });
        BOOST_TEST(store.open("a", true).has_value());
        BOOST_TEST(syncs >= 1);
    }
}

// The sync of another one, which began before the name was taken back, must not stand for it.
BOOST_AUTO_TEST_CASE(a_reversal_is_a_change_too) {
    const test::temp_dir dir;
    upload_store store(dir.path(), config::durability::full);
    auto file = sealed(store, store.top(), "new");
    std::thread other;
    std::promise<void> has_begun;
    const auto is_syncing = has_begun.get_future().share();
    {
        const scripted_syncs scripted([&](int number) {
            if (number == 1)
                other = std::thread([&] {
                    store_directory::change{*store.top()};
                    (void)store.top()->sync();
                });
            if (number == 2) has_begun.set_value();
            return number == 2 ? 0 : ENOSPC;
        });
        on_unlink = [&] { is_syncing.wait(); };
        BOOST_TEST(file.place_new("name").error().value() == ENOSPC);
        BOOST_TEST(file.indeterminate_name() == "name");
        other.join();
    }
    const scripted_syncs counted([](int) { return 0; });
    std::string indeterminate;
    BOOST_TEST(store.remove(*store.top(), "name", nullptr, indeterminate).error().value() == ENOENT);
    BOOST_TEST(syncs == 1);
}

// Files are counted now and then, whatever is under way.
BOOST_AUTO_TEST_CASE(a_count_meets_what_is_on_its_way) {
    const test::temp_dir dir;
    dir.write("stays", std::string(40, 'x'));
    dir.write("goes", std::string(60, 'x'));
    upload_store store(dir.path(), config::durability::full, {1000, 0});
    const auto stored = [&] { return store.space().current().stored; };
    BOOST_TEST(stored() == 100U);
    std::string indeterminate;
    const auto count = [&](int) { return store.space().count().value(); };
    {
        const scripted_syncs scripted(count);
        BOOST_TEST(store.remove(*store.top(), "goes", nullptr, indeterminate).has_value());
    }
    BOOST_TEST(stored() == 40U);
    auto claim = store.space().take(7).value();
    auto file = sealed(store, store.top(), "content");
    claim.begin_placing();
    {
        const scripted_syncs scripted(count);
        BOOST_TEST(file.place_new("comes").has_value());
    }
    claim.keep(7, 0);
    BOOST_TEST(stored() == 47U);
    BOOST_TEST(!store.space().count());
    BOOST_TEST(stored() == 47U);
}

// One that never finds a moment of rest is used in the end: it may be too large, but nothing gets in by it.
BOOST_AUTO_TEST_CASE(a_count_that_is_used_all_the_same_is_not_too_small) {
    for (const int counts : {1, 2, 5, 6, 11}) {
        BOOST_TEST_CONTEXT(counts) {
            const test::temp_dir dir;
            dir.write("stays", std::string(40, 'x'));
            dir.write("shrinks", std::string(60, 'x'));
            dir.write("goes", std::string(60, 'x'));
            upload_store store(dir.path(), config::durability::full, {1000, 0});
            const auto stored = [&] { return store.space().current().stored; };
            const auto count = [&](int) {
                for (int i = 0; i < counts; ++i) BOOST_TEST(!store.space().count());
                return 0;
            };
            auto claim = store.space().take(7).value();
            auto file = sealed(store, store.top(), "content");
            std::string indeterminate;
            claim.begin_placing();
            {
                const scripted_syncs scripted(count);
                claim.keep(7, file.place("shrinks", nullptr).value().replaced);
                BOOST_TEST(stored() >= 40U + 7 + 60);
                BOOST_TEST(store.remove(*store.top(), "goes", nullptr, indeterminate).has_value());
            }
            BOOST_TEST(stored() >= 40U + 7);
            BOOST_TEST(!store.space().count());
            BOOST_TEST(stored() == 40U + 7);
        }
    }
}

// Whoever made it has not even said so: but others see it, and what they are told rests on it.
BOOST_AUTO_TEST_CASE(what_was_named_a_moment_ago_is_not_on_the_disk) {
    const test::temp_dir dir;
    upload_store store(dir.path(), config::durability::full);
    auto file = sealed(store, store.top(), "new");
    BOOST_TEST(!store.top()->sync());
    const scripted_syncs counted([](int) { return 0; });
    on_name = [&] {
        BOOST_TEST(store.open("made", true).has_value());
        BOOST_TEST(syncs == 1);
    };
    BOOST_TEST(store.open("made", true).has_value());
    BOOST_TEST(!store.top()->sync());
    const int before = syncs;
    on_name = [&] {
        BOOST_TEST(store.look(*store.top(), "name").value().has_value());
        BOOST_TEST(!store.top()->sync());
        BOOST_TEST(syncs == before + 1);
    };
    BOOST_TEST(file.place_new("name").has_value());
}

// Else each upload into a folder would cost a sync of every folder above it.
BOOST_AUTO_TEST_CASE(a_directory_is_brought_to_the_disk_once) {
    const test::temp_dir dir;
    upload_store store(dir.path(), config::durability::full);
    BOOST_TEST(store.open("a/b/c", true).has_value());
    const scripted_syncs counted([](int) { return 0; });
    for (int i = 0; i < 100; ++i)
        for (const auto* path : {"a", "a/b", "a/b/c"}) BOOST_TEST(store.open(path, i % 2 == 0).has_value());
    BOOST_TEST(syncs == 0);
}

BOOST_AUTO_TEST_CASE(no_answer_rests_on_a_refusal_that_was_not_synced) {
    const test::temp_dir dir;
    upload_store store(dir.path(), config::durability::full);
    auto file = sealed(store, store.top(), "kept");
    BOOST_TEST(file.place("name", nullptr).has_value());
    std::string indeterminate;
    const scripted_syncs counted([](int) { return 0; });
    BOOST_TEST(sealed(store, store.top(), "other").place_new("name").error() ==
               make_error_code(errc::precondition_failed));
    BOOST_TEST(store.remove(*store.top(), "absent", nullptr, indeterminate).error().value() == ENOENT);
    BOOST_TEST(syncs == 0);  // all of it is on the disk
    store_directory::change{*store.top()};
    BOOST_TEST(store.remove(*store.top(), "absent", nullptr, indeterminate).error().value() == ENOENT);
    BOOST_TEST(syncs == 1);
    store_directory::change{*store.top()};
    BOOST_TEST(store.remove(
                        *store.top(), "name", [](auto*) { return false; }, indeterminate)
                   .error() == make_error_code(errc::precondition_failed));
    BOOST_TEST(syncs == 2);
    store_directory::change{*store.top()};
    BOOST_TEST(sealed(store, store.top(), "other").place("name", [](auto*) { return false; }).error() ==
               make_error_code(errc::precondition_failed));
    BOOST_TEST(syncs == 3);
}

BOOST_AUTO_TEST_CASE(a_remembered_answer_is_given_when_it_is_on_the_disk) {
    const test::temp_dir dir;
    upload_store store(dir.path(), config::durability::full);
    answer_records records(store, std::chrono::hours(1), 10);
    BOOST_TEST_REQUIRE(!records.prepare());
    const auto held = records.try_claim(records.identity("/uploads", "key"));
    BOOST_TEST_REQUIRE(!records.remember(*held, {"fingerprint", "/l", {}, {}, {}}));
    const auto where = store.open(answer_records::directory_name, false).value();
    const scripted_syncs scripted([](int number) { return number == 1 ? ENOSPC : 0; });
    BOOST_TEST(records.find(*held).value().has_value());
    BOOST_TEST(syncs == 0);
    store_directory::change{*where};
    BOOST_TEST(records.find(*held).error().value() == ENOSPC);
    BOOST_TEST(records.find(*held).value().has_value());
    BOOST_TEST(syncs == 2);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
