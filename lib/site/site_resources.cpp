#include "site/site_resources.hpp"

#include <algorithm>

namespace fairlead::site {
namespace {

// Where there is no room for an upload of this size, uploads are said to fail. (A directory may take far
// larger ones, and still has room for most that come.)
constexpr std::uint64_t usual_upload = 1ULL << 20;

// Between two counts of a store's files and keys.
constexpr std::chrono::seconds least_pause{60};

}  // namespace

shared_store::shared_store(const config::upload_settings& its, const surroundings& around)
    : settings(its),
      directory(its.directory),
      largest(its.max_body),
      store(its.directory, its.durability, {its.quota, its.min_free}) {
    around.commits.grow_to(handlers::upload_disk::threads_for(store));
    if (its.idempotency_time.count() > 0)
        records = std::make_unique<files::answer_records>(store, its.idempotency_time, its.idempotency_keys);
}

void shared_store::keep_house(std::chrono::steady_clock::time_point now) {
    store.examine(std::min(largest, usual_upload));
    if (now < next_count) return;
    const auto begin = std::chrono::steady_clock::now();
    (void)store.space().count();  // what cannot be counted now keeps its sum
    if (records) records->expire();
    // A large store costs time: at most a hundredth of it.
    const auto took = std::chrono::steady_clock::now() - begin;
    next_count = now + std::max<std::chrono::steady_clock::duration>(least_pause, 100 * took);
}

void site_resources::keep_house(telemetry::log& log) {
    const auto now = files::open_files::steady::now();
    for (const auto& one : folders) one->files->let_go_unused(now);
    for (const auto& one : stores) one->keep_house(now);
    listings.let_go_old();
    access.keep_house(log);
    programs.keep_house();
}

void site_resources::make_room() {
    for (const auto& one : folders) (void)one->files->make_room();
}

void site_resources::expire(limits::work_limit::clock::time_point now) {
    for (const auto& one : folders)
        if (one->own_work) one->own_work->expire(now);
    programs.expire(now);
}

void site_resources::abandon() {
    coded.stop();
    programs.stop();
    access.passwords.abandon();
}

}  // namespace fairlead::site
