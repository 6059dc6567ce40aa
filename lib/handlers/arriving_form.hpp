#pragma once

#include "base/sha.hpp"
#include "content/multipart.hpp"
#include "files/staged_folder.hpp"
#include "handlers/arriving_content.hpp"
#include "handlers/buffer_share.hpp"
#include "handlers/digest_check.hpp"
#include "handlers/form_fields.hpp"
#include "handlers/repeat_guard.hpp"
#include "handlers/upload_place.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::handlers {

/// One form on its way from a client to the disk: its files are staged as they come, its fields are kept in
/// memory. All of it is stored, or nothing.
class arriving_form {
public:
    /// `boundary` is one that content::multipart_reader::boundary_of gave; `expected` are digests of the
    /// whole body. `guard`, which is that of the same upload, outlives the form.
    arriving_form(ongoing_upload& of, repeat_guard& guard, std::string_view boundary,
                  expected_digests expected);
    arriving_form(const arriving_form&) = delete;
    arriving_form& operator=(const arriving_form&) = delete;
    ~arriving_form();

    /// Reads the body to its end.
    task<std::optional<http::problem>> receive();

    /// Places everything. Blocks: for the pool.
    result<files::answer_record> store();

    /// Removes what has come so far, so that nobody sees it behind a refusal. Blocks.
    error_code discard();

    std::uint64_t received() const noexcept { return received_; }
    const std::string& indeterminate_name() const noexcept { return indeterminate_; }
    /// A name that the client chose is taken.
    bool is_taken() const noexcept { return is_taken_; }

private:
    struct stored_part {
        std::string field;
        std::string filename;  ///< as the client gave it
        std::string type;
        std::string name;  ///< under which it is stored
        std::string digest;
        std::uint64_t size = 0;
        std::unique_ptr<arriving_content> content;  ///< until it lies in the folder
    };

    task<std::optional<http::problem>> read_pieces(std::span<const char> input);
    task<std::optional<http::problem>> begin_part();
    std::optional<http::problem> begin_file(stored_part& part);
    std::optional<http::problem> begin_field();
    std::optional<http::problem> expect_digests(expected_digests& expected) const;
    bool keeps_name(const stored_part& part) const;
    task<std::optional<http::problem>> take_data(std::span<const char> piece);
    void add_to_fingerprint(std::string_view kind, std::initializer_list<std::string_view> texts);
    error_code finish_last();
    error_code move_to_folder();
    error_code make_folder();
    error_code write_fields();
    result<files::answer_record> store_parts();
    result<files::answer_record> store_single();
    result<files::answer_record> store_folder();
    std::string describe(const std::string& location) const;
    boost::json::object fields_object() const;

    /// Bytes of its files that have their room on the disk by now.
    std::uint64_t occupied() const noexcept;
    bool is_single() const noexcept { return files_.size() == 1 && fields_.empty(); }

    ongoing_upload& of_;
    const upload_place& place_;
    repeat_guard& guard_;
    content::multipart_reader reader_;
    buffer_share memory_;
    digest_check whole_;
    sha_hasher hasher_;  // of what the parts are: the fingerprint
    std::optional<files::store_space::claim> claim_;
    form_fields fields_;
    std::size_t name_bytes_ = 0;
    std::vector<stored_part> files_;
    std::set<std::string> names_;  // that clients chose
    bool is_in_file_ = false;
    bool is_skipped_ = false;  // a field of files that was left empty
    std::optional<files::staged_folder> folder_;
    std::uint64_t received_ = 0;
    std::string fingerprint_;
    std::uint64_t stored_bytes_ = 0;  // of all that lies in the folder
    std::string indeterminate_;
    bool is_taken_ = false;
};

}  // namespace fairlead::handlers
