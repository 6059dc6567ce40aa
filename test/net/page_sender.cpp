#include "net/page_sender.hpp"

#include "net/reading.hpp"
#include "support/loopback.hpp"
#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/mman.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>

namespace fairlead::net {
namespace {

using test::client;
using test::loopback_listener;

/// Memory of its own pages, at the same place again when it is asked for.
class pages {
public:
    explicit pages(std::string_view bytes, void* where = nullptr)
        : size_(bytes.size()),
          begin_(::mmap(where, size_, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | (where ? MAP_FIXED : 0), -1, 0)) {
        if (begin_ == MAP_FAILED) test::fail_with_errno("mmap");
        std::memcpy(begin_, bytes.data(), size_);
    }
    pages(const pages&) = delete;
    pages& operator=(const pages&) = delete;
    ~pages() { ::munmap(begin_, size_); }
    std::string_view bytes() const { return {static_cast<const char*>(begin_), size_}; }
    void* begin() const { return begin_; }

private:
    std::size_t size_;
    void* begin_;
};

task<> send_bytes(plain_stream& stream, std::string_view bytes, std::atomic<int>& waits) {
    while (!bytes.empty()) {
        const auto sent = stream.send_pages_now(bytes);
        if (sent) {
            bytes.remove_prefix(*sent);
            continue;
        }
        if (!would_block(sent.error())) throw boost::system::system_error(sent.error());
        ++waits;
        const auto failed = co_await stream.wait(readiness::writable);
        if (failed) throw boost::system::system_error(failed);
    }
}

task<> send_all(plain_stream& stream, std::string_view bytes, std::atomic<int>& waits) {
    co_await send_bytes(stream, bytes, waits);
    stream.shutdown_send();
}

/// Sends with a client that reads at once, and says whether it got the same.
bool arrives(std::string_view bytes, int receive_buffer, std::atomic<int>& waits) {
    loopback_listener listener;
    client peer(listener.port(), receive_buffer);
    boost::asio::io_context context;
    plain_stream stream(context, listener.accept());
    background server(context, send_all(stream, bytes, waits));
    const bool is_same = peer.receive_all() == bytes;
    return server.finish() && is_same;
}

BOOST_AUTO_TEST_SUITE(page_sender_)

BOOST_AUTO_TEST_CASE(pages_arrive_whole_and_in_order) {
    std::atomic<int> waits{0};
    const auto bytes = test::varied_bytes(3 * 1024 * 1024 + 1);
    const pages all(bytes);
    for (const std::size_t size : {std::size_t{1}, std::size_t{4096}, std::size_t{102'400}, bytes.size()})
        BOOST_TEST(arrives(all.bytes().substr(0, size), 0, waits));
    // From the middle of a page, as a range does.
    BOOST_TEST(arrives(all.bytes().substr(1234, 300'001), 0, waits));
}

BOOST_AUTO_TEST_CASE(what_a_slow_client_does_not_take_is_sent_later_and_once) {
    const pages all(test::varied_bytes(8 * 1024 * 1024 + 1));
    std::atomic<int> waits{0};
    BOOST_TEST(arrives(all.bytes(), 16 * 1024, waits));
    BOOST_TEST(waits > 0);
    BOOST_TEST(arrives(all.bytes(), 0, waits));  // and nothing of the one before is left in the pipe
}

BOOST_AUTO_TEST_CASE(what_was_unmapped_meanwhile_arrives_as_it_was) {
    loopback_listener listener;
    client peer(listener.port());
    boost::asio::io_context context;
    plain_stream stream(context, listener.accept());
    const auto bytes = test::varied_bytes(64 * 1024);
    auto first = std::make_unique<pages>(bytes);
    void* const where = first->begin();
    BOOST_TEST_REQUIRE(stream.send_pages_now(first->bytes()).value() == bytes.size());
    first.reset();
    const pages second(std::string(bytes.size(), '!'), where);
    stream.shutdown_send();
    const bool is_same = peer.receive_all() == bytes;
    BOOST_TEST(is_same);
}

BOOST_AUTO_TEST_CASE(a_reset_is_told) {
    loopback_listener listener;
    const pages all(test::varied_bytes(16 * 1024 * 1024));
    client peer(listener.port(), 16 * 1024);
    boost::asio::io_context context;
    plain_stream stream(context, listener.accept());
    std::atomic<int> waits{0};
    background server(context,
                      [](plain_stream& to, std::string_view bytes, std::atomic<int>& count) -> task<> {
                          try {
                              for (;;) co_await send_bytes(to, bytes, count);
                          } catch (const boost::system::system_error&) {
                              co_return;
                          }
                      }(stream, all.bytes(), waits));
    // Once it waits for room, or has for long enough.
    for (int i = 0; i < 5000 && waits == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    peer.reset();
    BOOST_TEST(server.finish());
    BOOST_TEST(waits > 0);
    // The next connection of the same thread gets its own bytes.
    BOOST_TEST(arrives(all.bytes(), 0, waits));
}

BOOST_AUTO_TEST_CASE(without_a_descriptor_for_a_pipe_they_are_copied) {
    const pages all(test::varied_bytes(200'000));
    loopback_listener listener;
    client peer(listener.port());
    boost::asio::io_context context;
    plain_stream stream(context, listener.accept());
    rlimit before{};
    BOOST_TEST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    result<std::size_t> sent = errno_code(EBADF);
    result<std::size_t> uncopied = sent;
    std::thread([&] {  // which has no pipe yet
        const rlimit none{3, before.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &none);
        bool is_full = false;
        uncopied = page_sender::of_this_thread().send(peer.descriptor(), all.bytes(), is_full);
        sent = stream.send_pages_now(all.bytes());
        ::setrlimit(RLIMIT_NOFILE, &before);
    })
        .join();
    BOOST_TEST((uncopied.error() == boost::system::errc::operation_not_supported));
    BOOST_TEST_REQUIRE(sent.has_value());
    BOOST_TEST(*sent > 0u);
    stream.shutdown_send();
    const bool is_same = peer.receive_all() == all.bytes().substr(0, *sent);
    BOOST_TEST(is_same);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::net
