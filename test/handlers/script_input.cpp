#include "handlers/script_input.hpp"

#include "support/run_task.hpp"

#include <unistd.h>
#include <boost/test/unit_test.hpp>

#include <algorithm>

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

BOOST_AUTO_TEST_SUITE(script_input_)

BOOST_AUTO_TEST_CASE(a_body_is_whole_in_memory_or_in_the_file) {
    boost::asio::thread_pool disk{1};
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
                script_input input(disk, row.size);
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
    boost::asio::thread_pool disk{1};
    for (const std::size_t most :
         {std::size_t{0}, std::size_t{65'535}, std::size_t{65'536}, std::size_t{100'000}}) {
        const auto text = numbered(most + 1);
        text_body body(text, SIZE_MAX);
        script_input input(disk, most);
        const auto refusal = test::run_task(input.receive(body, 0));
        BOOST_TEST_REQUIRE(refusal.has_value());
        BOOST_TEST((refusal->status == http::status::payload_too_large));
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::handlers
