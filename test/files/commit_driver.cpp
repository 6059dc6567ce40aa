// Changes a store again and again and says so, for test_commit_order.py, which watches its system calls:
// commit_driver DIRECTORY COUNT unnamed|proc|named create|digest|nested|replace|remove|folder|keyed
#include "files/answer_records.hpp"
#include "files/staged_file.hpp"
#include "files/staged_folder.hpp"
#include "files/upload_names.hpp"
#include "files/upload_store.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <map>
#include <string>
#include <string_view>

using namespace fairlead;
using namespace fairlead::files;

namespace {

/// One write(2): this is the answer that a client would get.
void answer(const std::string& line) {
    if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::_Exit(3);
}

void answer_failed(const error_code& failed, const std::string& indeterminate = {}) {
    answer("failed " + std::to_string(failed.value()) +
           (indeterminate.empty() ? "" : " indeterminate " + indeterminate) + "\n");
}

unnamed_file_forms probe_for(std::string_view form) {
    if (form == "proc") return {true, false, true};
    if (form == "named") return {false, false, false};
    return {true, true, false};
}

sha_digest digest_of(std::string_view text) {
    sha_hasher hasher(sha_kind::sha256);
    hasher.update(text);
    return hasher.finish();
}

std::string content_of(int number) { return "{\"document\":" + std::to_string(number) + "}"; }

result<staged_file> stage(upload_store& store, const std::shared_ptr<store_directory>& where,
                          const std::string& content, const std::optional<sha_digest>& digest,
                          const std::optional<sha_digest>& mark = {}) {
    auto file = staged_file::create(store, where);
    if (!file) return file;
    if (const auto failed = file->write(content)) return failed;
    if (const auto failed = file->seal(digest, mark)) return failed;
    return file;
}

void create_in(upload_store& store, const std::string& folder, int number, bool has_digest) {
    const auto where = store.open(folder, true);
    if (!where) return answer_failed(where.error());
    const auto content = content_of(number);
    auto file = stage(store, *where, content, has_digest ? std::optional(digest_of(content)) : std::nullopt);
    if (!file) return answer_failed(file.error());
    const auto name = fresh_name("upload") + ".json";
    const auto placed = file->place_new(name);
    if (!placed) return answer_failed(placed.error(), file->indeterminate_name());
    answer("stored " + (folder.empty() ? name : folder + "/" + name) + " " + content + "\n");
}

void replace(upload_store& store, int number) {
    const auto name = "kept_" + std::to_string(number) + ".json";
    const auto content = content_of(number);
    auto file = stage(store, store.top(), content, digest_of(content));
    if (!file) return answer_failed(file.error());
    const auto placed = file->place(name, nullptr);
    if (!placed) return answer_failed(placed.error(), file->indeterminate_name());
    answer("stored " + name + " " + content + "\n");
}

void remove(upload_store& store, int number) {
    const auto name = "kept_" + std::to_string(number) + ".json";
    std::string indeterminate;
    const auto removed = store.remove(*store.top(), name, nullptr, indeterminate);
    if (!removed) return answer_failed(removed.error(), indeterminate);
    answer("removed " + name + "\n");
}

void make_folder(upload_store& store, int number) {
    auto folder = staged_folder::create(store);
    if (!folder) return answer_failed(folder.error());
    const auto content = content_of(number);
    for (const auto* name : {"file_1.json", "fields.json"}) {
        auto file = stage(store, store.top(), content, digest_of(content));
        if (!file) return answer_failed(file.error());
        if (const auto failed = folder->add(std::move(*file), name)) return answer_failed(failed);
    }
    const auto name = fresh_name("form");
    if (const auto failed = folder->place(name)) return answer_failed(failed, folder->indeterminate_name());
    answer("stored " + name + "/file_1.json " + content + "\n");
}

/// As a POST with an Idempotency-Key, whose number is its key.
void keyed(upload_store& store, answer_records& records, int number) {
    if (const auto failed = records.prepare()) return answer_failed(failed);
    const auto held = records.try_claim(records.identity("/upload", std::to_string(number)));
    const auto known = records.find(*held);
    if (!known) return answer_failed(known.error());
    const auto content = content_of(number);
    if (*known) return answer("again " + (*known)->location + " " + content + "\n");
    const auto mark = digest_of(held->identity() + content);
    auto file = stage(store, store.top(), content, digest_of(content), mark);
    if (!file) return answer_failed(file.error());
    const auto name = "upload_" + held->identity() + ".json";
    const auto placed = file->place_new(name);
    const bool is_there = !placed && placed.error() == errc::precondition_failed;
    if (!placed && !is_there) return answer_failed(placed.error(), file->indeterminate_name());
    if (is_there)
        if (const auto other = store.compare(*store.top(), name, mark, digest_of(content)))
            return answer_failed(other);
    // A record that cannot be written is only logged: the file itself tells.
    (void)records.remember(*held, {hex(digest_of(content)), name, {}, {}, content});
    answer((is_there ? "again " : "stored ") + name + " " + content + "\n");
}

int drive(upload_store& store, int count, const std::string& kind) {
    answer_records records(store, std::chrono::hours(24), 100);
    const std::map<std::string, std::function<void(int)>> kinds{
        {"create", [&](int i) { create_in(store, "", i, false); }},
        {"digest", [&](int i) { create_in(store, "", i, true); }},
        {"nested", [&](int i) { create_in(store, "a/b", i, true); }},
        {"replace", [&](int i) { replace(store, i); }},
        {"remove", [&](int i) { remove(store, i); }},
        {"folder", [&](int i) { make_folder(store, i); }},
        {"keyed", [&](int i) { keyed(store, records, i); }},
    };
    const auto chosen = kinds.find(kind);
    if (chosen == kinds.end()) return 2;
    answer("ready\n");
    for (int i = 0; i < count; ++i) chosen->second(i);
    return 0;
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 5) return 2;
    upload_store store(argv[1], config::durability::full, {}, probe_for(argv[3]));
    if (store.effective() != config::durability::full) {
        std::fprintf(stderr, "%s\n", store.warnings().at(0).c_str());
        return 4;
    }
    return drive(store, std::atoi(argv[2]), argv[4]);
} catch (const std::exception& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
}
