#pragma once

#include "session/requests.hpp"
#include "support/upload_site.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

namespace fairlead::test {

/// A request with a body, whose length it announces; `lines` are further field lines.
inline std::string upload(std::string_view line, std::string_view body, std::string_view lines = {}) {
    return request(line, "Content-Length: " + std::to_string(body.size()) + "\r\n" + std::string(lines),
                   body);
}

/// The only answer to `bytes`.
inline answer ask(upload_site& server, std::string_view bytes) {
    auto all = server.answers(bytes);
    BOOST_REQUIRE_EQUAL(all.size(), 1u);
    return all.front();
}

inline const std::string picture = "\x89PNG\r\n\x1a\n" + varied_bytes(3000);
inline const std::string long_document = "[\"" + std::string(40'000, 'x') + "\"]";
inline const std::string two_files =
    form_text({{"name=\"who\"", "", "Ada"},
               {"name=\"scan\"; filename=\"a b.png\"", "image/png", picture},
               {"name=\"note\"; filename=\"n.txt\"", "text/plain", "\r\n--cu\r\n"}});

}  // namespace fairlead::test
