#include "files/stored_digest.hpp"

#include "base/unique_fd.hpp"
#include "files/staged_file.hpp"
#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <regex>

using namespace fairlead;
using namespace fairlead::files;
namespace fs = std::filesystem;

namespace {

constexpr const char* attribute = "user.fairlead.sha256";
constexpr const char* mark_attribute = "user.fairlead.request";

sha_digest digest_of(std::string_view text) {
    sha_hasher hasher(sha_kind::sha256);
    hasher.update(text);
    return hasher.finish();
}

/// An open file with a kept digest.
struct kept_file {
    explicit kept_file(const test::temp_dir& dir)
        : path(dir.write("file", "content")), fd(::open(path.c_str(), O_RDWR | O_CLOEXEC)) {
        is_kept = !keep_digest(fd.get(), info(), digest);
    }
    file_info info() const { return inspect(fd.get()).value(); }

    const fs::path path;
    const unique_fd fd;
    const sha_digest digest = digest_of("content");
    bool is_kept = false;
};

BOOST_AUTO_TEST_SUITE(stored_digest_suite)

BOOST_AUTO_TEST_CASE(is_found_again) {
    const test::temp_dir dir;
    kept_file file(dir);
    if (!file.is_kept) {
        BOOST_TEST_MESSAGE("skipped: this file system keeps no attributes");
        return;
    }
    BOOST_TEST((kept_digest(file.fd.get(), file.info()) == file.digest));
    const unique_fd again(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC));
    BOOST_TEST((kept_digest(again.get(), file.info()) == file.digest));
    BOOST_TEST(entity_tag_of(again.get(), file.info()) ==
               "\"ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73\"");
    // A new name, other permissions: the content is the same.
    fs::rename(file.path, dir / "renamed");
    ::fchmod(file.fd.get(), 0600);
    BOOST_TEST((kept_digest(file.fd.get(), file.info()) == file.digest));
    const auto other = digest_of("other");
    BOOST_TEST(!keep_digest(file.fd.get(), file.info(), other));
    BOOST_TEST((kept_digest(file.fd.get(), file.info()) == other));
}

BOOST_AUTO_TEST_CASE(is_void_for_a_file_that_was_written_since) {
    const timespec long_past[2] = {{1'600'000'000, 0}, {1'600'000'000, 0}};
    const timespec a_tick_later[2] = {{1'600'000'000, 0}, {1'600'000'000, 1}};
    const struct {
        const char* what;
        std::function<bool(int fd)> change;
    } cases[] = {
        {"written", [](int fd) { return ::pwrite(fd, "CONTENT", 7, 0) == 7; }},
        {"longer", [](int fd) { return ::pwrite(fd, "more", 4, 7) == 4; }},
        {"longer with its old time",
         [&](int fd) { return ::pwrite(fd, "more", 4, 7) == 4 && ::futimens(fd, long_past) == 0; }},
        {"shorter with its old time",
         [&](int fd) { return ::ftruncate(fd, 6) == 0 && ::futimens(fd, long_past) == 0; }},
        {"touched", [&](int fd) { return ::futimens(fd, nullptr) == 0; }},
        {"another nanosecond", [&](int fd) { return ::futimens(fd, a_tick_later) == 0; }},
    };
    for (const auto& each : cases) {
        BOOST_TEST_CONTEXT(each.what) {
            const test::temp_dir dir;
            kept_file file(dir);
            if (!file.is_kept) {
                BOOST_TEST_MESSAGE("skipped: this file system keeps no attributes");
                return;
            }
            BOOST_TEST(each.change(file.fd.get()));
            BOOST_TEST(!kept_digest(file.fd.get(), file.info()).has_value());
            BOOST_TEST(entity_tag_of(file.fd.get(), file.info()) == make_entity_tag(file.info()));
        }
    }
}

BOOST_AUTO_TEST_CASE(an_attribute_of_another_form_is_none) {
    const test::temp_dir dir;
    kept_file file(dir);
    if (!file.is_kept) {
        BOOST_TEST_MESSAGE("skipped: this file system keeps no attributes");
        return;
    }
    std::string value(48, '\0');
    BOOST_TEST_REQUIRE(::fgetxattr(file.fd.get(), attribute, value.data(), value.size()) == 48);
    for (const auto& other : {std::string(), value.substr(0, 32), value.substr(0, 47), value + "x",
                              std::string(48, '\0'), std::string(48, '\xff'), std::string(1000, 'x')}) {
        BOOST_TEST_CONTEXT(other.size() << " bytes") {
            BOOST_TEST_REQUIRE(::fsetxattr(file.fd.get(), attribute, other.data(), other.size(), 0) == 0);
            BOOST_TEST(!kept_digest(file.fd.get(), file.info()).has_value());
        }
    }
    ::fremovexattr(file.fd.get(), attribute);
    BOOST_TEST(!kept_digest(file.fd.get(), file.info()).has_value());
}

BOOST_AUTO_TEST_CASE(a_mark_stays_with_its_file) {
    const test::temp_dir dir;
    kept_file file(dir);
    if (!file.is_kept) {
        BOOST_TEST_MESSAGE("skipped: this file system keeps no attributes");
        return;
    }
    BOOST_TEST(!kept_mark(file.fd.get()).has_value());
    const auto mark = digest_of("request");
    BOOST_TEST(!keep_mark(file.fd.get(), mark));
    BOOST_TEST((kept_mark(file.fd.get()) == mark));
    BOOST_TEST((kept_digest(file.fd.get(), file.info()) == file.digest));
    fs::rename(file.path, dir / "renamed");
    BOOST_TEST((kept_mark(file.fd.get()) == mark));
    for (const std::size_t size : {0, 31, 33, 64}) {
        const std::string other(size, 'x');
        BOOST_TEST_REQUIRE(::fsetxattr(file.fd.get(), mark_attribute, other.data(), size, 0) == 0);
        BOOST_TEST(!kept_mark(file.fd.get()).has_value());
    }
    BOOST_TEST(!kept_mark(-1).has_value());
    BOOST_TEST(keep_mark(-1, mark).value() == EBADF);
}

BOOST_AUTO_TEST_CASE(says_when_it_cannot_be_kept) {
    int pipes[2];
    BOOST_TEST_REQUIRE(::pipe2(pipes, O_CLOEXEC) == 0);
    const unique_fd in(pipes[0]), out(pipes[1]);
    const auto digest = digest_of("content");
    BOOST_TEST(keep_digest(in.get(), {}, digest).failed());
    BOOST_TEST(keep_digest(-1, {}, digest).value() == EBADF);
    BOOST_TEST(!kept_digest(in.get(), {}).has_value());
    BOOST_TEST(!kept_digest(-1, {}).has_value());
}

// The tag that a file gets is the one that it has, also where it cannot be kept with the file.
BOOST_AUTO_TEST_CASE(is_the_tag_of_what_was_stored) {
    const test::temp_dir dir;
    const auto memory = fs::path("/dev/shm") / ("fairlead-digest-" + std::to_string(::getpid()));
    for (const auto& path : {dir / "store", memory}) {
        for (const bool has_digest : {true, false}) {
            BOOST_TEST_CONTEXT(path << " digest " << has_digest) {
                upload_store store(path, config::durability::off);
                auto file = staged_file::create(store, store.top()).value();
                BOOST_TEST(!file.write(std::string_view("content")));
                BOOST_TEST(!file.seal(has_digest ? std::optional(digest_of("content")) : std::nullopt));
                const auto placed = file.place("name", nullptr).value();
                BOOST_TEST(placed.etag == store.look(*store.top(), "name").value()->etag);
                if (has_digest && path != memory)
                    BOOST_TEST(placed.etag == make_entity_tag(digest_of("content")));
            }
        }
    }
    fs::remove_all(memory);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
