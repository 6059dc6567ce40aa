#pragma once

#include <boost/system/result.hpp>

#include <string>

namespace fairlead::http {

/// What a text means, or one sentence that says what is wrong with it and what to write.
template <class T>
using parse_result = boost::system::result<T, std::string>;

}  // namespace fairlead::http
