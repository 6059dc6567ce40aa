#include "files/store_place.hpp"

#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>

using namespace fairlead;
using namespace fairlead::files;
namespace fs = std::filesystem;

namespace {

BOOST_AUTO_TEST_SUITE(store_place)

BOOST_AUTO_TEST_CASE(inside_the_root_however_spelled) {
    const test::temp_dir dir;
    fs::create_directories(dir / "www/sub");
    fs::create_directories(dir / "elsewhere");
    fs::create_symlink(dir / "www", dir / "www-link");
    fs::create_symlink("www/sub", dir / "sub-link");
    fs::create_symlink(dir / "elsewhere", dir / "www/out");
    struct {
        const char* directory;
        bool is_inside;
    } const cases[] = {
        {"www", true},
        {"www/uploads", true},
        {"www/sub/not/yet", true},
        {"www-link/uploads", true},
        {"sub-link", true},
        {"sub-link/../uploads", true},
        {".", true},  // the root lies inside of it
        {"elsewhere/..", true},
        {"elsewhere/../www/./uploads/", true},
        {"uploads", false},
        {"www-uploads", false},
        {"www/../uploads", false},
        {"elsewhere", false},
        {"www/out", false},
    };
    for (const auto* root : {"www", "www-link", "elsewhere/../www/"}) {
        for (const auto& each : cases) {
            BOOST_TEST_CONTEXT(each.directory << " in " << root) {
                if (each.is_inside)
                    BOOST_CHECK_THROW(refuse_overlap(dir / root, dir / each.directory), std::runtime_error);
                else
                    BOOST_CHECK_NO_THROW(refuse_overlap(dir / root, dir / each.directory));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(directories_inside_of_each_other_are_found_wherever_links_lead) {
    const test::temp_dir dir;
    fs::create_directories(dir / "a/inner");
    fs::create_directories(dir / "ab");
    fs::create_symlink("a/inner", dir / "link");
    const std::pair<const char*, const char*> nested[] = {
        {"a", "a"}, {"a", "a/inner"}, {"a", "link"}, {"a/", "ab/../a/new/deeper"}, {"link/new", "a"}};
    for (const auto& [one, other] : nested) {
        BOOST_TEST_CONTEXT(one << " and " << other) {
            BOOST_CHECK_THROW(refuse_nested(dir / one, dir / other), std::runtime_error);
            BOOST_CHECK_THROW(refuse_nested(dir / other, dir / one), std::runtime_error);
        }
    }
    const std::pair<const char*, const char*> apart[] = {
        {"a", "ab"}, {"a/new", "a/inner"}, {"link", "a/other"}, {"new", "newer"}};
    for (const auto& [one, other] : apart) {
        BOOST_TEST_CONTEXT(one << " and " << other) {
            BOOST_CHECK_NO_THROW(refuse_nested(dir / one, dir / other));
            BOOST_CHECK_NO_THROW(refuse_nested(dir / other, dir / one));
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
