// Commits documents one after the other and says so, for test_commit_order.py, which watches its system
// calls: commit_driver DIRECTORY COUNT unnamed|proc|named
#include "files/staged_file.hpp"
#include "files/upload_store.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>

using namespace fairlead;
using namespace fairlead::files;

namespace {

/// One write(2): this is the answer that a client would get.
void answer(const std::string& line) {
    if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::_Exit(3);
}

upload_store_probe probe_for(std::string_view form) {
    if (form == "proc") return {true, false, true};
    if (form == "named") return {false, false, false};
    return {true, true, false};
}

void commit_one(upload_store& store, int number) {
    auto file = staged_file::create(store);
    if (!file) return answer("failed " + std::to_string(file.error().value()) + "\n");
    const auto content = "{\"document\":" + std::to_string(number) + "}";
    auto failed = file->write(content);
    if (failed) return answer("failed " + std::to_string(failed.value()) + "\n");
    const auto name = file->commit();
    if (name) return answer("stored " + *name + " " + content + "\n");
    const auto& unsure = file->indeterminate_name();
    answer("failed " + std::to_string(name.error().value()) +
           (unsure.empty() ? "" : " indeterminate " + unsure) + "\n");
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 4) return 2;
    upload_store store(argv[1], config::durability::full, probe_for(argv[3]));
    if (store.effective() != config::durability::full) {
        std::fprintf(stderr, "%s\n", store.warnings().at(0).c_str());
        return 4;
    }
    for (int i = 0; i < std::atoi(argv[2]); ++i) commit_one(store, i);
    return 0;
} catch (const std::exception& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
}
