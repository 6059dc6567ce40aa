// fairlead_floor: what a server costs that does nothing but its system calls. It takes whatever it reads for
// one whole request and answers each with the same bytes, and bytes of a file behind them: no parser, no
// rules, no limits, no time. What a server of HTTP can save at most is seen beside it. Stopped by a signal.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

namespace {

constexpr auto usage =
    "usage: fairlead_floor HEAD [FILE LENGTH RANGE]\n"
    "  HEAD    a file with the bytes that begin each answer\n"
    "  FILE    LENGTH bytes of it follow, from an offset of their own in its first RANGE bytes\n";

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

struct answer {
    std::string head;
    int file = -1;
    std::size_t length = 0;
    std::uniform_int_distribution<off_t> offsets{0, 0};
    std::minstd_rand random;

    /// False when the connection is of no use any more. The client reads one answer before it asks again, so
    /// that there is always room for one.
    bool send(int to) {
        const int more = file < 0 ? 0 : MSG_MORE;
        if (::send(to, head.data(), head.size(), MSG_NOSIGNAL | more) != static_cast<ssize_t>(head.size()))
            return false;
        off_t at = offsets(random);
        for (auto left = length; left > 0;) {
            const auto sent = ::sendfile(to, file, &at, left);
            if (sent < 0 && errno == EAGAIN) continue;
            if (sent <= 0) return false;
            left -= static_cast<std::size_t>(sent);
        }
        return true;
    }
};

answer make_answer(int count, char** arguments) {
    answer made;
    std::ifstream head(arguments[1], std::ios::binary);
    made.head.assign(std::istreambuf_iterator<char>(head), {});
    if (made.head.empty()) fail(arguments[1]);
    if (count == 2) return made;
    made.file = ::open(arguments[2], O_RDONLY | O_CLOEXEC);
    if (made.file < 0) fail(arguments[2]);
    made.length = std::stoull(arguments[3]);
    made.offsets =
        std::uniform_int_distribution<off_t>(0, static_cast<off_t>(std::stoull(arguments[4]) - made.length));
    return made;
}

int listen_on_loopback() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);  // as Fairlead does there
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const bound = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket, bound, size) != 0 || ::listen(socket, 1024) != 0) fail("listen");
    ::getsockname(socket, bound, &size);
    std::fprintf(stderr, "listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));
    return socket;
}

void watch(int poll, int socket) {
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    wanted.data.fd = socket;
    if (::epoll_ctl(poll, EPOLL_CTL_ADD, socket, &wanted) != 0) fail("epoll_ctl");
}

void serve(answer& each) {
    const int listener = listen_on_loopback();
    const int poll = ::epoll_create1(EPOLL_CLOEXEC);
    watch(poll, listener);
    std::array<char, 65536> input;
    std::array<epoll_event, 128> events;
    for (;;) {
        const int ready = ::epoll_wait(poll, events.data(), events.size(), -1);
        for (int i = 0; i < ready; ++i) {
            const int socket = events[static_cast<std::size_t>(i)].data.fd;
            if (socket == listener) {
                const int taken = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (taken >= 0) watch(poll, taken);
            } else if (::recv(socket, input.data(), input.size(), 0) <= 0 || !each.send(socket)) {
                ::close(socket);
            }
        }
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2 && count != 5) {
        std::fputs(usage, stderr);
        return 2;
    }
    auto each = make_answer(count, arguments);
    serve(each);
}
