#define BOOST_TEST_MODULE fairlead session
#include <boost/test/unit_test.hpp>
