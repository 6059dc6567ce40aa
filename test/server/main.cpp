#define BOOST_TEST_MODULE fairlead server
#include <boost/test/unit_test.hpp>
