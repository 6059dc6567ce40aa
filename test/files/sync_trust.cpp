#include "files/sync_trust.hpp"

#include "base/unique_fd.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <linux/magic.h>

using namespace fairlead::files;

namespace {

constexpr unsigned long xfs_magic = 0x58465342;

BOOST_AUTO_TEST_SUITE(sync_trust_suite)

BOOST_AUTO_TEST_CASE(syncs_that_mean_nothing) {
    struct {
        unsigned long type;
        std::string_view options;
        bool is_trusted, is_container_layer;
    } const cases[] = {
        {EXT4_SUPER_MAGIC, "rw,relatime,rw", true, false},
        {xfs_magic, "rw,noquota", true, false},
        {EXT4_SUPER_MAGIC, "rw,relatime,rw,nobarrier", false, false},
        {EXT4_SUPER_MAGIC, "rw,relatime,rw,barrier=0", false, false},
        {EXT4_SUPER_MAGIC, "rw,barrier=1,data=ordered", true, false},
        {TMPFS_MAGIC, "rw,size=64k", false, false},
        {RAMFS_MAGIC, "rw", false, false},
        {NFS_SUPER_MAGIC, "rw,vers=4.2,sync", false, false},
        {OVERLAYFS_SUPER_MAGIC, "rw,lowerdir=/a,upperdir=/b", true, true},
        {OVERLAYFS_SUPER_MAGIC, "rw,lowerdir=/a,volatile,upperdir=/b", false, true},
        {OVERLAYFS_SUPER_MAGIC, "rw,lowerdir=/volatile", true, true},
    };
    for (const auto& each : cases) {
        BOOST_TEST_CONTEXT(std::hex << each.type << " " << each.options) {
            const auto verdict = judge_syncs(each.type, each.options);
            BOOST_TEST(verdict.why_syncs_mean_nothing.empty() == each.is_trusted);
            BOOST_TEST(verdict.is_container_layer == each.is_container_layer);
        }
    }
}

BOOST_AUTO_TEST_CASE(options_of_a_mount) {
    static constexpr std::string_view table =
        "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n"
        "136 35 0:45 / /a\\040b rw,relatime - overlay overlay rw,volatile\n"
        "37 35 0:5 / /dev rw shared:2 propagate_from:3 - devtmpfs none rw,size=1k\n";
    BOOST_TEST(mount_options(table, "36") == "rw,noatime,rw,errors=continue");
    BOOST_TEST(mount_options(table, "136") == "rw,relatime,rw,volatile");
    BOOST_TEST(mount_options(table, "37") == "rw,rw,size=1k");
    BOOST_TEST(mount_options(table, "3") == "");
    BOOST_TEST(mount_options("", "36") == "");
    BOOST_TEST(mount_options("36 35 98:0 /\n", "36") == "");
}

BOOST_AUTO_TEST_CASE(a_real_file_system_in_memory) {
    // devtmpfs and /dev/shm are both tmpfs to statfs(2); every Linux system has one of them at /dev.
    const fairlead::unique_fd memory(::open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    BOOST_TEST(judge_syncs(memory.get()).value().why_syncs_mean_nothing == "is in memory");
    BOOST_TEST(judge_syncs(-1).error().value() == EBADF);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
