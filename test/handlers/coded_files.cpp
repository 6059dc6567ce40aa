#include "handlers/coded_files.hpp"

#include <boost/test/unit_test.hpp>

namespace fairlead::handlers {
namespace {

constexpr std::uint64_t mib = 1 << 20;

/// What is kept counts by the size that its file says.
coded_files::file_pointer file_of(std::uint64_t size) {
    auto made = std::make_shared<files::open_file>();
    made->info.size = size;
    return made;
}

void keep(coded_files& in, const std::string& key, std::uint64_t size) {
    const auto claim = in.try_claim(key);
    BOOST_TEST_REQUIRE(claim.has_value());
    in.keep(*claim, file_of(size));
}

BOOST_AUTO_TEST_SUITE(coded_files_)

// Wherever the key leads, one file may take all that the others leave.
BOOST_AUTO_TEST_CASE(what_fits_the_whole_is_kept) {
    coded_files kept(4 * mib);
    for (int i = 0; i < 40; ++i) {
        const auto key = std::to_string(i);
        keep(kept, key, 3 * mib);
        BOOST_TEST((kept.find(key) != nullptr));
        BOOST_TEST(kept.current().bytes <= 4 * mib);
        BOOST_TEST(kept.current().entries == 1u);
    }
    keep(kept, "too large", 4 * mib);  // with what is beside its content
    BOOST_TEST((kept.find("too large") == nullptr));
    BOOST_TEST((kept.find("39") != nullptr));
}

BOOST_AUTO_TEST_CASE(many_small_ones_fill_it_and_no_more) {
    coded_files kept(mib);
    for (int i = 0; i < 500; ++i) keep(kept, std::to_string(i), 9 * 1024);
    BOOST_TEST(kept.current().bytes <= mib);
    BOOST_TEST(kept.current().entries >= 90u);
    BOOST_TEST((kept.find("499") != nullptr));
    keep(kept, "499", 10 * 1024);  // in the place of the one before
    const auto before = kept.current();
    keep(kept, "499", 10 * 1024);
    BOOST_TEST(kept.current().bytes == before.bytes);
    BOOST_TEST(kept.current().entries == before.entries);
}

BOOST_AUTO_TEST_CASE(what_clients_hold_counts_when_the_cache_has_given_it_up) {
    coded_files kept(4 * mib);
    std::vector<coded_files::file_pointer> held;
    for (int i = 0; kept.has_room(); ++i) {
        BOOST_TEST_REQUIRE(i < 1'000);
        held.push_back(kept.count(file_of(3 * mib)));
        const auto claim = kept.try_claim(std::to_string(i));
        kept.keep(*claim, held.back());
    }
    BOOST_TEST(held.size() * 3 * mib > coded_files::most_beside);
    BOOST_TEST(held.size() * 3 * mib <= coded_files::most_beside + (4 + 3) * mib);
    held.pop_back();  // which the cache still has
    BOOST_TEST(!kept.has_room());
    held.resize(held.size() / 2);
    BOOST_TEST(kept.has_room());
}

BOOST_AUTO_TEST_CASE(what_could_not_be_kept_is_not_made_as_a_whole) {
    BOOST_TEST(coded_files(mib).is_made_whole(mib));
    BOOST_TEST(!coded_files(mib).is_made_whole(mib + 1));
    BOOST_TEST(coded_files(100 * mib).is_made_whole(coded_files::largest_kept));
    BOOST_TEST(!coded_files(100 * mib).is_made_whole(coded_files::largest_kept + 1));
    // Nothing is kept, and so nothing more is lost.
    coded_files none(0);
    BOOST_TEST(none.is_made_whole(mib));
    keep(none, "a", 1);
    BOOST_TEST((none.find("a") == nullptr));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::handlers
