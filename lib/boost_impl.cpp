// The one translation unit that compiles Asio's and Beast's implementations (separate compilation), so that
// no other file pays for them. Boost.JSON is linked as Debian's own library.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
