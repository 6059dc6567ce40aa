#include "handlers/form_fields.hpp"

#include "base/text.hpp"
#include "handlers/refusals.hpp"
#include "limits/overload.hpp"

namespace fairlead::handlers {
namespace {

// Of all texts of one form together.
constexpr std::size_t most_bytes = 256 * 1024;

}  // namespace

void form_fields::begin(std::string name, expected_digests expected) {
    all_.emplace_back(std::move(name), std::string());
    check_.reset();
    if (!expected.known.empty()) check_.emplace(std::move(expected));
}

std::optional<http::problem> form_fields::append(std::span<const char> piece) {
    bytes_ += piece.size();
    if (bytes_ > most_bytes)
        return refuse(http::status::payload_too_large,
                      "The text fields of a form may have 262144 bytes together: send long texts as files.");
    memory_.add(piece.size());
    if (memory_.is_scarce()) return limits::overload(of_.place.rules.retry_after, "memory for forms");
    all_.back().second.append(piece.data(), piece.size());
    return std::nullopt;
}

std::optional<http::problem> form_fields::end() {
    const auto& [name, text] = all_.back();
    if (check_) {
        check_->update(text);
        if (const auto other = check_->finish()) return storage_failed(of_.place, of_.request, other);
    }
    if (!is_valid_utf8(text) || !is_valid_utf8(name))
        return refuse(http::status::bad_request,
                      "A text field of the form is not UTF-8: send other bytes as a file.");
    return std::nullopt;
}

}  // namespace fairlead::handlers
