#include "files/open_files.hpp"

#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace fairlead;
using namespace fairlead::files;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// A root and a clock. The clock starts when files written by the test have settled.
struct cached_root {
    explicit cached_root(open_files_limits limits = small_limits())
        : files(sandbox::open(dir.path()), limits,
                {[this](std::string_view path, const open_file& file) {
                     ++heads;
                     return file_head{"Path: " + std::string(path) + "\r\nETag: " + file.etag + "\r\n"};
                 },
                 [this](std::string_view) { return std::span<const http::content_coding>(codings); }}) {}

    static open_files_limits small_limits() {
        open_files_limits limits;
        limits.entries = 64;
        limits.descriptors = 32;
        limits.content_size = 100;
        limits.content_bytes = 16 * 200;
        return limits;
    }
    void write(std::string_view name, std::string_view content) const {
        test::write_file(dir / name, content);
    }
    /// Puts a new file in the place of the old one.
    void replace(std::string_view name, std::string_view content) const {
        write("new", content);
        fs::rename(dir / "new", dir / name);
    }
    std::shared_ptr<const open_file> open(std::string_view name) {
        return files.open(name, now, today).value();
    }
    void pass(std::chrono::milliseconds time) {
        now += time;
        today += time;
    }
    std::uint64_t opened() const { return files.current().opened; }

    test::temp_dir dir;
    int heads = 0;
    std::vector<http::content_coding> codings;  ///< of siblings
    open_files files;
    open_files::steady::time_point now = open_files::steady::now();
    open_files::wall::time_point today = open_files::wall::now() + 1h;
};

std::size_t open_descriptors() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& each : fs::directory_iterator("/proc/self/fd")) ++count;
    return count;
}

BOOST_AUTO_TEST_SUITE(open_files_suite)

BOOST_FIXTURE_TEST_CASE(a_small_file_is_held_whole, cached_root) {
    write("a.html", "hello");
    const auto file = open("a.html");
    BOOST_TEST((file->info.kind == file_kind::regular));
    BOOST_TEST(file->name == "a.html");
    BOOST_TEST(file->has_content);
    BOOST_TEST(file->content == "hello");
    BOOST_TEST(!file->fd);
    BOOST_TEST(file->etag == make_entity_tag(file->info));
    BOOST_TEST(file->head.lines == "Path: a.html\r\nETag: " + file->etag + "\r\n");
    BOOST_TEST(file->last_modified == file->info.mtime_ns / 1'000'000'000);
    BOOST_TEST(file->last_modified_text.ends_with(" GMT"));
}

BOOST_FIXTURE_TEST_CASE(a_large_file_keeps_its_descriptor, cached_root) {
    write("at-limit", std::string(100, 'x'));
    write("over-limit", std::string(101, 'x'));
    write("empty", "");
    BOOST_TEST(open("at-limit")->has_content);
    BOOST_TEST(open("empty")->has_content);
    const auto large = open("over-limit");
    BOOST_TEST(!large->has_content);
    BOOST_TEST(large->content.empty());
    char byte = 0;
    BOOST_TEST(::pread(large->fd.get(), &byte, 1, 100) == 1);
    BOOST_TEST(files.current().descriptors == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_file_that_was_just_written_is_read_where_that_may_block, cached_root) {
    today = open_files::wall::now();
    for (const std::size_t size : {5u, 101u}) {
        write("fresh", std::string(size, 'x'));
        const auto refused = files.find_now("fresh", now, today);
        BOOST_TEST((refused.error() == boost::system::errc::resource_unavailable_try_again));
        BOOST_TEST(open("fresh")->info.size == size);
        today += 1h;
        BOOST_TEST(files.find_now("fresh", now, today).value()->info.size == size);
        today -= 1h;
        files.clear();
    }
}

BOOST_FIXTURE_TEST_CASE(a_file_between_the_two_limits_is_kept_in_pages, cached_root) {
    open_files_limits limits;
    limits.content_size = 100;
    limits.copied_size = 10;
    open_files kept_in_pages(sandbox::open(dir.path()), limits,
                             {[](auto, const auto&) { return file_head{}; }, {}});
    write("copied", std::string(10, 'c'));
    write("kept", std::string(11, 'k'));
    const auto find = [&](const char* name) { return kept_in_pages.open(name, now, today).value(); };
    BOOST_TEST(find("copied")->has_content);
    BOOST_TEST(!find("copied")->pages);
    const auto kept = find("kept");
    BOOST_TEST(!kept->has_content);
    BOOST_TEST(kept->content.empty());
    BOOST_TEST(kept->kept().value() == std::string(11, 'k'));
    BOOST_TEST(kept_in_pages.current().descriptors == 0u);
    BOOST_TEST(kept_in_pages.current().content_bytes == 21u);
    BOOST_TEST(find("kept") == kept);

    // The file does not change what is sent until the path is asked again.
    std::ofstream(dir / "kept") << "another 11!";
    BOOST_TEST(kept->pages.bytes() == std::string(11, 'k'));
    pass(2000ms);
    const auto renewed = find("kept");
    BOOST_TEST(renewed->pages.bytes() == "another 11!");
    BOOST_TEST(kept->pages.bytes() == std::string(11, 'k'));  // for whoever has it
    BOOST_TEST(kept_in_pages.current().content_bytes == 21u);
    kept_in_pages.clear();
    BOOST_TEST(kept_in_pages.current().content_bytes == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_file_that_was_just_written_is_not_moved_to_pages, cached_root) {
    open_files_limits limits;
    limits.copied_size = 10;
    open_files some(sandbox::open(dir.path()), limits, {[](auto, const auto&) { return file_head{}; }, {}});
    write("young", std::string(11, 'y'));
    const auto young = some.open("young", now, open_files::wall::now()).value();
    BOOST_TEST(!young->pages);
    BOOST_TEST(young->content == std::string(11, 'y'));
}

BOOST_FIXTURE_TEST_CASE(a_file_that_nobody_asks_for_is_let_go, cached_root) {
    write("large", std::string(101, 'x'));
    write("small", "1");
    (void)open("large");
    (void)open("small");
    pass(9999ms);
    files.let_go_unused(now);
    BOOST_TEST(files.current().entries == 2U);
    pass(1ms);
    files.let_go_unused(now);
    BOOST_TEST(files.current().entries == 1U);  // what is in memory holds no file
    BOOST_TEST(files.current().descriptors == 0U);
    (void)open("large");
    pass(5000ms);
    (void)open("large");
    pass(6000ms);
    files.let_go_unused(now);
    BOOST_TEST(files.current().descriptors == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_hit_asks_nobody, cached_root) {
    write("a", "1");
    const auto first = open("a");
    pass(999ms);
    BOOST_TEST(open("a") == first);
    BOOST_TEST(files.find_now("a", now, today).value() == first);
    BOOST_TEST(opened() == 1U);
    BOOST_TEST(files.current().hits == 2U);
    BOOST_TEST(heads == 1);
}

BOOST_FIXTURE_TEST_CASE(an_unchanged_file_is_kept_after_a_look, cached_root) {
    write("a", "1");
    const auto first = open("a");
    for (int i = 0; i < 3; ++i) {
        pass(1s);
        BOOST_TEST(open("a") == first);
        pass(999ms);
        BOOST_TEST(open("a") == first);
    }
    BOOST_TEST(opened() == 4U);
    BOOST_TEST(heads == 1);
}

BOOST_FIXTURE_TEST_CASE(changes_are_seen_within_a_second, cached_root) {
    struct {
        const char* what;
        std::function<void()> change;
        std::string content;
    } const cases[] = {
        {"replaced by rename", [this] { replace("a", "2"); }, "2"},
        {"rewritten in place", [this] { write("a", "3"); }, "3"},
        {"replaced by a link",
         [this] {
             write("b", "4");
             fs::remove(dir / "a");
             fs::create_symlink("b", dir / "a");
         },
         "4"},
    };
    for (const auto& each : cases) {
        BOOST_TEST_CONTEXT(each.what) {
            fs::remove(dir / "a");
            write("a", "1");
            pass(2s);
            const auto old = open("a");
            BOOST_TEST(old->content == "1");
            each.change();
            pass(999ms);
            BOOST_TEST(open("a") == old);
            pass(1ms);
            BOOST_TEST(open("a")->content == each.content);
        }
    }
}

BOOST_FIXTURE_TEST_CASE(a_file_whose_size_and_mtime_are_forged_is_seen_by_its_ctime, cached_root) {
    write("a", "1");
    struct stat old{};
    ::stat((dir / "a").c_str(), &old);
    BOOST_TEST(open("a")->content == "1");
    write("a", "2");
    const timespec times[] = {old.st_atim, old.st_mtim};
    ::utimensat(AT_FDCWD, (dir / "a").c_str(), times, 0);
    pass(1s);
    BOOST_TEST(open("a")->content == "2");
}

BOOST_FIXTURE_TEST_CASE(a_removed_file_is_gone_and_let_go, cached_root) {
    write("a", std::string(200, 'x'));
    open("a");
    const auto before = open_descriptors();
    fs::remove(dir / "a");
    pass(1s);
    BOOST_TEST(files.find_now("a", now, today).has_error());
    BOOST_TEST(files.open("a", now, today).error().value() == ENOENT);
    BOOST_TEST(files.current().entries == 0U);
    BOOST_TEST(open_descriptors() == before - 1);
}

BOOST_FIXTURE_TEST_CASE(a_link_that_is_pointed_elsewhere_is_seen, cached_root) {
    write("one", "same");
    fs::create_hard_link(dir / "one", dir / "two");
    fs::create_symlink("one", dir / "link");
    pass(2s);
    BOOST_TEST(open("link")->final_path == "one");
    BOOST_TEST(open("link")->head.lines.starts_with("Path: one\r\n"));
    fs::remove(dir / "link");
    fs::create_symlink("two", dir / "link");
    pass(1s);
    BOOST_TEST(open("link")->final_path == "two");  // the same inode under another name: other rules may hold
}

BOOST_FIXTURE_TEST_CASE(a_young_file_is_not_trusted, cached_root) {
    write("a", "1");
    const auto written = std::chrono::nanoseconds(open("a")->info.ctime_ns);
    files.clear();
    const auto at = [&](std::chrono::nanoseconds age) {
        return open_files::wall::time_point(
            std::chrono::duration_cast<open_files::wall::duration>(written + age));
    };
    for (const auto age : {0ms, 1000ms, 1999ms}) {
        today = at(age);
        const auto file = open("a");
        BOOST_TEST(file->content == "1");
        BOOST_TEST(files.current().entries == 0U);
    }
    today = at(2001ms);
    open("a");
    BOOST_TEST(files.current().entries == 1U);
}

BOOST_FIXTURE_TEST_CASE(an_mtime_in_the_future, cached_root) {
    write("a", "1");
    const timespec times[] = {{4'000'000'000, 0}, {4'000'000'000, 0}};
    ::utimensat(AT_FDCWD, (dir / "a").c_str(), times, 0);
    const auto file = open("a");
    // Never announced (RFC 9110 section 8.8.2.1), and no reason to read the file anew for ever.
    const auto today_s = std::chrono::duration_cast<std::chrono::seconds>(today.time_since_epoch()).count();
    BOOST_TEST(file->last_modified == today_s);
    BOOST_TEST(files.current().entries == 1U);
}

BOOST_FIXTURE_TEST_CASE(directories_and_special_files_have_no_descriptor, cached_root) {
    fs::create_directory(dir / "sub");
    ::mkfifo((dir / "pipe").c_str(), 0600);
    const auto before = open_descriptors();
    const auto folder = open("sub");
    const auto pipe = open("pipe");
    BOOST_TEST((folder->info.kind == file_kind::directory));
    BOOST_TEST((pipe->info.kind == file_kind::special));
    BOOST_TEST((open("")->info.kind == file_kind::directory));
    BOOST_TEST(open_descriptors() == before);
    BOOST_TEST(files.current().entries == 0U);
    BOOST_TEST(heads == 0);
}

BOOST_FIXTURE_TEST_CASE(errors_are_not_cached, cached_root) {
    BOOST_TEST(files.open("a", now, today).error().value() == ENOENT);
    write("a", "1");
    BOOST_TEST(open("a")->content == "1");
}

BOOST_FIXTURE_TEST_CASE(bounded_by_entries, cached_root) {
    for (int i = 0; i < 500; ++i) write(std::to_string(i), "x");
    // A full cache takes in what is asked for a second time.
    for (int i = 0; i < 1000; ++i) {
        if (i % 2 == 1) pass(100ms);
        open(std::to_string(i / 2));
    }
    const auto usage = files.current();
    BOOST_TEST(usage.entries <= 64U);
    BOOST_TEST(usage.entries >= 32U);
}

BOOST_FIXTURE_TEST_CASE(who_looks_at_everything_once_pushes_nothing_out, cached_root) {
    for (int i = 0; i < 500; ++i) write(std::to_string(i), "x");
    for (int i = 0; i < 500; ++i) open(std::to_string(i));
    std::vector<std::string> kept;
    for (int i = 0; i < 500; ++i)
        if (files.find_cached(std::to_string(i), now)) kept.push_back(std::to_string(i));
    BOOST_TEST(kept.size() == files.current().entries);
    BOOST_TEST(kept.size() >= 32U);
    for (int i = 0; i < 300; ++i) write("other" + std::to_string(i), "x");
    for (int i = 0; i < 300; ++i) open("other" + std::to_string(i));
    for (const auto& name : kept) BOOST_TEST(files.find_cached(name, now) != nullptr);
    // What is asked for twice takes the place of one that nobody asked for since.
    for (int i = 0; i < 2; ++i) open("other299");  // as one request may
    BOOST_TEST(!files.find_cached("other299", now));
    pass(100ms);
    open("other299");
    BOOST_TEST(files.find_cached("other299", now) != nullptr);
    BOOST_TEST(files.current().entries <= 64U);
}

BOOST_FIXTURE_TEST_CASE(in_a_full_cache_a_file_is_sent_without_being_read_first, cached_root) {
    open_files_limits limits;
    limits.entries = 16;  // one for each shard
    limits.copied_size = 10;
    open_files full(sandbox::open(dir.path()), limits, {[](auto, const auto&) { return file_head{}; }, {}});
    for (int i = 0; i < 200; ++i) write(std::to_string(i), "x");
    for (int i = 0; i < 200; ++i) BOOST_TEST_REQUIRE(full.open(std::to_string(i), now, today).has_value());
    BOOST_TEST_REQUIRE(full.current().entries == 16U);
    write("small", std::string(10, 's'));
    write("larger", std::string(11, 'l'));
    BOOST_TEST(full.open("small", now, today).value()->content == std::string(10, 's'));
    BOOST_TEST(!full.find_cached("small", now));
    const auto once = full.open("larger", now, today).value();
    BOOST_TEST(static_cast<bool>(once->fd));
    BOOST_TEST(!once->kept());
    BOOST_TEST(!full.open("larger", now, today).value()->kept());
    pass(100ms);
    const auto again = full.open("larger", now, today).value();
    BOOST_TEST(again->kept().value() == std::string(11, 'l'));
    BOOST_TEST(full.find_cached("larger", now) == again);
    BOOST_TEST(full.current().entries == 16U);
    // Of one that was changed a moment ago an answer is what lay there at one moment, whoever asks.
    write("young", std::string(11, 'y'));
    const auto young = full.open("young", now, open_files::wall::now() + 5s).value();
    BOOST_TEST(young->kept().value() == std::string(11, 'y'));
}

BOOST_FIXTURE_TEST_CASE(bounded_by_bytes, cached_root) {
    for (int i = 0; i < 200; ++i) write(std::to_string(i), std::string(90, 'x'));
    for (int i = 0; i < 400; ++i) {
        if (i % 2 == 1) pass(100ms);
        open(std::to_string(i / 2));
    }
    const auto usage = files.current();
    BOOST_TEST(usage.content_bytes <= 16U * 200U);
    BOOST_TEST(usage.content_bytes >= 16U * 90U);
    files.clear();
    BOOST_TEST(files.current().content_bytes == 0U);
}

BOOST_FIXTURE_TEST_CASE(bounded_by_descriptors, cached_root) {
    for (int i = 0; i < 10; ++i) write("small" + std::to_string(i), "x");
    for (int i = 0; i < 10; ++i) open("small" + std::to_string(i));
    for (int i = 0; i < 300; ++i) write(std::to_string(i), std::string(101, 'x'));
    const auto before = open_descriptors();
    for (int i = 0; i < 600; ++i) {
        if (i % 2 == 1) pass(100ms);
        open(std::to_string(i / 2));
    }
    BOOST_TEST(files.current().descriptors <= 32U);
    BOOST_TEST(open_descriptors() - before == files.current().descriptors);
}

BOOST_FIXTURE_TEST_CASE(what_is_used_stays_longer, cached_root) {
    write("favourite", "x");
    const auto favourite = open("favourite");
    for (int i = 0; i < 500; ++i) {
        write(std::to_string(i), "x");
        open(std::to_string(i));
        BOOST_TEST(open("favourite") == favourite);
    }
}

BOOST_FIXTURE_TEST_CASE(a_change_of_our_own_is_seen_at_once, cached_root) {
    write("a", "1");
    open("a");
    replace("a", "2");
    BOOST_TEST(open("a")->content == "1");
    files.invalidate("a");
    BOOST_TEST(open("a")->content == "2");
    files.invalidate("never-seen");
}

BOOST_AUTO_TEST_CASE(an_open_under_way_is_not_kept_after_invalidate) {
    // The head builder runs between the open and the moment at which the cache takes the file.
    test::temp_dir dir;
    test::write_file(dir / "a", "1");
    open_files* cache = nullptr;
    open_files files(sandbox::open(dir.path()), {},
                     {[&](std::string_view, const open_file&) {
                          cache->invalidate("a");
                          return file_head{};
                      },
                      {}});
    cache = &files;
    const auto today = open_files::wall::now() + 1h;
    BOOST_TEST(files.open("a", open_files::steady::now(), today).value()->content == "1");
    BOOST_TEST(files.current().entries == 0U);
}

/// Codings of siblings that a file has, in the order of preference.
std::string siblings_of(const open_file& file) {
    std::string text;
    for (const auto& one : file.siblings)
        text.append(text.empty() ? "" : " ").append(http::token(one->coding));
    return text;
}

BOOST_FIXTURE_TEST_CASE(siblings_are_found_and_belong_to_the_file, cached_root) {
    using enum http::content_coding;
    codings = {br, zstd, gzip};
    write("a.js", "plain text");
    write("a.js.gz", "packed");
    write("a.js.br", std::string(150, 'b'));  // larger than what is kept in memory
    write("b.js", "none beside it");
    const auto file = open("a.js");
    BOOST_TEST(siblings_of(*file) == "br gzip");
    BOOST_TEST(file->is_negotiable());
    const auto& packed = *file->siblings[1];
    BOOST_TEST(packed.content == "packed");
    BOOST_TEST(packed.etag == make_entity_tag(packed.info));
    BOOST_TEST(packed.etag != file->etag);
    BOOST_TEST(packed.last_modified == file->last_modified);
    BOOST_TEST(packed.head.lines.starts_with("Path: a.js\r\n"));
    BOOST_TEST(static_cast<bool>(file->siblings[0]->fd));
    BOOST_TEST(!open("b.js")->is_negotiable());
    // A sibling counts where memory and descriptors are counted.
    BOOST_TEST(files.current().descriptors == 1u);
    BOOST_TEST(files.current().content_bytes == 10u + 6u + 14u);
    files.clear();
    BOOST_TEST(files.current().descriptors == 0u);
    BOOST_TEST(files.current().content_bytes == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_sibling_that_may_be_wrong_is_not_used, cached_root) {
    codings = {http::content_coding::gzip};
    const auto beside = [&](std::string_view name) { return siblings_of(*open(name)); };
    write("old.js", "x");
    write("old.js.gz", "y");
    fs::last_write_time(dir / "old.js.gz", fs::last_write_time(dir / "old.js") - 1s);
    BOOST_TEST(beside("old.js") == "");
    write("linked.js", "x");
    write("secret", "y");
    fs::create_symlink("secret", dir / "linked.js.gz");
    BOOST_TEST(beside("linked.js") == "");
    write("folder.js", "x");
    fs::create_directory(dir / "folder.js.gz");
    BOOST_TEST(beside("folder.js") == "");
    // It may be half written: its clock is two seconds ahead of what the cache takes for now.
    write("young.js", "x");
    write("young.js.gz", "y");
    today = open_files::wall::now() + 1s;
    BOOST_TEST(beside("young.js") == "");
    today += 2s;
    BOOST_TEST(beside("young.js") == "gzip");
}

BOOST_FIXTURE_TEST_CASE(siblings_stand_beside_the_file_that_a_link_leads_to, cached_root) {
    codings = {http::content_coding::gzip};
    fs::create_directory(dir / "release-1");
    write("release-1/a.js", "x");
    write("release-1/a.js.gz", "y");
    fs::create_symlink("release-1", dir / "current");
    BOOST_TEST(siblings_of(*open("current/a.js")) == "gzip");
    fs::create_symlink("release-1/a.js", dir / "alias.js");
    write("alias.js.gz", "of something else");
    BOOST_TEST(open("alias.js")->siblings.at(0)->content == "y");
}

BOOST_FIXTURE_TEST_CASE(a_sibling_that_comes_goes_or_changes_is_seen_at_the_next_look, cached_root) {
    codings = {http::content_coding::gzip};
    const auto look = [&] {
        pass(1s);
        return open("a.js");
    };
    write("a.js", "x");
    const auto first = open("a.js");
    BOOST_TEST(look() == first);
    write("a.js.gz", "y");
    BOOST_TEST(siblings_of(*look()) == "gzip");
    const auto kept = look();
    BOOST_TEST(look() == kept);
    replace("a.js.gz", "z");
    BOOST_TEST(look()->siblings.at(0)->content == "z");
    fs::remove(dir / "a.js.gz");
    BOOST_TEST(siblings_of(*look()) == "");
}

struct roomy_root : cached_root {
    roomy_root()
        : cached_root([] {
              auto limits = small_limits();
              limits.descriptors = 1024;
              limits.entries = 1024;
              return limits;
          }()) {}
};

BOOST_FIXTURE_TEST_CASE(without_descriptors_the_cache_gives_way, roomy_root) {
    for (int i = 0; i < 20; ++i) write(std::to_string(i), std::string(101, 'x'));
    for (int i = 0; i < 19; ++i) open(std::to_string(i));
    BOOST_TEST(files.current().descriptors == 19U);

    rlimit old{};
    ::getrlimit(RLIMIT_NOFILE, &old);
    const int next = ::dup(0);
    ::close(next);
    const rlimit exhausted{static_cast<rlim_t>(next), old.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &exhausted);
    const auto file = files.open("19", now, today);
    const auto left = files.current().descriptors;
    files.clear();
    // Nothing to give: the error is the answer.
    std::vector<unique_fd> taken;
    for (int fd; (fd = ::dup(0)) >= 0;) taken.emplace_back(fd);
    const auto refused = files.open("0", now, today);
    ::setrlimit(RLIMIT_NOFILE, &old);

    BOOST_TEST(file.has_value());
    BOOST_TEST(left > 0U);
    BOOST_TEST(left < 20U);
    BOOST_TEST_REQUIRE(refused.has_error());
    BOOST_TEST(refused.error().value() == EMFILE);
}

BOOST_FIXTURE_TEST_CASE(never_blocking_means_asking_the_caches_only, cached_root) {
    write("a", "1");
    open("a");
    files.clear();
    // Path and page are in the kernel's caches now, so the disk is not needed.
    BOOST_TEST(files.find_now("a", now, today).value()->content == "1");
    // Pages that are not in memory are not waited for.
    write("cold", std::string(90, 'x'));
    const unique_fd file(::open((dir / "cold").c_str(), O_RDONLY | O_CLOEXEC));
    ::fsync(file.get());
    BOOST_TEST_REQUIRE(::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED) == 0);
    const auto cold = files.find_now("cold", now, today);
    if (cold.has_error()) BOOST_TEST(cold.error().value() == EAGAIN);
    BOOST_TEST(open("cold")->content == std::string(90, 'x'));
    BOOST_TEST(files.find_now("cold", now, today).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
