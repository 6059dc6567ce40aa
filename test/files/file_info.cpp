#include "files/file_info.hpp"

#include "base/unique_fd.hpp"
#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/stat.h>

using namespace fairlead;
using namespace fairlead::files;

namespace {

BOOST_AUTO_TEST_SUITE(file_info_suite)

BOOST_AUTO_TEST_CASE(tells_what_fstat_says) {
    const test::temp_dir dir;
    test::write_file(dir / "a", "12345");
    const timespec times[] = {{1, 0}, {1'000'000'000, 123'456'789}};
    BOOST_TEST_REQUIRE(::utimensat(AT_FDCWD, (dir / "a").c_str(), times, 0) == 0);
    const unique_fd file(::open((dir / "a").c_str(), O_RDONLY | O_CLOEXEC));
    const auto info = inspect(file.get());
    BOOST_TEST_REQUIRE(info.has_value());
    BOOST_TEST((info->kind == file_kind::regular));
    BOOST_TEST(info->size == 5U);
    BOOST_TEST(info->mtime_ns == 1'000'000'000'123'456'789);
    BOOST_TEST(info->ctime_ns > info->mtime_ns);
    BOOST_TEST(info->links == 1U);
    std::filesystem::remove(dir / "a");
    BOOST_TEST(inspect(file.get())->links == 0U);
}

BOOST_AUTO_TEST_CASE(tells_directories_and_special_files) {
    const test::temp_dir dir;
    const unique_fd folder(::open(dir.path().c_str(), O_RDONLY | O_CLOEXEC));
    BOOST_TEST((inspect(folder.get())->kind == file_kind::directory));
    const unique_fd device(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    BOOST_TEST((inspect(device.get())->kind == file_kind::special));
    BOOST_TEST(inspect(-1).error().value() == EBADF);
}

BOOST_AUTO_TEST_CASE(entity_tag_changes_with_inode_size_and_both_times) {
    file_info info;
    info.inode = 0x12;
    info.size = 0xAB;
    info.mtime_ns = 0xF00;
    info.ctime_ns = 0xF01;
    BOOST_TEST(make_entity_tag(info) == "\"12-ab-f00-f01\"");
    for (auto change : {+[](file_info& i) { ++i.inode; }, +[](file_info& i) { ++i.size; },
                        +[](file_info& i) { ++i.mtime_ns; }, +[](file_info& i) { ++i.ctime_ns; }}) {
        auto other = info;
        change(other);
        BOOST_TEST(make_entity_tag(other) != make_entity_tag(info));
    }
    // Before 1970: still a tag of allowed characters.
    info.mtime_ns = -1;
    BOOST_TEST(make_entity_tag(info) == "\"12-ab-ffffffffffffffff-f01\"");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
