#define BOOST_TEST_MODULE fairlead handlers
#include <boost/test/unit_test.hpp>
