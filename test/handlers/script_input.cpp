#include "handlers/input_pieces.hpp"

#include "handlers/refusals.hpp"
#include "support/run_task.hpp"
#include "telemetry/metrics.hpp"

#include <unistd.h>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>

namespace fairlead::handlers {
namespace {

/// A body in memory, which comes in pieces of `piece` bytes.
class text_body final : public http::body_reader {
public:
    text_body(std::string_view text, std::size_t piece) : text_(text), piece_(piece) {}
    task<result<std::size_t>> read_some(std::span<char> buffer) override {
        const auto size = std::min({buffer.size(), text_.size(), piece_});
        std::copy_n(text_.begin(), size, buffer.begin());
        text_.remove_prefix(size);
        co_return size;
    }
    std::int64_t length() const noexcept override { return -1; }

private:
    std::string_view text_;
    const std::size_t piece_;
};

/// A body whose length is known, of which only `ready` bytes have come by now.
class fed_body final : public http::body_reader, public net::body_feed {
public:
    explicit fed_body(std::string_view text) : ready(text.size()), text_(text) {}
    task<result<std::size_t>> read_some(std::span<char> buffer) override { co_return read_now(buffer); }
    std::int64_t length() const noexcept override { return static_cast<std::int64_t>(text_.size()); }
    task<net::body_feed*> feed() override { co_return this; }
    result<std::size_t> read_now(std::span<char> buffer) override {
        if (given < text_.size() && given >= ready) return errno_code(EAGAIN);
        const auto piece = text_.substr(given, std::min(buffer.size(), ready - given));
        std::copy(piece.begin(), piece.end(), buffer.begin());
        given += piece.size();
        return piece.size();
    }
    void rest() noexcept override { ++rests; }
    net::plain_stream& stream() noexcept override { std::abort(); }

    std::size_t ready;
    std::size_t given = 0;
    int rests = 0;

private:
    const std::string_view text_;
};

std::string numbered(std::size_t size) {
    std::string text;
    for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + ' ';
    text.resize(size);
    return text;
}

std::string read_all(int fd) {
    std::string text;
    std::string piece(10'000, '\0');
    for (;;) {
        const auto got = ::read(fd, piece.data(), piece.size());
        if (got <= 0) return text;
        text.append(piece, 0, static_cast<std::size_t>(got));
    }
}

struct services {
    boost::asio::thread_pool disk{1};
    telemetry::metrics metrics{1};
    limits::work_limit streams{2, 0, {}, metrics};
};

BOOST_FIXTURE_TEST_SUITE(script_input_, services)

BOOST_AUTO_TEST_CASE(a_body_is_whole_in_memory_or_in_the_file) {
    const struct {
        std::size_t size;
        bool is_in_memory;
    } rows[] = {
        {0, true},       {1, true},        {65'535, true},   {65'536, false},
        {65'537, false}, {131'072, false}, {200'000, false},
    };
    for (const auto& row : rows) {
        for (const std::size_t piece : {std::size_t{1'000}, SIZE_MAX}) {
            BOOST_TEST_CONTEXT(row.size << " bytes, " << piece << " at a time") {
                const auto text = numbered(row.size);
                text_body body(text, piece);
                script_input input(disk, streams, row.size);
                BOOST_TEST(!test::run_task(input.receive(body, 0)));
                BOOST_TEST(input.size() == row.size);
                BOOST_TEST(input.is_in_memory() == row.is_in_memory);
                BOOST_TEST((input.bytes() == (row.is_in_memory ? text : std::string())));
                const auto opened = input.open();
                BOOST_TEST_REQUIRE(opened.has_value());
                BOOST_TEST((read_all(opened->get()) == text));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(one_byte_above_the_limit_is_413) {
    for (const std::size_t most :
         {std::size_t{0}, std::size_t{65'535}, std::size_t{65'536}, std::size_t{100'000}}) {
        const auto text = numbered(most + 1);
        text_body body(text, SIZE_MAX);
        script_input input(disk, streams, most);
        const auto refusal = test::run_task(input.receive(body, 0));
        BOOST_TEST_REQUIRE(refusal.has_value());
        BOOST_TEST((refusal->status == http::status::payload_too_large));
    }
}

BOOST_AUTO_TEST_CASE(of_a_long_body_only_the_first_bytes_are_taken_in) {
    const auto text = numbered(300'000);
    const struct {
        std::uint64_t first;
        std::uint64_t taken;
        bool is_in_memory;
    } rows[] = {
        {0, 0, true},
        {1, 1, true},
        {65'536, 65'536, true},
        {65'537, 65'537, false},
        {200'000, 200'000, false},
        {299'999, 299'999, false},
        {300'000, 300'000, false},
        {UINT64_MAX, 300'000, false},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT("first " << row.first) {
            fed_body body(text);
            script_input input(disk, streams, 300'000);
            BOOST_TEST(!test::run_task(input.receive(body, row.first)));
            BOOST_TEST(input.size() == 300'000u);
            BOOST_TEST(input.taken() == row.taken);
            BOOST_TEST(body.given == row.taken);
            BOOST_TEST(input.is_in_memory() == row.is_in_memory);
            BOOST_TEST((input.rest() != nullptr) == (row.taken < 300'000));
        }
    }
    fed_body long_one(text);
    script_input input(disk, streams, 299'999);
    BOOST_TEST((test::run_task(input.receive(long_one, 0))->status == http::status::payload_too_large));
    BOOST_TEST(long_one.given == 0u);
}

BOOST_AUTO_TEST_CASE(without_a_place_for_it_a_long_body_is_taken_in_whole) {
    const auto text = numbered(300'000);
    fed_body one(text), other(text), third(text);
    one.ready = 100'000;
    script_input first(disk, streams, 300'000);
    auto second = std::make_unique<script_input>(disk, streams, 300'000);
    BOOST_TEST(!test::run_task(first.receive(one, 65'536)));
    BOOST_TEST(!test::run_task(second->receive(other, 65'536)));
    BOOST_TEST(first.rest());
    BOOST_TEST(second->rest());
    {
        script_input whole(disk, streams, 300'000);
        BOOST_TEST(!test::run_task(whole.receive(third, 65'536)));
        BOOST_TEST(!whole.rest());
        BOOST_TEST(whole.taken() == 300'000u);
        const auto opened = whole.open();
        BOOST_TEST_REQUIRE(opened.has_value());
        BOOST_TEST((read_all(opened->get()) == text));
    }
    // A short one needs no place, and the place of one is free again when its rest has come or it is gone.
    text_body short_one("short", 5);
    BOOST_TEST(!test::run_task(script_input(disk, streams, 5).receive(short_one, 65'536)));
    BOOST_TEST(streams.current().in_flight == 2u);
    second.reset();
    BOOST_TEST(streams.current().in_flight == 1u);
    input_pieces pieces(&first, disk);
    std::string piece(10'000, '\0');
    const auto take = [&] {
        while (pieces.left() > 0) {
            const auto got = pieces.take_now(piece);
            if (!got) return got.error();
        }
        return error_code{};
    };
    BOOST_TEST(net::would_block(take()));
    BOOST_TEST(streams.current().in_flight == 1u);
    one.ready = text.size();
    BOOST_TEST(!take());
    BOOST_TEST(streams.current().in_flight == 0u);
}

BOOST_AUTO_TEST_CASE(the_pieces_come_from_what_was_taken_in_then_from_the_client) {
    const auto text = numbered(300'000);
    for (const std::uint64_t first : {0u, 10'000u, 65'536u, 100'000u, 300'000u}) {
        BOOST_TEST_CONTEXT("first " << first) {
            fed_body body(text);
            script_input input(disk, streams, 300'000);
            BOOST_TEST(!test::run_task(input.receive(body, first)));
            BOOST_TEST(!input.settle());
            body.ready = first;
            for (int time = 0; time < 2; ++time) {  // what was taken in can be passed on more than once
                input_pieces pieces(&input, disk);
                std::string all;
                std::string piece(7'000, '\0');
                while (all.size() < first) {
                    auto got = pieces.take_now(piece);
                    if (!got && pieces.needs_disk()) got = test::run_task(pieces.load(piece));
                    BOOST_TEST_REQUIRE(got.has_value());
                    all.append(piece, 0, *got);
                }
                BOOST_TEST((all == text.substr(0, first)));
                BOOST_TEST(!input.is_spent());
                if (time == 0 || first == 300'000) continue;
                while (pieces.left() > 0) {
                    const auto got = pieces.take_now(piece);
                    if (got) all.append(piece, 0, *got);
                    BOOST_TEST_REQUIRE((got || pieces.awaits_client()));
                    if (got) continue;
                    pieces.rest();
                    BOOST_TEST(!pieces.awaits_client());
                    body.ready = std::min<std::size_t>(body.ready + 50'000, text.size());
                }
                BOOST_TEST((all == text));
                BOOST_TEST(input.is_spent());
                BOOST_TEST(body.rests > 0);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(who_fails_to_send_a_body_is_told_what_it_was) {
    const auto status_for = [](error_code failed) {
        const auto refusal = body_failed(failed);
        BOOST_TEST(refusal.close);
        return static_cast<unsigned>(refusal.status);
    };
    BOOST_TEST(status_for(errc::end_of_stream) == 400u);
    BOOST_TEST(status_for(errc::bad_framing) == 400u);
    BOOST_TEST(status_for(errc::timeout) == 408u);
    BOOST_TEST(status_for(errc::cancelled) == 503u);
    BOOST_TEST(status_for(errno_code(ECONNRESET)) == 499u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::handlers
