#include "http/method_set.hpp"

#include <boost/beast/http/verb.hpp>

namespace fairlead::http {

parse_result<method_set> method_set::parse(std::span<const std::string> names) {
    method_set made;
    for (const auto& name : names) {
        const auto method = boost::beast::http::string_to_verb(name);
        if (method == verb::unknown)
            return "\"" + name +
                   "\" is no method that this server knows; write names as they are sent, as in "
                   "[\"GET\", \"POST\", \"PUT\"]";
        if (method == verb::trace)
            return "TRACE shows to scripts what browsers hide from them, so it is never answered; remove it";
        made.add(method);
    }
    return made;
}

}  // namespace fairlead::http
