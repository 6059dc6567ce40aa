#define BOOST_TEST_MODULE fairlead limits
#include <boost/test/unit_test.hpp>
