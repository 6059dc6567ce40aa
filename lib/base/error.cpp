#include "base/error.hpp"

namespace fairlead {
namespace {

class category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "fairlead"; }
    std::string message(int value) const override {
        switch (static_cast<errc>(value)) {
            case errc::timeout: return "deadline passed";
            case errc::end_of_stream: return "the peer closed before the message was complete";
            case errc::too_large: return "size limit exceeded";
            case errc::bad_framing: return "the message cannot be delimited";
            case errc::file_changed: return "the file changed while it was being sent";
            case errc::overloaded: return "overloaded";
            case errc::cancelled: return "the server is stopping";
            case errc::abandoned: return "the client has left";
            case errc::quota_exceeded: return "the quota of the store is used up";
            case errc::digest_mismatch: return "the content does not have the digest that its sender gave";
            case errc::precondition_failed: return "the precondition does not hold";
            case errc::not_a_file: return "something that is no regular file has this name";
        }
        return "unknown error";
    }
};

}  // namespace

const boost::system::error_category& fairlead_category() noexcept {
    static const category instance;
    return instance;
}

error_code make_error_code(errc value) noexcept { return {static_cast<int>(value), fairlead_category()}; }

}  // namespace fairlead
