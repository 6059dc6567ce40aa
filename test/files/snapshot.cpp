#include "files/snapshot.hpp"

#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/uio.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <set>
#include <string>
#include <vector>

namespace fairlead::files {
namespace {

std::size_t resident_bytes() {
    std::size_t total = 0;
    std::size_t resident = 0;
    std::ifstream("/proc/self/statm") >> total >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// Asks the kernel to, so that a refusal is no signal.
bool can_be_changed(std::string_view bytes) {
    char byte = bytes.front();
    const iovec from{&byte, 1};
    const iovec to{const_cast<char*>(bytes.data()), 1};
    return ::process_vm_writev(::getpid(), &from, 1, &to, 1, 0) == 1;
}

BOOST_AUTO_TEST_SUITE(snapshot_)

BOOST_AUTO_TEST_CASE(it_has_the_bytes_in_pages_of_its_own) {
    auto source = test::varied_bytes(700'001);
    std::vector<snapshot> all;
    const std::size_t sizes[] = {1, 4095, 4096, 4097, 100'000, 524'288, 524'289, 700'001};
    for (const auto size : sizes)
        all.push_back(snapshot::of(std::string_view(source).substr(0, size)).value());
    const auto expected = source;
    source.assign(source.size(), '!');
    for (std::size_t i = 0; i < all.size(); ++i) {
        const bool is_same = all[i].bytes() == std::string_view(expected).substr(0, sizes[i]);
        BOOST_TEST(is_same);
        BOOST_TEST(reinterpret_cast<std::uintptr_t>(all[i].bytes().data()) %
                       static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE)) ==
                   0u);
    }
    const auto* const before = all.back().bytes().data();
    const auto moved = std::move(all.back());
    BOOST_TEST(!all.back());
    BOOST_TEST(static_cast<const void*>(moved.bytes().data()) == static_cast<const void*>(before));
    BOOST_TEST(!snapshot::of("").value());
}

BOOST_AUTO_TEST_CASE(nobody_can_change_what_is_complete) {
    std::string ours(1, 'x');
    BOOST_TEST_REQUIRE(can_be_changed(ours));  // or the question says nothing
    const auto large = snapshot::of(std::string(1024 * 1024, 'x')).value();
    BOOST_TEST(!can_be_changed(large.bytes()));
    // Small ones share memory, which is closed when it is full.
    std::vector<snapshot> all;
    for (int i = 0; i < 3 * 16; ++i) all.push_back(snapshot::of(std::string(128 * 1024, 'x')).value());
    for (int i = 0; i < 2 * 16; ++i) BOOST_TEST(!can_be_changed(all[static_cast<std::size_t>(i)].bytes()));
}

BOOST_AUTO_TEST_CASE(the_place_of_one_that_is_gone_is_not_used_again) {
    // Its pages may still be under way to a client.
    std::vector<snapshot> others;
    for (int i = 0; i < 100; ++i) {
        others.push_back(snapshot::of(std::string(13'000, 'o')).value());
        auto gone = snapshot::of(std::string(100'000, 'g')).value();
        const auto* const place = gone.bytes().data();
        const auto* const end = place + gone.bytes().size();
        gone = {};
        others.push_back(snapshot::of(std::string(13'000, 'o')).value());
        for (const auto& one : others) {
            const bool is_apart =
                one.bytes().data() >= end || one.bytes().data() + one.bytes().size() <= place;
            BOOST_TEST(is_apart);
        }
    }
}

/// Bytes of huge pages that belong to this process.
std::size_t huge_bytes() {
    std::ifstream all("/proc/self/smaps_rollup");
    for (std::string line; std::getline(all, line);)
        if (line.starts_with("AnonHugePages:")) return 1024 * std::stoull(line.substr(14));
    return 0;
}

BOOST_AUTO_TEST_CASE(memory_is_given_back) {
    constexpr std::size_t one = 256 * 1024;
    const std::string bytes(one, 'x');
    const auto least = resident_bytes();
    std::vector<snapshot> all;
    for (int i = 0; i < 64; ++i) all.push_back(snapshot::of(bytes).value());
    BOOST_TEST(resident_bytes() > least + 60 * one);
    all.clear();
    BOOST_TEST(resident_bytes() < least + 20 * one);
}

BOOST_AUTO_TEST_CASE(contents_that_come_and_go_are_not_put_into_huge_pages) {
    // A huge page lives as long as the last snapshot in it.
    std::vector<snapshot> survivors;
    for (int i = 0; i < 200; ++i) {
        for (int n = 0; n < 15; ++n) (void)snapshot::of(std::string(128 * 1024, 'g'));
        survivors.push_back(snapshot::of(std::string(13'000, 's')).value());
    }
    std::set<std::uintptr_t> places;
    for (const auto& each : survivors)
        places.insert(reinterpret_cast<std::uintptr_t>(each.bytes().data()) / (2 * 1024 * 1024));
    BOOST_TEST_MESSAGE(places.size() << " places, " << huge_bytes() << " bytes of huge pages");
    BOOST_TEST(huge_bytes() <= 32u * 1024 * 1024);
    for (const auto& each : survivors) BOOST_TEST(each.bytes() == std::string(13'000, 's'));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::files
