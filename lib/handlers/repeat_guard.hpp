#pragma once

#include "files/answer_records.hpp"
#include "handlers/upload_place.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace fairlead::handlers {

/// The file of a form's folder that says what was in the form.
inline constexpr const char* form_fields_name = "fields.json";

/// What an Idempotency-Key means for one POST (draft-ietf-httpapi-idempotency-key-header): nothing without a
/// key; else that the first answer to it is found, given again, or remembered.
class repeat_guard {
public:
    explicit repeat_guard(const upload_place& place) : place_(place) {}

    /// Reads the key and looks for what was answered. A refusal: 400 for a malformed key, 409 while another
    /// request has it.
    task<std::optional<http::problem>> enter(const http::request& request);

    /// There is a key.
    bool is_on() const noexcept { return claim_.has_value(); }
    /// The key was answered before: nothing is to be stored.
    bool is_repeat() const noexcept { return first_.has_value(); }

    /// A name for what is stored: with a key always the same, so that the file system itself knows a second
    /// one; else one that nobody has.
    std::string name(std::string_view prefix, std::string_view extension) const;

    /// Whether another name is to be tried after `failed`: names of 64 random bits collide once in a very
    /// long time, so more than a few collisions mean that something else is wrong.
    bool may_rename(error_code failed, int tries) const noexcept {
        return !claim_ && failed == errc::precondition_failed && tries < 8;
    }

    /// The answer to a repeat: the first one again, or 422 when something else was sent.
    http::outcome answer_again(const std::string& fingerprint) const;

    /// 422 for another content with the same key.
    static http::problem other_content();

    /// Remembers what was stored. Blocks: for the pool. A failure is logged: the file is safe, and its name
    /// still tells a repeat.
    void remember(const files::answer_record& stored) const;

    /// Whoever has the name that the key gives was stored by this key: what is there is compared with what
    /// was sent, by its digest. Blocks. Errors: errc::precondition_failed when it is another content.
    error_code compare_with_stored(const std::string& name, const sha_digest& digest) const;
    /// The same for the folder of a form, by the fingerprint in its `fields.json`.
    error_code compare_with_form(const std::string& name, const std::string& fingerprint) const;

private:
    const upload_place& place_;
    std::optional<files::answer_records::claim> claim_;
    std::optional<files::answer_record> first_;
};

}  // namespace fairlead::handlers
