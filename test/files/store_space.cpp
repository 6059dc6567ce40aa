#include "files/store_space.hpp"

#include "base/unique_fd.hpp"
#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <vector>

using namespace fairlead;
using namespace fairlead::files;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t gib = 1ULL << 30;

struct fixture {
    store_space make(std::uint64_t quota, std::uint64_t min_free = 0) const {
        return store_space(directory.get(), {quota, min_free});
    }
    const test::temp_dir dir;
    const unique_fd directory{::open(dir.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
};

BOOST_FIXTURE_TEST_SUITE(store_space_suite, fixture)

BOOST_AUTO_TEST_CASE(without_limits_only_counts_what_is_on_its_way) {
    auto space = make(0);
    {
        const auto one = space.take(10).value();
        const auto other = space.take(0).value();
        BOOST_TEST(space.current().claimed == 10U);
    }
    BOOST_TEST(space.current().claimed == 0U);
    BOOST_TEST(!space.count());
    BOOST_TEST(space.current().stored == 0U);
    BOOST_TEST(!space.look());
    BOOST_TEST(space.current().free > 0U);
}

BOOST_AUTO_TEST_CASE(the_quota_is_reached_but_never_exceeded) {
    const struct {
        std::uint64_t stored, claimed, more;
        bool fits;
    } cases[] = {
        {0, 0, 100, true},
        {0, 0, 101, false},
        {60, 0, 40, true},
        {60, 0, 41, false},
        {0, 60, 40, true},
        {0, 60, 41, false},
        {30, 30, 40, true},
        {30, 30, 41, false},
        {100, 0, 0, true},
        {100, 0, 1, false},
        {150, 0, 1, false},
        {0, 0, UINT64_MAX, false},
        {60, 0, UINT64_MAX - 50, false},
        {1, 1, UINT64_MAX - 1, false},
    };
    for (const auto& each : cases) {
        BOOST_TEST_CONTEXT(each.stored << " + " << each.claimed << " + " << each.more) {
            auto space = make(100);
            space.take(0).value().keep(each.stored, 0);
            const auto before = space.take(each.claimed);
            const auto taken = space.take(each.more);
            BOOST_TEST(taken.has_value() == each.fits);
            if (!each.fits) BOOST_TEST(taken.error() == make_error_code(errc::quota_exceeded));
            BOOST_TEST(space.current().claimed == each.claimed + (each.fits ? each.more : 0));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_claim_grows_as_far_as_there_is_room) {
    auto space = make(100);
    {
        auto claim = space.take(10).value();
        BOOST_TEST(!claim.grow_to(5));
        BOOST_TEST(space.current().claimed == 10U);
        BOOST_TEST(!claim.grow_to(100));
        BOOST_TEST(claim.grow_to(101) == make_error_code(errc::quota_exceeded));
        BOOST_TEST(claim.grow_to(UINT64_MAX) == make_error_code(errc::quota_exceeded));
        BOOST_TEST(space.current().claimed == 100U);
        BOOST_TEST(space.take(1).error() == make_error_code(errc::quota_exceeded));
    }
    BOOST_TEST(space.current().claimed == 0U);
}

BOOST_AUTO_TEST_CASE(who_announces_much_and_sends_little_takes_little) {
    constexpr std::uint64_t mib = 1 << 20;
    BOOST_TEST(room_for(0, 0) == 0U);
    BOOST_TEST(room_for(0, 1000) == 1000U);
    BOOST_TEST(room_for(0, gib) == mib);
    BOOST_TEST(room_for(1, gib) == mib + 1);
    BOOST_TEST(room_for(3 * mib, gib) == 6 * mib);
    BOOST_TEST(room_for(100 * mib, gib) == 116 * mib);
    BOOST_TEST(room_for(gib - 1, gib) == gib);
    BOOST_TEST(room_for(gib, gib) == gib);
    BOOST_TEST(room_for(7, 5) == 7U);
    BOOST_TEST(room_for(1, UINT64_MAX) == mib + 1);

    // A hundred of them leave the room of a quota to those who fill it.
    auto space = make(gib);
    std::vector<store_space::claim> dripping;
    for (int i = 0; i < 100; ++i) dripping.push_back(space.admit(512 * mib).value());
    BOOST_TEST(space.current().claimed == 100 * mib);
    auto quick = space.admit(900 * mib).value();
    BOOST_TEST(!quick.cover(900 * mib, 900 * mib));
    BOOST_TEST(space.current().claimed == 1000 * mib);
    // What cannot fit as things are is refused before it comes.
    BOOST_TEST(space.admit(25 * mib).error() == make_error_code(errc::quota_exceeded));
    BOOST_TEST(space.admit(24 * mib).has_value());
    BOOST_TEST(dripping[0].cover(mib, 512 * mib) == error_code{});
    BOOST_TEST(dripping[0].cover(40 * mib, 512 * mib) == make_error_code(errc::quota_exceeded));
}

BOOST_AUTO_TEST_CASE(near_the_floor_what_is_on_the_disk_counts_once) {
    constexpr std::uint64_t mib = 1 << 20;
    auto plain = make(0);
    BOOST_TEST_REQUIRE(!plain.look());
    const auto free = plain.current().free;
    if (free < gib) {
        BOOST_TEST_MESSAGE("skipped: the disk is nearly full");
        return;
    }
    // 200 MiB may be used; others on this disk may take or leave some.
    auto space = make(0, free - 200 * mib);
    auto claim = space.admit(150 * mib).value();
    BOOST_TEST(claim.cover(110 * mib, 150 * mib) == error_code{});
    const unique_fd file(::open((dir / "file").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    BOOST_TEST_REQUIRE(::posix_fallocate(file.get(), 0, 120 * mib) == 0);
    claim.occupy(120 * mib);
    BOOST_TEST(claim.cover(149 * mib, 150 * mib) == error_code{});
    // The rest of it is still to come, and has its room; what is above that has not.
    BOOST_TEST(space.admit(10 * mib).has_value());
    BOOST_TEST(space.admit(100 * mib).error() == errno_code(ENOSPC));
    claim.occupy(120 * mib);
    BOOST_TEST(claim.cover(260 * mib, -1) == errno_code(ENOSPC));
    claim = {};
    BOOST_TEST(space.current().claimed == 0U);
}

BOOST_AUTO_TEST_CASE(an_upload_of_unknown_length_is_covered_as_it_comes) {
    auto space = make(100);
    auto claim = space.admit(-1).value();
    BOOST_TEST(space.current().claimed == 0U);
    BOOST_TEST(!claim.cover(60, -1));
    BOOST_TEST(!claim.cover(60, -1));
    BOOST_TEST(space.current().claimed == 60U);
    BOOST_TEST(claim.cover(101, -1) == make_error_code(errc::quota_exceeded));
    claim.keep(60, 0);
    BOOST_TEST(space.current().stored == 60U);
}

BOOST_AUTO_TEST_CASE(what_is_kept_is_stored_and_the_rest_given_back) {
    auto space = make(100);
    {
        auto claim = space.take(100).value();
        claim.keep(30, 0);
        BOOST_TEST(space.current().stored == 30U);
        BOOST_TEST(space.current().claimed == 0U);
    }
    BOOST_TEST(space.current().claimed == 0U);
    space.take(50).value().keep(50, 30);
    BOOST_TEST(space.current().stored == 50U);
    store_space::removal(space).done(20);
    BOOST_TEST(space.current().stored == 30U);
    BOOST_TEST(space.take(70).has_value());
    BOOST_TEST(space.take(71).error() == make_error_code(errc::quota_exceeded));
}

BOOST_AUTO_TEST_CASE(a_claim_that_moved_is_given_back_once) {
    auto space = make(100);
    {
        auto one = space.take(10).value();
        auto moved = std::move(one);
        store_space::claim none;
        none = std::move(moved);
        auto other = space.take(20).value();
        other = std::move(none);
        BOOST_TEST(space.current().claimed == 30U);
        BOOST_TEST(!other.grow_to(15));
        BOOST_TEST(space.current().claimed == 35U);
    }
    BOOST_TEST(space.current().claimed == 0U);
}

BOOST_AUTO_TEST_CASE(sums_never_go_below_nothing) {
    auto space = make(100);
    space.take(10).value().keep(10, 0);
    store_space::removal(space).done(11);
    BOOST_TEST(space.current().stored == 0U);
    space.take(10).value().keep(10, 50);
    BOOST_TEST(space.current().stored == 0U);
    BOOST_TEST(space.take(101).error() == make_error_code(errc::quota_exceeded));
    BOOST_TEST(space.take(100).has_value());
}

// A DELETE may come between the commit of a PUT and its `keep`.
BOOST_AUTO_TEST_CASE(a_removal_that_is_told_before_its_upload) {
    auto space = make(100);
    auto claim = space.take(60).value();
    store_space::removal(space).done(60);
    claim.keep(60, 0);
    BOOST_TEST(space.current().stored == 0U);
}

BOOST_AUTO_TEST_CASE(the_floor_stays_free) {
    auto probe = make(0);
    BOOST_TEST_REQUIRE(!probe.look());
    const auto free = probe.current().free;
    if (free < 8 * gib) {
        BOOST_TEST_MESSAGE("skipped: less than 8 GiB are free");
        return;
    }
    // Others use the disk, too: a gibibyte is left to them.
    auto space = make(0, free - 4 * gib);
    {
        const auto fits = space.take(2 * gib);
        BOOST_TEST(fits.has_value());
        BOOST_TEST(space.take(3 * gib).error().value() == ENOSPC);
        BOOST_TEST(space.current().claimed == 2 * gib);
    }
    BOOST_TEST(space.take(5 * gib).error().value() == ENOSPC);
    BOOST_TEST(space.current().claimed == 0U);
    auto claim = space.take(2 * gib).value();
    BOOST_TEST(claim.grow_to(5 * gib).value() == ENOSPC);
    BOOST_TEST(space.current().claimed == 2 * gib);
    BOOST_TEST(make(0, 1ULL << 60).take(1).error().value() == ENOSPC);
}

BOOST_AUTO_TEST_CASE(a_directory_that_cannot_be_asked_is_an_error) {
    store_space space(-1, {100, 0});
    BOOST_TEST(space.look().value() == EBADF);
    BOOST_TEST(space.take(1).error().value() == EBADF);
    BOOST_TEST(space.current().claimed == 0U);
    BOOST_TEST(space.count().failed());
}

BOOST_AUTO_TEST_CASE(counts_files_and_nothing_else) {
    auto space = make(gib);
    BOOST_TEST(!space.count());
    BOOST_TEST(space.current().stored == 0U);
    dir.write("one", std::string(10, 'x'));
    dir.write("a/b/c/two", std::string(200, 'x'));
    // Ours: what is hidden is no client's.
    for (const auto* name : {".fairlead-keys/secret", ".fairlead-tmp-0", ".fairlead-tmp-1/file", "a/.hidden"})
        dir.write(name, std::string(3000, 'x'));
    const test::temp_dir elsewhere;
    elsewhere.write("file", std::string(40000, 'x'));
    fs::create_symlink(elsewhere / "file", dir / "a/link");
    fs::create_directory_symlink(elsewhere.path(), dir / "a/folder-link");
    fs::create_symlink("nowhere", dir / "a/dangling");
    BOOST_TEST_REQUIRE(::mkfifo((dir / "a/fifo").c_str(), 0600) == 0);
    BOOST_TEST(!space.count());
    BOOST_TEST(space.current().stored == 210U);
    fs::remove(dir / "a/b/c/two");
    BOOST_TEST(!space.count());
    BOOST_TEST(space.current().stored == 10U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
