#include "handlers/folder_listing.hpp"

#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

namespace fairlead::handlers {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t mib = 1 << 20;

/// A folder whose listing takes about a mebibyte, and of all memory for listings less than two left.
struct with_little_memory {
    with_little_memory() {
        for (int i = 0; i < 3000; ++i) root.write(std::to_string(i) + std::string(200, 'x') + ".txt", "");
        BOOST_TEST_REQUIRE(memory.take(30 * mib + mib / 2));
    }
    bool lists(folder_listing& listing, std::string_view query) {
        http::request request;
        request.path = "/";
        request.query = query;
        const auto answer = listing.list(request, "");
        BOOST_TEST_REQUIRE(answer.has_value());
        return std::holds_alternative<http::response>(*answer);
    }

    test::temp_dir root;
    std::vector<std::string> none;
    http::media_type_table media_types = http::media_type_table::parse("text/plain txt;", none);
    file_rules rules{.types = http::type_policy::from_words({"web"}).value(), .media_types = &media_types};
    files::sandbox opened = files::sandbox::open(root.path());
    listing_memory memory;
    folder_listing one{opened, rules, memory, 1s};
    folder_listing other{opened, rules, memory, 1s};
};

BOOST_FIXTURE_TEST_SUITE(folder_listings, with_little_memory)

BOOST_AUTO_TEST_CASE(what_nobody_is_sent_makes_room_for_other_folders) {
    for (const auto* query : {"sort=name", "sort=size", "sort=time"}) BOOST_TEST(lists(one, query), query);
    BOOST_TEST(lists(other, "sort=name"));
    BOOST_TEST(lists(one, "sort=name"));
    BOOST_TEST_REQUIRE(memory.take(mib + mib / 2));
    BOOST_TEST(!lists(other, "sort=size"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::handlers
