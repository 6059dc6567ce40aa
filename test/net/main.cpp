#define BOOST_TEST_MODULE fairlead net
#include <boost/test/unit_test.hpp>
