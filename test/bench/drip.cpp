// fairlead_drip: many uploads at once that send a little each second and never come to their end. Prints one
// JSON object; exits 0 when every one of them was still being taken at the end, 1 when not, 2 when the
// command line is wrong.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace {

using clock = std::chrono::steady_clock;

constexpr auto usage =
    "usage: fairlead_drip --port N [option]...\n"
    "  --connections N    uploads at the same time (1)\n"
    "  --path PATH        of each PUT (/put/); its number is appended\n"
    "  --size N           bytes that each announces (1048576)\n"
    "  --piece N          bytes that each sends at a time (1024); all pieces have to be less than --size\n"
    "  --pieces N         so often (20)\n"
    "  --pause MS         time from one piece to the next (1000)\n";

struct plan {
    std::uint16_t port = 0;
    unsigned connections = 1, piece = 1024, pieces = 20, pause_ms = 1000;
    std::uint64_t size = 1 << 20;
    std::string path = "/put/";
};

template <class Number>
void read_number(std::string_view text, Number& into) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    if (error != std::errc{} || end != text.data() + text.size())
        throw std::invalid_argument("not a number: " + std::string(text));
}

plan parse(int argc, char** argv) {
    std::map<std::string_view, std::string_view> given;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) throw std::invalid_argument(std::string(argv[i]) + " needs a value");
        given[argv[i]] = argv[i + 1];
    }
    plan wanted;
    for (const auto& [name, text] : given) {
        if (name == "--port")
            read_number(text, wanted.port);
        else if (name == "--connections")
            read_number(text, wanted.connections);
        else if (name == "--path")
            wanted.path = text;
        else if (name == "--size")
            read_number(text, wanted.size);
        else if (name == "--piece")
            read_number(text, wanted.piece);
        else if (name == "--pieces")
            read_number(text, wanted.pieces);
        else if (name == "--pause")
            read_number(text, wanted.pause_ms);
        else
            throw std::invalid_argument("unknown option " + std::string(name));
    }
    if (wanted.port == 0) throw std::invalid_argument("--port is missing");
    if (std::uint64_t{wanted.piece} * wanted.pieces >= wanted.size)
        throw std::invalid_argument("the pieces are not less than --size");
    return wanted;
}

/// One upload that is under way; the connection is cut at the end.
class upload {
public:
    upload(const plan& wanted, unsigned number) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in server{};
        server.sin_family = AF_INET;
        server.sin_port = htons(wanted.port);
        server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (socket_ < 0 || ::connect(socket_, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0)
            throw std::system_error(errno, std::generic_category(), "connect");
        send("PUT " + wanted.path + std::to_string(number) +
             " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(wanted.size) + "\r\n\r\n");
    }
    ~upload() {
        if (socket_ >= 0) ::close(socket_);
    }
    upload(upload&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
    upload& operator=(upload&&) = delete;

    /// A server that takes no more fills the socket's buffer, which shows as a piece that is not taken.
    bool send(std::string_view bytes) {
        return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
               static_cast<ssize_t>(bytes.size());
    }

    /// Whether the server has said nothing yet, and not closed.
    bool is_under_way() const {
        char ignored = 0;
        return ::recv(socket_, &ignored, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
    }

private:
    int socket_;
};

/// True when all were taken to the end.
bool run(const plan& wanted) {
    std::vector<upload> uploads;
    uploads.reserve(wanted.connections);
    for (unsigned number = 0; number < wanted.connections; ++number) uploads.emplace_back(wanted, number);
    const std::string piece(wanted.piece, 'x');
    std::uint64_t not_taken = 0;
    auto due = clock::now();
    for (unsigned sent = 0; sent < wanted.pieces; ++sent) {
        for (auto& each : uploads) not_taken += each.send(piece) ? 0 : 1;
        due += std::chrono::milliseconds(wanted.pause_ms);
        std::this_thread::sleep_until(due);
    }
    const auto under_way = std::ranges::count_if(uploads, &upload::is_under_way);
    std::printf("{\"uploads\": %u, \"bytes\": %ju, \"under_way\": %jd, \"not_taken\": %ju}\n",
                wanted.connections,
                static_cast<std::uintmax_t>(std::uint64_t{wanted.piece} * wanted.pieces * wanted.connections -
                                            not_taken * wanted.piece),
                static_cast<std::intmax_t>(under_way), static_cast<std::uintmax_t>(not_taken));
    return not_taken == 0 && under_way == static_cast<std::ptrdiff_t>(wanted.connections);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(parse(argc, argv)) ? 0 : 1;
    } catch (const std::invalid_argument& mistake) {
        std::fprintf(stderr, "fairlead_drip: %s\n%s", mistake.what(), usage);
        return 2;
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "fairlead_drip: %s\n", failure.what());
        return 1;
    }
}
