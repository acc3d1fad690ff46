#define BOOST_TEST_MODULE grfd
#include <boost/test/unit_test.hpp>
