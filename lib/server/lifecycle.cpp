#include "server/lifecycle.hpp"

#include <boost/asio/post.hpp>

#include <csignal>
#include <cstdlib>

namespace fairlead::server {
namespace {

constexpr int forced_exit_code = 2;

void reopen(telemetry::log& log, telemetry::access_log& access_log) {
    const bool is_log_open = log.reopen();
    if (access_log.reopen() && is_log_open)
        log.info("log files reopened");
    else
        log.error("not every log file could be reopened: the old ones stay in use; standard error says why");
}

}  // namespace

lifecycle::lifecycle(server& target, telemetry::log& log, telemetry::access_log& access_log)
    : target_(target),
      log_(log),
      access_log_(access_log),
      signals_(boost::asio::make_strand(target.context().get_executor())) {
    // sendfile() has no MSG_NOSIGNAL: a client that left must not end the process.
    std::signal(SIGPIPE, SIG_IGN);
    // Nor may an upload or a log that is longer than the process may write (ulimit -f): write(2) says EFBIG.
    std::signal(SIGXFSZ, SIG_IGN);
    for (const int signal : {SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGHUP}) signals_.add(signal);
    target_.on_stopped([this] {
        boost::asio::post(signals_.get_executor(), [this] {
            is_stopped_ = true;
            signals_.cancel();
        });
    });
    listen();
}

void lifecycle::listen() {
    signals_.async_wait([this](const error_code& failed, int signal) {
        if (failed) return;
        act(signal);
        // A wait that begins after the end would keep the context running for ever.
        if (!is_stopped_) listen();
    });
}

void lifecycle::act(int signal) {
    if (signal == SIGUSR1) {
        // Opening a file may take as long as its disk likes.
        boost::asio::post(target_.disk(),
                          [&log = log_, &access_log = access_log_] { reopen(log, access_log); });
        return;
    }
    if (signal == SIGHUP) {
        log_.warn("SIGHUP ignored: the configuration is read at start only; restart to apply a change");
        return;
    }
    if (!is_stopping_) {
        is_stopping_ = true;
        target_.begin_drain();
        return;
    }
    log_.warn("second signal: stopping at once");
    log_.flush();
    access_log_.flush();
    std::_Exit(forced_exit_code);
}

}  // namespace fairlead::server
