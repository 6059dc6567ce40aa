// What many answers that nobody takes make be kept.
#include "session/answer_batch.hpp"

#include "support/memory_stream.hpp"

#include <boost/test/unit_test.hpp>

namespace fairlead::session {
namespace {

struct large_page {
    std::shared_ptr<const std::string> text = std::make_shared<const std::string>(std::string(40'000, 'x'));
    http::response answer() const {
        http::response made;
        made.body = http::memory_slice{text, *text};
        return made;
    }
};

BOOST_AUTO_TEST_SUITE(answer_batches)

BOOST_AUTO_TEST_CASE(a_batch_refers_to_a_bounded_amount_of_content) {
    std::vector<char> buffer(200'000);
    answer_batch batch(buffer);
    const large_page page;
    head_options options;
    options.keep_alive = "\r\nConnection: keep-alive\r\nKeep-Alive: timeout=30, max=";
    std::size_t added = 0;
    for (; batch.has_room(100); ++added) batch.add(page.answer(), options);
    BOOST_TEST(added == 2u);
    batch.clear();
    BOOST_TEST(batch.has_room(100));
    BOOST_TEST(page.text.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(what_was_not_taken_is_kept_by_its_owner_and_not_copied) {
    std::vector<char> buffer(200'000);
    answer_batch batch(buffer);
    const large_page page;
    head_options options;
    options.keep = false;
    batch.add(page.answer(), options);
    batch.add(page.answer(), options);
    test::memory_stream stream;
    stream.write_limit = 1'000;
    BOOST_TEST(net::would_block(batch.send(stream, false)));
    auto rest = batch.take_unsent();
    batch.clear();
    std::fill(buffer.begin(), buffer.end(), '#');  // the next connection's
    std::string text = stream.outgoing;
    for (const auto& piece : rest.pieces) text += piece.bytes;
    BOOST_TEST(page.text.use_count() > 1);
    const auto first = text.find("\r\n\r\n") + 4;
    BOOST_TEST(text.compare(first, page.text->size(), *page.text) == 0);
    BOOST_TEST(text.ends_with(*page.text));
    BOOST_TEST(text.find('#') == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::session
