#include "files/file_cache.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>

#include <string>

namespace fairlead::files {
namespace {

using namespace std::chrono_literals;
using key = file_cache::key;

std::shared_ptr<open_file> kept_file(std::size_t size) {
    auto file = std::make_shared<open_file>();
    file->content = std::string(size, 'x');
    file->has_content = true;
    return file;
}

std::shared_ptr<open_file> held_open() {
    auto file = std::make_shared<open_file>();
    file->fd = unique_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    return file;
}

/// A cache each of whose 16 shards has room for one file that is held open, and for two with 100 bytes.
struct with_cache {
    void keep(std::string_view path, const std::shared_ptr<open_file>& file) {
        cache.keep(key(path), file, now, cache.invalidations());
    }
    bool has(std::string_view path) { return cache.find(key(path), now, 1h) != nullptr; }
    /// Paths of one shard.
    static std::string neighbour(int which) {
        for (int i = 0, found = 0;; ++i) {
            auto path = "n" + std::to_string(i);
            if (key(path).hash % 16 == 0 && found++ == which) return path;
        }
    }

    file_cache cache{{32, 16, 1600}};
    const file_cache::clock::time_point now = file_cache::clock::now();
};

BOOST_FIXTURE_TEST_SUITE(file_cache_suite, with_cache)

BOOST_AUTO_TEST_CASE(what_was_looked_at_is_good_for_a_while_and_for_another_when_it_is_the_same) {
    const auto file = kept_file(10);
    keep("a", file);
    BOOST_TEST((cache.find(key("a"), now + 999ms, 1s) == file));
    BOOST_TEST(!cache.find(key("a"), now + 1s, 1s));
    BOOST_TEST(cache.current().hits == 1u);

    const auto is = [&](bool same) {
        return [&file, same](const open_file& known) { return same && &known == file.get(); };
    };
    BOOST_TEST((cache.renew(key("a"), now + 1s, is(true)) == file));
    BOOST_TEST((cache.find(key("a"), now + 1999ms, 1s) == file));
    BOOST_TEST(!cache.renew(key("a"), now + 2s, is(false)));
    BOOST_TEST(cache.current().entries == 0u);
    BOOST_TEST(!cache.renew(key("a"), now + 2s, is(true)));
}

BOOST_AUTO_TEST_CASE(what_may_be_older_than_an_invalidation_is_not_kept) {
    const auto before = cache.invalidations();
    cache.invalidate(key("another"));
    cache.keep(key("a"), kept_file(10), now, before);
    BOOST_TEST(!has("a"));
    const auto later = cache.invalidations();
    cache.clear();
    cache.keep(key("a"), kept_file(10), now, later);
    BOOST_TEST(!has("a"));
    keep("a", kept_file(10));
    BOOST_TEST(has("a"));
    cache.invalidate(key("a"));
    BOOST_TEST(!has("a"));
}

BOOST_AUTO_TEST_CASE(an_entry_is_replaced_and_its_bytes_are_counted_once) {
    keep("a", kept_file(30));
    keep("a", kept_file(50));
    BOOST_TEST(cache.current().entries == 1u);
    BOOST_TEST(cache.current().content_bytes == 50u);
    keep("too large", kept_file(101));
    BOOST_TEST(!has("too large"));
}

BOOST_AUTO_TEST_CASE(a_full_cache_welcomes_what_is_asked_for_by_a_second_request) {
    const auto first = neighbour(0), second = neighbour(1), third = neighbour(2);
    const auto is_welcome = [&](auto after) {
        return cache.is_welcome(key(third), 10, false, now + after, 100ms);
    };
    keep(first, kept_file(10));
    BOOST_TEST(is_welcome(0ms));
    keep(second, kept_file(10));
    BOOST_TEST(!is_welcome(0ms));
    cache.remember(key(third), now);
    BOOST_TEST(!is_welcome(99ms));
    cache.remember(key(third), now + 99ms);  // still the first request
    BOOST_TEST(is_welcome(100ms));

    // The one that was not used since goes.
    BOOST_TEST(has(first));
    keep(third, kept_file(10));
    BOOST_TEST(has(first));
    BOOST_TEST(!has(second));
    BOOST_TEST(has(third));
}

BOOST_AUTO_TEST_CASE(each_kind_of_room_counts_for_whom_it_concerns) {
    const auto held = neighbour(0), other = neighbour(1);
    keep(held, held_open());
    BOOST_TEST(!cache.is_welcome(key(other), 1'000'000, true, now, 100ms));
    BOOST_TEST(cache.is_welcome(key(other), 100, false, now, 100ms));
    BOOST_TEST(!cache.is_welcome(key(other), 101, false, now, 100ms));
    // What would not be kept is not read for it, however often it is asked for.
    cache.remember(key(other), now);
    BOOST_TEST(!cache.is_welcome(key(other), 101, false, now + 1s, 100ms));
    BOOST_TEST(!file_cache({32, 16, 16 * 1'000'000}).is_welcome(key(other), 1'000'001, false, now, 100ms));
    // For a descriptor only who has one has to go.
    keep(other, kept_file(10));
    keep(neighbour(2), held_open());
    BOOST_TEST(!has(held));
    BOOST_TEST(cache.current().descriptors == 1u);
}

BOOST_AUTO_TEST_CASE(descriptors_are_let_go_when_nobody_asks_or_the_process_has_none) {
    keep("held", held_open());
    keep("kept", kept_file(10));
    cache.let_go_unused(now + 9s, 10s);
    BOOST_TEST(has("held"));
    cache.let_go_unused(now + 10s, 10s);
    BOOST_TEST(!has("held"));
    BOOST_TEST(has("kept"));
    BOOST_TEST(!cache.make_room());
    keep("held", held_open());
    BOOST_TEST(cache.make_room());
    BOOST_TEST(!has("held"));
    BOOST_TEST(has("kept"));
}

BOOST_AUTO_TEST_CASE(a_cache_of_nothing_keeps_nothing) {
    file_cache none({0, 0, 0});
    BOOST_TEST(!none.is_welcome(key("a"), 0, false, now, 100ms));
    none.remember(key("a"), now);
    BOOST_TEST(!none.is_welcome(key("a"), 0, false, now + 1s, 100ms));
    none.keep(key("a"), kept_file(0), now, none.invalidations());
    BOOST_TEST(none.current().entries == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::files
