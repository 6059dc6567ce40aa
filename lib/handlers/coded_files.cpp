#include "handlers/coded_files.hpp"

#include "content/encoder.hpp"
#include "files/file_pieces.hpp"

namespace fairlead::handlers {
namespace {

// Contents above this are kept in pages that are sent uncopied (open_files_limits says why).
constexpr std::size_t copied_size = files::open_files_limits{}.copied_size;

// Beside the content: the entry, the file, its head.
constexpr std::uint64_t entry_overhead = 1024;

std::uint64_t bytes_of(const files::open_file& file) noexcept { return file.info.size + entry_overhead; }

}  // namespace

std::string coded_files::key_of(const void* root, const files::open_file& original,
                                http::content_coding coding) {
    std::string key(reinterpret_cast<const char*>(&root), sizeof root);
    key += static_cast<char>(coding);
    // The tag says which content it is; but two file systems may use one inode number.
    key.append(reinterpret_cast<const char*>(&original.info.device), sizeof original.info.device);
    return key.append(original.etag).append(original.name);
}

coded_files::file_pointer coded_files::find(const std::string& key) {
    auto& part = shards_[shard_of(key)];
    const std::lock_guard guard(part.mutex);
    const auto place = part.by_key.find(key);
    if (place == part.by_key.end()) return nullptr;
    part.entries.splice(part.entries.end(), part.entries, place->second);
    return place->second->file;
}

std::optional<coded_files::claim> coded_files::try_claim(std::string key) {
    const std::lock_guard guard(claims_mutex_);
    const bool is_kept = most_bytes_ > 0;
    if (at_work_ >= most_at_work || (is_kept && under_way_.contains(key))) return std::nullopt;
    ++under_way_[key].claims;
    ++at_work_;
    return claim(this, std::move(key));
}

void coded_files::give_back(const std::string& key) {
    std::vector<std::shared_ptr<event>> waiting;
    {
        const std::lock_guard guard(claims_mutex_);
        --at_work_;
        const auto place = under_way_.find(key);
        if (--place->second.claims > 0) return;
        waiting = std::move(place->second.waiting);
        under_way_.erase(place);
    }
    for (const auto& one : waiting) one->set();
}

task<> coded_files::wait_for(std::string key) {
    const auto end = std::make_shared<event>();
    auto ended = end->wait();
    {
        const std::lock_guard guard(claims_mutex_);
        const auto place = under_way_.find(key);
        if (place == under_way_.end()) co_return;
        place->second.waiting.push_back(end);
    }
    co_await std::move(ended);
}

coded_files::file_pointer coded_files::count(file_pointer made) {
    const auto bytes = bytes_of(*made);
    auto* const file = made.get();
    counted_ += bytes;
    // Should memory run out here, the deleter is called.
    return {file, [this, bytes, made = std::move(made)](const files::open_file*) { counted_ -= bytes; }};
}

void coded_files::keep(const claim& made, file_pointer file) {
    const auto bytes = bytes_of(*file);
    if (bytes > most_bytes_) return;
    std::list<entry> gone;  // let go after the locks
    const auto own = shard_of(made.key_);
    {
        auto& part = shards_[own];
        const std::lock_guard guard(part.mutex);
        if (const auto old = part.by_key.find(made.key_); old != part.by_key.end())
            take_out(part, old->second, gone);
        std::list<entry> added;  // so that nothing is half there when memory runs out on the way
        added.push_back({made.key_, std::move(file)});
        part.by_key.emplace(added.front().key, added.begin());
        part.entries.splice(part.entries.end(), added);
        bytes_ += bytes;
    }
    // The others first: what was added just now stands last in its own.
    make_room(own + 1, gone);
}

/// Takes out what was used longest ago in each shard in turn, from `first` on, while there is too much.
void coded_files::make_room(std::size_t first, std::list<entry>& gone) {
    for (std::size_t empty = 0; empty < shard_count && bytes_ > most_bytes_; ++first) {
        auto& part = shards_[first % shard_count];
        const std::lock_guard guard(part.mutex);
        empty = part.entries.empty() ? empty + 1 : 0;
        if (!part.entries.empty()) take_out(part, part.entries.begin(), gone);
    }
}

void coded_files::take_out(shard& from, std::list<entry>::iterator which, std::list<entry>& gone) {
    bytes_ -= bytes_of(*which->file);
    from.by_key.erase(which->key);
    gone.splice(gone.end(), from.entries, which);
}

error_code coded_files::fill(const files::open_file& original, int level, files::open_file& coded) const {
    content::encoder encoder(coded.coding, level, original.info.size);
    files::file_pieces pieces(original);
    std::string buffer(files::file_pieces::piece_size, '\0');
    for (;;) {
        if (is_stopped_.load(std::memory_order_relaxed)) return errc::cancelled;
        const auto piece = pieces.next(buffer);
        if (!piece) return piece.error();
        if (piece->empty()) break;
        if (const auto failed = encoder.write(*piece, coded.content)) return failed;
    }
    if (const auto failed = encoder.finish(coded.content)) return failed;
    coded.info.size = coded.content.size();
    coded.has_content = true;
    if (coded.content.size() <= copied_size)
        coded.content.shrink_to_fit();
    else
        coded.move_to_pages();
    return {};
}

std::shared_ptr<void> coded_files::try_stream() {
    if (streams_.fetch_add(1) >= most_streams) {
        streams_.fetch_sub(1);
        return nullptr;
    }
    return {&streams_, [](std::atomic<int>* streams) { streams->fetch_sub(1); }};
}

coded_files::usage coded_files::current() const {
    usage total;
    total.bytes = bytes_;
    for (const auto& part : shards_) {
        const std::lock_guard guard(part.mutex);
        total.entries += part.entries.size();
    }
    return total;
}

}  // namespace fairlead::handlers
