#include "files/sync_time.hpp"

#include "base/unique_fd.hpp"
#include "files/upload_store.hpp"
#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>

using namespace fairlead;
using namespace fairlead::files;

namespace {

BOOST_AUTO_TEST_SUITE(sync_time)

BOOST_AUTO_TEST_CASE(takes_time_where_it_can_be_measured) {
    const test::temp_dir dir;
    const unique_fd file(::open((dir / "file").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    BOOST_TEST(measure_sync(file.get()).value().count() > 0);
    const unique_fd read_only(::open((dir / "file").c_str(), O_RDONLY | O_CLOEXEC));
    BOOST_TEST(measure_sync(read_only.get()).error().value() == EBADF);
    const unique_fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    BOOST_TEST(measure_sync(full.get()).error().value() == ENOSPC);
    const unique_fd no_disk(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    BOOST_TEST(measure_sync(no_disk.get()).error().value() == EINVAL);
}

BOOST_AUTO_TEST_CASE(a_store_knows_it_if_it_syncs) {
    const test::temp_dir dir;
    const upload_store durable(dir / "durable", config::durability::full);
    BOOST_TEST((durable.sync_time().count() > 0) ==
               (durable.is_durable() && durable.unnamed().are_possible()));
    const upload_store quick(dir / "quick", config::durability::off);
    BOOST_TEST(quick.sync_time().count() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
