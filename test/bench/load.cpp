// fairlead_load: a load generator that costs less than the servers which it measures. Prints one JSON object;
// exits 0 when every answer was as expected, 1 when not, 2 when the command line is wrong.

#include "load_run.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

namespace {

using fairlead::bench::plan;
using fairlead::bench::report;
using fairlead::bench::varied_digits;

constexpr auto usage =
    "usage: fairlead_load --port N [option]...\n"
    "  --connections N    open at the same time (1)\n"
    "  --requests N       over all connections (1; with --hold: one on each connection)\n"
    "  --pipeline N       requests in one write (1)\n"
    "  --short            a new connection for each request\n"
    "  --hold             one request on each connection; print the result, keep them open until standard "
    "input ends\n"
    "  --path PATH        of the request (/); {n} becomes eight digits that count up\n"
    "  --method METHOD    (GET)\n"
    "  --field LINE       a further field, for example \"Content-Type: application/json\"; may be repeated\n"
    "  --random-range N   ask for --length bytes at an offset of its own in the first N of the file\n"
    "  --body FILE        send what the file has, with its Content-Length\n"
    "  --body-size N      in place of --body: so many bytes, made while they are sent; no --pipeline\n"
    "  --host NAME        for the Host field (localhost)\n"
    "  --address IPV4     of the server (127.0.0.1)\n"
    "  --source IPV4      of the client (the kernel's choice)\n"
    "  --status N         expect this status (200); repeated: one of them\n"
    "  --length N         expect this many bytes in the body of a 2xx answer\n"
    "  --rate N           requests per second over all connections; the time of a late one counts from when "
    "it was due\n"
    "  --stop-after MS    issue no request after this time, and await the last answers\n"
    "  --seconds N        give up after this time (60)\n";

struct arguments {
    std::string method = "GET", path = "/", host = "localhost", address = "127.0.0.1", source, fields, body;
    std::uint16_t port = 0;
    bool has_body = false, has_status = false;
    plan load;
};

template <class Number>
Number to_number(const std::string& text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        throw std::invalid_argument("not a number: " + text);
    return value;
}

std::string read_file(const std::string& name) {
    std::ifstream file(name, std::ios::binary);
    if (!file) throw std::invalid_argument("cannot read " + name);
    return {std::istreambuf_iterator<char>(file), {}};
}

arguments parse(int argc, char** argv) {
    arguments given;
    auto& load = given.load;
    const std::map<std::string, std::function<void(const std::string&)>> with_value{
        {"--port", [&](auto& text) { given.port = to_number<std::uint16_t>(text); }},
        {"--connections", [&](auto& text) { load.connections = to_number<unsigned>(text); }},
        {"--requests", [&](auto& text) { load.requests = to_number<std::uint64_t>(text); }},
        {"--pipeline", [&](auto& text) { load.pipeline = to_number<unsigned>(text); }},
        {"--path", [&](auto& text) { given.path = text; }},
        {"--method", [&](auto& text) { given.method = text; }},
        {"--field", [&](auto& text) { given.fields += text + "\r\n"; }},
        {"--random-range", [&](auto& text) { load.varied.file_length = to_number<std::uint64_t>(text); }},
        {"--body", [&](auto& text) { given.body = read_file(text), given.has_body = true; }},
        {"--body-size", [&](auto& text) { load.body_bytes = to_number<std::uint64_t>(text); }},
        {"--rate", [&](auto& text) { load.rate = to_number<double>(text); }},
        {"--stop-after",
         [&](auto& text) { load.stop_after = std::chrono::milliseconds(to_number<unsigned>(text)); }},
        {"--host", [&](auto& text) { given.host = text; }},
        {"--address", [&](auto& text) { given.address = text; }},
        {"--source", [&](auto& text) { given.source = text; }},
        {"--status",
         [&](auto& text) {
             if (!std::exchange(given.has_status, true)) load.statuses.clear();
             load.statuses.insert(to_number<unsigned>(text));
         }},
        {"--length", [&](auto& text) { load.length = to_number<std::int64_t>(text); }},
        {"--seconds", [&](auto& text) { load.limit = std::chrono::seconds(to_number<unsigned>(text)); }},
    };
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        const auto option = with_value.find(name);
        if (name == "--short")
            load.one_per_connection = true;
        else if (name == "--hold")
            load.hold = true;
        else if (option == with_value.end())
            throw std::invalid_argument("unknown option " + name);
        else if (++i == argc)
            throw std::invalid_argument(name + " needs a value");
        else
            option->second(argv[i]);
    }
    if (given.port == 0) throw std::invalid_argument("--port is missing");
    if (load.connections == 0 || load.pipeline == 0) throw std::invalid_argument("there is nothing to do");
    if (load.body_bytes > 0 && (given.has_body || load.pipeline > 1))
        throw std::invalid_argument("--body-size goes with neither --body nor --pipeline");
    return given;
}

/// What bodies of --body-size repeat: numbered lines, no two alike.
std::string body_block() {
    constexpr std::size_t block_bytes = 1 << 20;
    std::string block;
    for (unsigned line = 0; block.size() < block_bytes; ++line)
        block += "Line " + std::to_string(line) + ": Fairlead guides the line and keeps it from chafing.\n";
    block.resize(block_bytes);
    return block;
}

/// The field whose digits are written for each request.
void add_range(plan& load) {
    constexpr std::uint64_t longest = 999'999'999'999;  // offset_digits of them
    const auto length = static_cast<std::uint64_t>(std::max<std::int64_t>(load.length, 0));
    if (length == 0 || length > load.varied.file_length || load.varied.file_length > longest)
        throw std::invalid_argument("--random-range needs a --length that fits into it");
    load.varied.range_length = length;
    load.request += "Range: bytes=";
    load.varied.range_at = load.request.size();
    load.request += varied_digits::range_room() + "\r\n";
}

plan make_plan(arguments given) {
    auto& load = given.load;
    load.server.sin_family = AF_INET;
    load.server.sin_port = htons(given.port);
    if (::inet_pton(AF_INET, given.address.c_str(), &load.server.sin_addr) != 1)
        throw std::invalid_argument("not an IPv4 address: " + given.address);
    if (!given.source.empty()) {
        load.source.emplace().sin_family = AF_INET;
        if (::inet_pton(AF_INET, given.source.c_str(), &load.source->sin_addr) != 1)
            throw std::invalid_argument("not an IPv4 address: " + given.source);
    }
    if (load.hold) load.requests = load.connections;
    const auto counter = given.path.find("{n}");
    if (counter != std::string::npos) {
        given.path.replace(counter, 3, std::string(varied_digits::counter_digits, '0'));
        load.varied.counter_at = given.method.size() + 1 + counter;
    }
    load.request =
        given.method + ' ' + given.path + " HTTP/1.1\r\nHost: " + given.host + "\r\n" + given.fields;
    if (load.one_per_connection) load.request += "Connection: close\r\n";
    const auto length = load.body_bytes > 0 ? load.body_bytes : given.body.size();
    if (given.has_body || load.body_bytes > 0)
        load.request += "Content-Length: " + std::to_string(length) + "\r\n";
    if (load.body_bytes > 0) load.block = body_block();
    if (load.varied.file_length > 0) add_range(load);
    load.request += "\r\n" + given.body;
    return load;
}

void print(const report& result) {
    const auto seconds = std::chrono::duration<double>(result.duration).count();
    const auto micros = [&](double share) {
        return std::chrono::duration<double, std::micro>(result.times.quantile(share)).count();
    };
    std::string statuses;
    for (const auto& [status, count] : result.by_status)
        statuses +=
            (statuses.empty() ? "\"" : ", \"") + std::to_string(status) + "\": " + std::to_string(count);
    std::printf(
        "{\"answers\": %ju, \"bytes\": %ju, \"seconds\": %.6f, \"per_second\": %.1f, \"p50_us\": %.1f, "
        "\"p99_us\": %.1f, "
        "\"statuses\": {%s}, \"retry_after\": %ju, \"unexpected\": %ju, \"cut\": %ju, \"unconnected\": %ju, "
        "\"reopened\": %ju, \"timed_out\": %s}\n",
        static_cast<std::uintmax_t>(result.answers), static_cast<std::uintmax_t>(result.bytes), seconds,
        static_cast<double>(result.answers) / seconds, micros(0.5), micros(0.99), statuses.c_str(),
        static_cast<std::uintmax_t>(result.retry_after), static_cast<std::uintmax_t>(result.unexpected),
        static_cast<std::uintmax_t>(result.cut), static_cast<std::uintmax_t>(result.unconnected),
        static_cast<std::uintmax_t>(result.reopened), result.timed_out ? "true" : "false");
    std::fflush(stdout);
}

void wait_for_end_of_input() {
    char ignored[256];
    while (::read(STDIN_FILENO, ignored, sizeof ignored) > 0) {
    }
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const auto load = make_plan(parse(argc, argv));
        std::vector<int> held;
        const auto result = fairlead::bench::run(load, held);
        print(result);
        if (load.hold) wait_for_end_of_input();
        for (const int fd : held) ::close(fd);
        return result.is_good() ? 0 : 1;
    } catch (const std::invalid_argument& mistake) {
        std::fprintf(stderr, "fairlead_load: %s\n%s", mistake.what(), usage);
        return 2;
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "fairlead_load: %s\n", failure.what());
        return 1;
    }
}
