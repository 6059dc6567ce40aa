#pragma once

#include "server/server.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/strand.hpp>

namespace fairlead::server {

/// Signals to actions: SIGTERM, SIGINT, SIGQUIT stop the server gracefully, a second one at once (exit code
/// 2); SIGUSR1 reopens the log files; SIGHUP is answered with a log line, since the configuration is read
/// only at start.
class lifecycle {
public:
    lifecycle(server& target, telemetry::log& log, telemetry::access_log& access_log);

private:
    void listen();
    void act(int signal);

    server& target_;
    telemetry::log& log_;
    telemetry::access_log& access_log_;
    // On a strand: the end of the drain cancels the wait, which must not meet a handler that waits anew.
    boost::asio::basic_signal_set<boost::asio::strand<executor>> signals_;
    bool is_stopping_ = false;
    bool is_stopped_ = false;
};

}  // namespace fairlead::server
