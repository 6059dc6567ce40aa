#include "files/answer_records.hpp"

#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <regex>
#include <thread>

using namespace fairlead;
using namespace fairlead::files;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

const answer_record first{"fingerprint", "/uploads/upload_1.json", "\"tag\"",
                          "sha-256=:abc=:", "{\"a\":1}\n"};

struct fixture {
    fixture() { BOOST_TEST_REQUIRE(!records.prepare()); }

    answer_records::claim claim(const std::string& key) {
        return std::move(*records.try_claim(records.identity("/uploads", key)));
    }
    fs::path folder() const { return dir / answer_records::directory_name; }
    fs::path file_of(const std::string& key) const { return folder() / records.identity("/uploads", key); }
    std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(folder()), fs::directory_iterator()));
    }

    const test::temp_dir dir;
    upload_store store{dir.path(), config::durability::full};
    answer_records records{store, 1h, 100};
};

bool is_mentioned(const std::runtime_error& error) {
    return std::string_view(error.what()).find(answer_records::directory_name) != std::string_view::npos;
}

BOOST_AUTO_TEST_SUITE(answer_records_suite)

BOOST_AUTO_TEST_CASE(are_made_with_the_first_key) {
    const test::temp_dir dir;
    upload_store store(dir.path(), config::durability::full);
    {
        answer_records records(store, 1h, 10);
        BOOST_TEST(!records.is_ready());
        BOOST_TEST(fs::is_empty(dir.path()));
        BOOST_TEST(!records.prepare());
        BOOST_TEST(records.is_ready());
        BOOST_TEST(!records.prepare());
    }
    BOOST_TEST(answer_records(store, 1h, 10).is_ready());
    const auto folder = dir / answer_records::directory_name;
    BOOST_TEST(answer_records::directory_name.starts_with('.'));
    struct stat found{};
    ::stat((folder / "secret").c_str(), &found);
    BOOST_TEST(found.st_size == 32);
    BOOST_TEST((found.st_mode & 0137) == 0U);
}

BOOST_AUTO_TEST_CASE(many_who_come_first_make_one_secret) {
    const test::temp_dir dir;
    upload_store store(dir.path(), config::durability::full);
    answer_records records(store, 1h, 10);
    std::vector<std::string> identities(8);
    std::vector<std::thread> threads;
    for (auto& identity : identities)
        threads.emplace_back([&] {
            if (!records.prepare()) identity = records.identity("/", "key");
        });
    for (auto& thread : threads) thread.join();
    for (const auto& identity : identities) BOOST_TEST(identity == records.identity("/", "key"));
}

BOOST_FIXTURE_TEST_CASE(identities, fixture) {
    const auto identity = records.identity("/uploads", "key");
    BOOST_TEST(std::regex_match(identity, std::regex("[0-9a-f]{32}")));
    BOOST_TEST(identity == records.identity("/uploads", "key"));
    for (const auto& [scope, key] : {std::pair<std::string, std::string>{"/uploads", "Key"},
                                     {"/upload", "skey"},
                                     {"/uploads", "key "},
                                     {"/uploads", ""},
                                     {"", "key"},
                                     {"/uploads\nkey", ""}})
        BOOST_TEST(identity != records.identity(scope, key));
    BOOST_TEST(answer_records(store, 1h, 10).identity("/uploads", "key") == identity);  // after a restart
    const test::temp_dir elsewhere;
    upload_store other(elsewhere.path(), config::durability::off);
    answer_records others(other, 1h, 10);
    BOOST_TEST(!others.prepare());
    BOOST_TEST(others.identity("/uploads", "key") != identity);
}

BOOST_FIXTURE_TEST_CASE(a_claim_is_exclusive, fixture) {
    {
        auto held = records.try_claim("identity");
        BOOST_TEST_REQUIRE(held.has_value());
        BOOST_TEST(held->identity() == "identity");
        BOOST_TEST(!records.try_claim("identity").has_value());
        BOOST_TEST(records.try_claim("other").has_value());
        auto moved = std::move(*held);
        held.reset();
        BOOST_TEST(moved.identity() == "identity");
        BOOST_TEST(!records.try_claim("identity").has_value());
    }
    BOOST_TEST(records.try_claim("identity").has_value());
}

BOOST_FIXTURE_TEST_CASE(what_was_remembered_is_found, fixture) {
    const auto held = claim("key");
    BOOST_TEST(!records.find(held).value().has_value());
    BOOST_TEST(!records.remember(held, first));
    BOOST_TEST((records.find(held).value() == first));
    BOOST_TEST(!records.find(claim("other")).value().has_value());
    BOOST_TEST((records.remember(held, first) == make_error_code(errc::precondition_failed)));
    // After a restart.
    answer_records again(store, 1h, 100);
    const auto same = again.try_claim(again.identity("/uploads", "key"));
    BOOST_TEST((again.find(*same).value() == first));
    struct stat found{};
    ::stat(file_of("key").c_str(), &found);
    BOOST_TEST((found.st_mode & 0137) == 0U);
}

BOOST_FIXTURE_TEST_CASE(every_text_comes_back_as_it_was, fixture) {
    const std::string bytes = [] {
        std::string all;
        for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
        return all;
    }();
    const struct {
        const char* what;
        bool must_be_kept;  ///< else it may be refused, but not remembered so that nobody can read it
        answer_record record;
    } cases[] = {
        {"empty ones", true, {"f", "/l", "", "", ""}},
        {"quotes and controls", true, {"f\"\\", "/l\n", "\"\t\"", "\x01", std::string("a\0b", 3)}},
        {"letters", true, {"f", "/\u00E4", "\u20AC", "\U0001F600", "\u2028"}},
        {"what is no UTF-8", false, {"f", "/l", "e", "d", bytes}},
        {"a body with many files", false, {"f", "/l", "e", "d", std::string(5 << 20, 'x')}},
    };
    for (const auto& each : cases) {
        BOOST_TEST_CONTEXT(each.what) {
            const auto held = claim(each.what);
            const auto failed = records.remember(held, each.record);
            BOOST_TEST((!failed || !each.must_be_kept));
            if (failed) continue;
            const auto found = records.find(held);
            BOOST_TEST((found && *found == each.record));
        }
    }
}

BOOST_FIXTURE_TEST_CASE(what_is_no_record_is_an_error, fixture) {
    for (const auto* text :
         {"x", "{", "[]", "null", "{}", "\"text\"", "{\"fingerprint\":\"f\"}",
          "{\"fingerprint\":1,\"location\":\"/l\"}", "{\"fingerprint\":\"\",\"location\":\"/l\"}",
          "{\"fingerprint\":\"f\",\"location\":\"/l\"} x"}) {
        BOOST_TEST_CONTEXT(text) {
            test::write_file(file_of("key"), text);
            BOOST_TEST(records.find(claim("key")).has_error());
        }
    }
    for (const auto& make : {+[](const fs::path& at) { fs::create_directory(at); },
                             +[](const fs::path& at) { ::mkfifo(at.c_str(), 0600); }}) {
        fs::remove(file_of("key"));
        make(file_of("key"));
        BOOST_TEST(records.find(claim("key")).has_error());
    }
    const test::temp_dir elsewhere;
    test::write_file(elsewhere / "record", R"({"fingerprint":"f","location":"/l"})");
    fs::remove(file_of("key"));
    fs::create_symlink(elsewhere / "record", file_of("key"));
    const auto found = records.find(claim("key"));
    BOOST_TEST((found.has_error() || !found->has_value()));
    BOOST_TEST(test::read_file(elsewhere / "record").size() == 35U);
    BOOST_TEST(!store.health().has_failed());
}

/// Makes a file as old as that.
void set_age(const fs::path& path, std::chrono::seconds age) {
    const auto then = std::time(nullptr) - age.count();
    const timespec times[2] = {{then, 0}, {then, 0}};
    BOOST_TEST_REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
}

BOOST_FIXTURE_TEST_CASE(expire_by_time, fixture) {
    for (const auto* key : {"old", "nearly", "young"}) BOOST_TEST(!records.remember(claim(key), first));
    set_age(file_of("old"), 3602s);
    set_age(file_of("nearly"), 3590s);
    set_age(folder() / "secret", 3602s);
    for (int round = 0; round < 2; ++round) {
        // A record whose time is over does not count, whether it has been removed or not.
        BOOST_TEST(!records.find(claim("old")).value().has_value());
        BOOST_TEST(records.find(claim("nearly")).value().has_value());
        BOOST_TEST(records.find(claim("young")).value().has_value());
        records.expire();
    }
    BOOST_TEST(!fs::exists(file_of("old")));
    BOOST_TEST(files() == 3U);  // the secret is none
    BOOST_TEST(!records.remember(claim("old"), first));
    BOOST_TEST(records.find(claim("old")).value().has_value());
    for (const auto* key : {"old", "nearly", "young"}) set_age(file_of(key), 3602s);
    records.expire();
    BOOST_TEST(files() == 1U);
    BOOST_TEST(answer_records(store, 1h, 100).is_ready());
}

BOOST_FIXTURE_TEST_CASE(a_key_whose_time_is_over_is_a_new_one, fixture) {
    BOOST_TEST(!records.remember(claim("key"), first));
    set_age(file_of("key"), 3602s);
    const auto held = claim("key");
    BOOST_TEST(!records.find(held).value().has_value());
    auto second = first;
    second.location = "/uploads/upload_2.json";
    BOOST_TEST(!records.remember(held, second));
    BOOST_TEST((records.find(held).value() == second));
}

BOOST_FIXTURE_TEST_CASE(expire_by_number_the_oldest_first, fixture) {
    answer_records few(store, 1h, 3);
    for (int i = 0; i < 6; ++i) {
        const auto held = few.try_claim(few.identity("/uploads", std::to_string(i)));
        BOOST_TEST(!few.remember(*held, first));
        BOOST_TEST(files() <= 4U);
        set_age(file_of(std::to_string(i)), std::chrono::seconds(1000 - i));
    }
    for (int i = 0; i < 6; ++i)
        BOOST_TEST(fs::exists(file_of(std::to_string(i))) == (i >= 3), "record " << i);
    answer_records fewer(store, 1h, 1);  // a smaller limit counts from the start on
    BOOST_TEST(files() == 2U);
    BOOST_TEST(fs::exists(file_of("5")));
}

// Without syncs a power loss may leave a file without its content.
BOOST_AUTO_TEST_CASE(what_a_power_loss_left_blank_counts_as_never_written) {
    for (const auto& blank : {std::string(), std::string(32, '\0'), std::string(500, '\0')}) {
        const test::temp_dir dir;
        dir.write(".fairlead-keys/secret", blank);
        upload_store store(dir.path(), config::durability::off);
        answer_records records(store, 1h, 10);
        BOOST_TEST(records.is_ready());
        const auto secret = test::read_file(dir / ".fairlead-keys/secret");
        BOOST_TEST(secret.size() == 32U);
        BOOST_TEST((secret != std::string(32, '\0')));
        const auto identity = records.identity("/", "key");
        BOOST_TEST(answer_records(store, 1h, 10).identity("/", "key") == identity);

        const auto held = records.try_claim(identity);
        const auto record = dir / ".fairlead-keys" / identity;
        test::write_file(record, blank);
        const auto found = records.find(*held);
        BOOST_TEST((found && !*found));
        BOOST_TEST(!fs::exists(record));
        BOOST_TEST(!records.remember(*held, first));
    }
}

BOOST_FIXTURE_TEST_CASE(what_is_blank_on_a_durable_store_is_an_error, fixture) {
    if (!store.is_durable()) return;  // a temporary directory that keeps nothing
    test::write_file(file_of("key"), std::string(100, '\0'));
    BOOST_TEST(records.find(claim("key")).has_error());
    test::write_file(folder() / "secret", "");
    BOOST_CHECK_EXCEPTION(answer_records(store, 1h, 10), std::runtime_error, is_mentioned);
}

BOOST_AUTO_TEST_CASE(a_memory_that_cannot_be_used_ends_the_start) {
    for (const auto* secret : {"short", "a secret of more than thirty-two bytes"}) {
        const test::temp_dir dir;
        dir.write(".fairlead-keys/secret", secret);
        upload_store store(dir.path(), config::durability::off);
        BOOST_CHECK_EXCEPTION(answer_records(store, 1h, 10), std::runtime_error, is_mentioned);
    }
    const test::temp_dir dir, elsewhere;
    elsewhere.write("secret", std::string(32, 'x'));
    fs::create_directory_symlink(elsewhere.path(), dir / ".fairlead-keys");
    upload_store store(dir.path(), config::durability::off);
    BOOST_CHECK_EXCEPTION(answer_records(store, 1h, 10), std::runtime_error, is_mentioned);
    fs::remove(dir / ".fairlead-keys");
    test::write_file(dir / ".fairlead-keys", "");
    BOOST_CHECK_EXCEPTION(answer_records(store, 1h, 10), std::runtime_error, is_mentioned);
    // What a kill between the two leaves behind.
    fs::remove(dir / ".fairlead-keys");
    fs::create_directory(dir / ".fairlead-keys");
    BOOST_TEST(answer_records(store, 1h, 10).is_ready());
}

BOOST_FIXTURE_TEST_CASE(nothing_is_remembered_on_a_broken_disk, fixture) {
    store.health().note(errno_code(EIO));
    BOOST_TEST(records.remember(claim("key"), first).value() == EIO);
    BOOST_TEST(files() == 1U);
    for (const auto& entry : fs::directory_iterator(dir.path()))
        BOOST_TEST(entry.path().filename() == answer_records::directory_name);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
