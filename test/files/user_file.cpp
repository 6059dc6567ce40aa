#include "files/user_file.hpp"

#include "base/unique_fd.hpp"
#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>

using namespace fairlead;
using namespace fairlead::files;

namespace {

BOOST_AUTO_TEST_SUITE(user_file_suite)

std::string line(const std::string& name) { return name + ":$2y$05$" + std::string(53, 'a') + "\n"; }

struct user_file_fixture {
    test::temp_dir where;
    std::string path = dir() / "users";
    user_file_fixture() { put(line("ann")); }
    const std::filesystem::path& dir() const { return where.path(); }

    void put(const std::string& text, unsigned mode = 0640) const {
        test::write_file(path, text);
        BOOST_TEST_REQUIRE(::chmod(path.c_str(), mode) == 0);
    }
    void replace(const std::string& text, unsigned mode = 0640) const {
        const auto fresh = path + ".new";
        test::write_file(fresh, text);
        BOOST_TEST_REQUIRE(::chmod(fresh.c_str(), mode) == 0);
        std::filesystem::rename(fresh, path);
    }
    /// The sentence with which the file is refused at the start, or "".
    std::string refusal() const {
        try {
            const user_file file(path);
        } catch (const std::exception& error) {
            return error.what();
        }
        return "";
    }
};

BOOST_FIXTURE_TEST_CASE(modes, user_file_fixture) {
    for (const unsigned mode : {0400U, 0600U, 0640U, 0440U, 0700U}) {
        put(line("ann"), mode);
        BOOST_TEST(refusal() == "", mode);
    }
    for (const unsigned mode : {0644U, 0604U, 0444U}) {
        put(line("ann"), mode);
        BOOST_TEST((refusal().find("everybody on this machine may read the hashes") != std::string::npos),
                   mode);
        BOOST_TEST((refusal().find("chmod u=rw,g=r,o=") != std::string::npos), mode);
    }
    for (const unsigned mode : {0660U, 0620U, 0602U, 0666U, 0646U}) {
        put(line("ann"), mode);
        BOOST_TEST((refusal().find("others than its owner may write it") != std::string::npos), mode);
    }
}

BOOST_FIXTURE_TEST_CASE(what_is_no_file_of_users_is_refused_at_the_start, user_file_fixture) {
    put("hunter2\n");
    BOOST_TEST(refusal().find("the file of users " + path + " is not taken: line 1: ") == 0U);
    std::filesystem::remove(path);
    BOOST_TEST((refusal().find("No such file") != std::string::npos));
    std::filesystem::create_directory(path);
    BOOST_TEST((refusal().find("it is no regular file") != std::string::npos));
    std::filesystem::remove(path);
    BOOST_TEST_REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    BOOST_TEST(
        (refusal().find("it is no regular file") != std::string::npos));  // and nobody waits for a writer
    std::filesystem::remove(path);
    put("");
    std::filesystem::resize_file(path, (64 << 20) + 1);
    BOOST_TEST((refusal().find("64 MiB") != std::string::npos));
}

BOOST_FIXTURE_TEST_CASE(a_replaced_file_is_read_at_the_next_look, user_file_fixture) {
    user_file file(path);
    BOOST_TEST(!file.look().has_new_users);
    const auto held = file.users();
    replace(line("bob"));
    BOOST_TEST(file.look().has_new_users);
    BOOST_TEST(file.users()->find("bob"));
    BOOST_TEST(!file.users()->find("ann"));
    BOOST_TEST(held->find("ann"));  // who is at it keeps it
    BOOST_TEST(!file.look().has_new_users);
}

BOOST_FIXTURE_TEST_CASE(a_file_that_is_written_in_place_is_read_when_it_lies_still, user_file_fixture) {
    user_file file(path);
    put(line("bob"));
    BOOST_TEST(!file.look().has_new_users);
    put(line("bob") + line("eve"));
    BOOST_TEST(!file.look().has_new_users);
    BOOST_TEST(file.users()->find("ann"));
    BOOST_TEST(file.look().has_new_users);
    BOOST_TEST(file.users()->find("eve"));
    BOOST_TEST(!file.look().has_new_users);
}

BOOST_FIXTURE_TEST_CASE(a_broken_new_file_changes_nothing_and_is_told_once, user_file_fixture) {
    user_file file(path);
    const struct {
        std::string text;
        unsigned mode;
        std::string sentence;
    } rows[] = {{"hunter2\n", 0640, "line 1"}, {line("bob"), 0644, "may read the hashes"}};
    for (const auto& [text, mode, sentence] : rows) BOOST_TEST_CONTEXT(sentence) {
            replace(text, mode);
            const auto news = file.look();
            BOOST_TEST(!news.has_new_users);
            BOOST_TEST((news.fault.find(sentence) != std::string::npos));
            BOOST_TEST((news.fault.find("those who were known stay known") != std::string::npos));
            BOOST_TEST(file.look().fault == "");
            BOOST_TEST(file.users()->find("ann"));
        }
    // The mode alone is what was wrong.
    BOOST_TEST_REQUIRE(::chmod(path.c_str(), 0600) == 0);
    BOOST_TEST(!file.look().has_new_users);
    BOOST_TEST(file.look().has_new_users);
    BOOST_TEST(file.users()->find("bob"));
}

BOOST_FIXTURE_TEST_CASE(a_file_that_is_gone_is_told_once_and_may_come_back, user_file_fixture) {
    user_file file(path);
    std::filesystem::remove(path);
    BOOST_TEST((file.look().fault.find("is gone") != std::string::npos));
    BOOST_TEST(file.look().fault == "");
    BOOST_TEST(file.users()->find("ann"));
    put(line("bob"));
    (void)file.look();
    BOOST_TEST(file.look().has_new_users);
    BOOST_TEST(file.users()->find("bob"));
}

// Who rewrites the file in place, with one write(2) even, may be in the middle of it: nobody is let in by a
// mixture, nor locked out.
BOOST_FIXTURE_TEST_CASE(no_users_are_from_the_middle_of_a_write, user_file_fixture) {
    constexpr int users = 2000;
    const auto text_of = [](char version) {
        std::string text;
        for (int i = 0; i < users; ++i) text += line(version + std::to_string(100'000 + i));
        return text;
    };
    const std::string texts[] = {text_of('a'), text_of('b')};
    put(texts[0]);
    std::atomic<bool> is_over{false};
    std::jthread writer([&] {
        const unique_fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
        for (int i = 0; !is_over; ++i) {
            const auto& text = texts[i % 2];
            if (::pwrite(file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
                return;
        }
    });
    int taken = 0, mixed = 0;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    while (std::chrono::steady_clock::now() < end) {
        try {
            const auto read = user_file(path).users();
            ++taken;
            const char version = read->any(0)->name[0];
            for (int i = 0; i < users; ++i)
                if (!read->find(version + std::to_string(100'000 + i))) {
                    ++mixed;
                    break;
                }
        } catch (const std::runtime_error& error) {
            BOOST_TEST_REQUIRE(
                (std::string_view(error.what()).find("being written") != std::string_view::npos),
                error.what());
        }
    }
    is_over = true;
    BOOST_TEST(mixed == 0);
    BOOST_TEST_MESSAGE(taken << " tables taken");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
