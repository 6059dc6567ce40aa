#pragma once

#include "files/answer_records.hpp"
#include "files/staged_folder.hpp"
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
    explicit repeat_guard(ongoing_upload& of) : of_(of), place_(of.place) {}

    /// Reads the key and looks for what was answered. A refusal: 400 for a malformed key, 409 while another
    /// request has it.
    task<std::optional<http::problem>> enter();

    /// There is a key.
    bool is_on() const noexcept { return claim_.has_value(); }
    /// The key was answered before: nothing is to be stored.
    bool is_repeat() const noexcept { return first_.has_value(); }

    /// A mark for the file of this request, which has the fingerprint; nothing without a key.
    std::optional<sha_digest> mark(std::string_view fingerprint) const;

    /// What has happened to an upload that was to be placed.
    struct placed {
        std::string name;
        std::string etag;    ///< empty for a folder
        bool is_new = true;  ///< false: this request has stored it before
    };
    /// Places a sealed file under a name of ours: with a key always the same, so that the file system itself
    /// knows a second one; else one that nobody has. Blocks. Errors: errc::precondition_failed when another
    /// content came with the key; those of staged_file::place_new.
    result<placed> place(files::staged_file& file, std::string_view extension, std::string_view fingerprint,
                         const std::optional<sha_digest>& content) const;
    /// The same for a folder; what came with the key is told by the fingerprint in its `fields.json`.
    result<placed> place(files::staged_folder& folder, std::string_view fingerprint) const;
    /// Places a sealed file under the name that its client chose. errc::precondition_failed: it is taken, not
    /// by this request.
    result<placed> place_as(files::staged_file& file, const std::string& name, std::string_view fingerprint,
                            const std::optional<sha_digest>& content) const;

    /// The answer to a repeat: the first one again, or 422 when something else was sent.
    http::outcome answer_again(const std::string& fingerprint) const;

    /// 422 for another content with the same key.
    static http::problem other_content();

    /// Remembers what was stored. Blocks: for the pool. A failure is logged: the file is safe, and its name
    /// still tells a repeat.
    void remember(const files::answer_record& stored) const;

private:
    std::string name(std::string_view prefix, std::string_view extension, int tries) const;
    bool is_over(const std::string& name) const;
    result<placed> find_own(const std::string& name, std::string_view fingerprint,
                            const std::optional<sha_digest>& content) const;
    error_code compare_with_form(const std::string& name, std::string_view fingerprint) const;

    ongoing_upload& of_;
    const upload_place& place_;
    std::optional<files::answer_records::claim> claim_;
    std::optional<files::answer_record> first_;
};

}  // namespace fairlead::handlers
