#define BOOST_TEST_MODULE fairlead net
#include <boost/test/unit_test.hpp>

#include <csignal>

namespace {

// As the program does: splice() and sendfile() know no MSG_NOSIGNAL.
struct without_pipe_signal {
    without_pipe_signal() { std::signal(SIGPIPE, SIG_IGN); }
};
BOOST_TEST_GLOBAL_FIXTURE(without_pipe_signal);

}  // namespace
