#include "files/user_table.hpp"

#include "base/password_hash.hpp"
#include "base/text.hpp"
#include "http/user_groups.hpp"
#include "require.hpp"

#include <cstdint>
#include <string>

using namespace fairlead;

namespace {

void check_user(const files::user_table& users, const files::known_user& user) {
    REQUIRE_INVARIANT(http::is_user_name(user.name));
    REQUIRE_INVARIANT(!fault_of_hash(user.hash));
    REQUIRE_INVARIANT(user.hash.find_first_of(":\n\r ") == std::string::npos);
    REQUIRE_INVARIANT(users.find(user.name) == &user);
}

}  // namespace

/// The input is a file of users, and once more a hash.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto users = files::user_table::parse(text);
    REQUIRE_INVARIANT(users || !users.error().empty());
    if (users) {
        for (std::size_t i = 0; i < users->size(); ++i) check_user(*users, *users->any(i));
        REQUIRE_INVARIANT(!users->find(""));
    }
    const auto fault = fault_of_hash(text);
    if (fault) REQUIRE_INVARIANT(!fault->empty() && fault->size() < 200);
    // What has no fault is a line of a user.
    if (!fault) REQUIRE_INVARIANT(files::user_table::parse("ann:" + std::string(text)).has_value());
    return 0;
}
