#define BOOST_TEST_MODULE fairlead site
#include <boost/test/unit_test.hpp>
