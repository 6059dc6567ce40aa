#include "files/answer_records.hpp"
#include "files/staged_file.hpp"
#include "files/staged_folder.hpp"
#include "files/upload_names.hpp"
#include "files/upload_store.hpp"

#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <latch>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

using namespace fairlead;
using namespace fairlead::files;
namespace fs = std::filesystem;

namespace {

constexpr unnamed_file_forms forms[] = {{}, {true, false, true}, {false, false, false}};

/// Runs `work` with the numbers from 0 in as many threads, which begin together.
template <class Work>
void run_together(int threads, Work work) {
    std::latch begin(threads);
    std::vector<std::thread> running;
    for (int i = 0; i < threads; ++i)
        running.emplace_back([&, i] {
            begin.arrive_and_wait();
            work(i);
        });
    for (auto& thread : running) thread.join();
}

/// A sealed file, or nothing.
std::optional<staged_file> sealed(upload_store& store, const std::shared_ptr<store_directory>& where,
                                  const std::string& content) {
    auto file = staged_file::create(store, where);
    if (!file || file->write(content) || file->seal(std::nullopt)) return std::nullopt;
    return std::move(*file);
}

/// Content that says by itself whether it is whole.
std::string content_of(int number) { return std::string(20'000 + static_cast<std::size_t>(number), 'x'); }
bool is_whole(const std::string& content) {
    return content == content_of(static_cast<int>(content.size()) - 20'000);
}

/// The names in the store, of which none may be a temporary.
std::vector<std::string> names_in(const fs::path& path) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(path)) {
        names.push_back(entry.path().filename());
        BOOST_TEST(!names.back().starts_with(upload_store::temporary_prefix));
    }
    return names;
}

BOOST_AUTO_TEST_CASE(commits_of_many_threads) {
    constexpr int threads = 8, commits = 25;
    for (const auto& form : forms) {
        const test::temp_dir dir;
        upload_store store(dir.path(), config::durability::full, {}, form);
        std::mutex mutex;
        std::map<std::string, std::string> stored;
        std::atomic<int> failed{0};
        run_together(threads, [&](int thread) {
            for (int i = 0; i < commits; ++i) {
                const auto content = std::to_string(thread) + " " + std::to_string(i);
                const auto name = fresh_name("upload");
                auto file = sealed(store, store.top(), content);
                const bool is_stored = file && file->place_new(name);
                const std::lock_guard guard(mutex);
                if (!is_stored || !stored.emplace(name, content).second) ++failed;
            }
        });
        BOOST_TEST(failed == 0);
        BOOST_TEST(stored.size() == std::size_t{threads * commits});
        const auto names = names_in(dir.path());
        BOOST_TEST(names.size() == stored.size());
        for (const auto& name : names) BOOST_TEST(test::read_file(dir / name) == stored[name]);
    }
}

BOOST_AUTO_TEST_CASE(one_of_many_makes_a_name) {
    constexpr int threads = 64;
    const auto is_absent = [](const stored_entry* current) { return !current; };
    for (const auto& form : forms) {
        for (const auto durability : {config::durability::full, config::durability::off}) {
            const test::temp_dir dir;
            upload_store store(dir.path(), durability, {}, form);
            for (int round = 0; round < 4; ++round) {
                const auto name = "name" + std::to_string(round);
                std::atomic<int> made{0}, refused{0}, winner{-1};
                run_together(threads, [&](int thread) {
                    auto file = sealed(store, store.top(), content_of(thread));
                    if (!file) return;
                    const auto placed =
                        thread % 2 == 0 ? file->place_new(name) : file->place(name, is_absent);
                    if (placed) winner = thread;
                    ++(placed ? made : refused);
                    if (!placed && placed.error() != errc::precondition_failed) made += threads;
                });
                BOOST_TEST(made == 1);
                BOOST_TEST(refused == threads - 1);
                BOOST_TEST((test::read_file(dir / name) == content_of(winner)));
            }
            BOOST_TEST(names_in(dir.path()).size() == 4U);
        }
    }
}

BOOST_AUTO_TEST_CASE(one_of_many_makes_a_folder_and_all_make_a_directory) {
    constexpr int threads = 16;
    const test::temp_dir dir;
    upload_store store(dir.path(), config::durability::full);
    std::atomic<int> made{0}, refused{0}, lost{0};
    std::vector<std::shared_ptr<store_directory>> opened(threads);
    run_together(threads, [&](int thread) {
        auto folder = staged_folder::create(store);
        auto file = sealed(store, store.top(), content_of(thread));
        if (!folder || !file || folder->add(std::move(*file), "file")) return void(++lost);
        const auto failed = folder->place("form");
        ++(failed ? refused : made);
        if (failed && failed.value() != EEXIST) ++lost;
        const auto directory = store.open("a/b/c", true);
        if (directory) opened[static_cast<std::size_t>(thread)] = *directory;
    });
    BOOST_TEST(lost == 0);
    BOOST_TEST(made == 1);
    BOOST_TEST(refused == threads - 1);
    BOOST_TEST(is_whole(test::read_file(dir / "form/file")));
    for (const auto& one : opened) BOOST_TEST((one && one == opened[0]));
    BOOST_TEST(names_in(dir.path()).size() == 2U);
}

// Replaced and removed by many while others look: what has the name is always one of the whole ones.
BOOST_AUTO_TEST_CASE(replacements_against_removals) {
    for (const auto& form : forms) {
        for (const auto durability : {config::durability::full, config::durability::off}) {
            const test::temp_dir dir;
            upload_store store(dir.path(), durability, {1 << 30, 0}, form);
            const auto where = store.open("folder", true).value();
            std::atomic<int> wrong{0}, created{0}, replaced{0}, removed{0};
            std::atomic<int> writers{6};
            run_together(8, [&](int thread) {
                std::string indeterminate;
                for (int i = 0; thread < 6 && i < 40; ++i) {
                    if (thread < 4) {
                        auto claim = store.space().take(30'000);
                        auto file = sealed(store, where, content_of(thread * 100 + i));
                        if (claim) claim->begin_placing();
                        const auto placed = file ? file->place("name", nullptr) : errno_code(ENOMEM);
                        if (claim && placed) claim->keep(file->size(), placed->replaced);
                        if (!placed)
                            ++wrong;
                        else
                            ++(placed->is_new ? created : replaced);
                    } else {
                        const auto gone = store.remove(*where, "name", nullptr, indeterminate);
                        if (gone)
                            ++removed;
                        else if (gone.error().value() != ENOENT)
                            ++wrong;
                    }
                }
                if (thread < 6) --writers;
                while (thread >= 6 && writers > 0) {
                    std::ifstream file(dir / "folder/name", std::ios::binary);
                    if (file && !is_whole({std::istreambuf_iterator<char>(file), {}})) ++wrong;
                }
            });
            BOOST_TEST(wrong == 0);
            BOOST_TEST(created + replaced == 160);
            // Each removal took what was made before it, and each name was made where none was.
            const auto left = names_in(dir / "folder").size();
            BOOST_TEST(static_cast<std::size_t>(created - removed) == left);
            if (left) BOOST_TEST(is_whole(test::read_file(dir / "folder/name")));
            BOOST_TEST(names_in(dir.path()).size() == 1U);
            BOOST_TEST(!store.space().count());
            BOOST_TEST(store.space().current().stored == (left ? fs::file_size(dir / "folder/name") : 0));
            BOOST_TEST(store.space().current().claimed == 0U);
        }
    }
}

BOOST_AUTO_TEST_CASE(claims_never_exceed_the_quota) {
    constexpr std::uint64_t quota = 10'000;
    const test::temp_dir dir;
    upload_store store(dir.path(), config::durability::off, {quota, 0});
    auto& space = store.space();
    std::atomic<std::uint64_t> kept{0}, most{0};
    std::atomic<int> refused{0};
    run_together(8, [&](int thread) {
        for (std::uint64_t i = 0; i < 2000; ++i) {
            auto claim = space.take(i % 700);
            if (!claim || claim->grow_to(i % 900)) ++refused;
            const auto now = space.current();
            if (now.stored + now.claimed > quota) most = now.stored + now.claimed;
            if (!claim || thread % 2 == 0) continue;
            const auto size = i % 7;
            claim->keep(size, 0);
            if (thread == 1)
                store_space::removal(space).done(size);
            else
                kept += size;
        }
    });
    BOOST_TEST(most == 0U);
    BOOST_TEST(refused > 0);
    BOOST_TEST(space.current().claimed == 0U);
    BOOST_TEST(space.current().stored == kept);
}

// Records are forgotten meanwhile: more come than are kept.
BOOST_AUTO_TEST_CASE(one_of_many_has_a_key) {
    constexpr int keys = 20, kept = 4;
    const test::temp_dir dir;
    upload_store store(dir.path(), config::durability::full);
    answer_records records(store, std::chrono::hours(1), kept);
    std::vector<std::atomic<int>> holders(keys);
    std::atomic<int> shared{0}, unreadable{0}, others{0}, remembered{0};
    run_together(8, [&](int) {
        if (records.prepare()) ++unreadable;
        for (int i = 0; i < 5 * keys; ++i) {
            const auto key = std::to_string(i % keys);
            const auto held = records.try_claim(records.identity("/uploads", key));
            if (!held) continue;
            auto& holder = holders[static_cast<std::size_t>(i % keys)];
            if (++holder > 1) ++shared;
            const auto found = records.find(*held);
            if (!found) ++unreadable;
            if (found && *found && (*found)->fingerprint != key) ++others;
            if (found && !*found && !records.remember(*held, {key, "/l", {}, {}, {}})) ++remembered;
            --holder;
        }
    });
    BOOST_TEST(shared == 0);
    BOOST_TEST(unreadable == 0);
    BOOST_TEST(others == 0);
    BOOST_TEST(remembered >= keys);
    records.expire();
    // One is the secret.
    BOOST_TEST(names_in(dir / answer_records::directory_name).size() <= kept + 1U);
}

// Whoever shares a failed round fails, and so does everybody after it.
BOOST_AUTO_TEST_CASE(a_broken_disk_fails_every_commit) {
    const test::temp_dir dir;
    upload_store store(dir.path(), config::durability::full);
    std::atomic<int> after{0}, wrong{0};
    std::atomic<bool> is_broken{false};
    run_together(4, [&](int) {
        for (int i = 0; i < 100; ++i) {
            const bool was_broken = is_broken;
            auto file = sealed(store, store.top(), "{}");
            const bool is_stored = file && file->place_new(fresh_name("upload"));
            if (was_broken) ++after;
            if (was_broken && is_stored) ++wrong;
            if (i == 20) {
                store.health().note(errno_code(EIO));
                is_broken = true;
            }
        }
    });
    BOOST_TEST(after > 0);
    BOOST_TEST(wrong == 0);
    names_in(dir.path());
}

}  // namespace
