#include "config/item_checks.hpp"
#include "config/rows.hpp"

#include <array>

/// What is taken in, where it is stored, and when it counts as stored.
namespace fairlead::config {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

constexpr std::array naming_words{"server"sv, "client"sv};
constexpr std::array durability_words{"full"sv, "off"sv};

template <auto Member>
constexpr auto upload() {
    return field_at<&settings::uploads, Member>();
}

using u = upload_settings;

constexpr std::array rows{
    setting{"uploads.path", text_kind{upload<&u::path>(), check_upload_path, "a request path or \"\""},
            "Request path that takes POST; empty switches uploads at the top off.", R"("/api/documents")"},
    setting{"uploads.directory", path_kind{upload<&u::directory>(), false},
            "Directory where files are stored; a route that has one takes uploads.",
            R"("/var/lib/fairlead/uploads")", scope::route},
    setting{"uploads.accept", texts_kind{upload<&u::accept>(), false, check_upload_way, {}},
            "Ways in: POST of `json` documents, of `raw` bytes, of a `form` (multipart/form-data); `put` and "
            "`delete` of single files.",
            R"(["json", "raw", "form", "put", "delete"])", scope::route},
    setting{"uploads.types", texts_kind{upload<&u::types>(), false, check_upload_type, {}},
            "Media types of raw bodies, of PUT and of files in forms; others get 415.",
            R"(["image/*", "application/pdf"])", scope::route},
    setting{"uploads.names", word_at<&settings::uploads, &u::names>(naming_words),
            "Who names the files of forms: the `server`, or the `client`.", R"("client")", scope::route},
    setting{"uploads.max_body", size_kind{upload<&u::max_body>(), 1, 1024 * gib},
            "Most bytes of one document, file or form; above it 413.", R"("16m")", scope::route},
    setting{"uploads.max_depth", count_kind{upload<&u::max_depth>(), 1, 1000},
            "Deepest nesting of lists and objects in a document; above it 400.", "64", scope::route},
    setting{"uploads.max_parts", count_kind{upload<&u::max_parts>(), 1, 10'000},
            "Most fields and files of a form; above it 400.", "10", scope::route},
    setting{"uploads.make_directories", boolean_kind{upload<&u::make_directories>()},
            "Whether PUT makes the folders that its path names; else a missing one is 409.", "true",
            scope::route},
    setting{"uploads.digest", boolean_kind{upload<&u::digest>()},
            "Whether the SHA-256 of each file is computed, told in `Repr-Digest`, and kept with it.", "false",
            scope::route},
    setting{"uploads.quota", size_kind{upload<&u::quota>(), 0, 1024 * 1024 * gib},
            "Most bytes of all files in the directory together, above which uploads get 413; 0 is no limit.",
            R"("10g")", scope::route},
    setting{
        "uploads.min_free", size_kind{upload<&u::min_free>(), 0, 1024 * 1024 * gib},
        "Bytes of the file system that uploads leave free; an upload for which there is no room gets 507.",
        R"("1g")", scope::route},
    setting{
        "uploads.idempotency_time", time_kind{upload<&u::idempotency_time>(), 0ms, 24h * 366},
        "How long the first answer to a POST with an `Idempotency-Key` is remembered; \"0s\" ignores keys.",
        R"("1h")", scope::route},
    setting{"uploads.idempotency_keys", count_kind{upload<&u::idempotency_keys>(), 1, 10 * many},
            "Most keys that are remembered; the oldest are forgotten first.", "1000", scope::route},
    setting{"uploads.durability", word_at<&settings::uploads, &u::durability>(durability_words),
            "When 201 is sent: `full` after data and name are on the disk, `off` when the kernel has them.",
            R"("off")", scope::route},
    setting{"uploads.serve", boolean_kind{upload<&u::serve>()},
            "Whether GET of a stored file is answered (as an attachment) or 404.", "true", scope::route},
    setting{"uploads.inside_root", boolean_kind{upload<&u::inside_root>()},
            "Allow an upload directory inside `root`, where files are published like any other.", "true",
            scope::route},
};

}  // namespace

std::span<const setting> upload_rows() noexcept { return rows; }

}  // namespace fairlead::config
