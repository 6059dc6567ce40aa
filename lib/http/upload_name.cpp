#include "http/upload_name.hpp"

#include "base/text.hpp"
#include "http/field_value.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace fairlead::http {
namespace {

/// True for characters that a name must not have whoever reads it. `text` is UTF-8.
bool has_control_character(std::string_view text) noexcept {
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto byte = static_cast<unsigned char>(text[at]);
        if (byte < 0x20 || byte == 0x7F) return true;
        const auto next = at + 1 < text.size() ? static_cast<unsigned char>(text[at + 1]) : 0u;
        if (byte == 0xC2 && next < 0xA0) return true;  // U+0080 to U+009F
        // U+2028 to U+202E are E2 80 A8 to AE, U+2066 to U+2069 are E2 81 A6 to A9.
        if (byte != 0xE2 || at + 2 >= text.size()) continue;
        const auto last = static_cast<unsigned char>(text[at + 2]);
        if (next == 0x80 && last >= 0xA8 && last <= 0xAE) return true;
        if (next == 0x81 && last >= 0xA6 && last <= 0xA9) return true;
    }
    return false;
}

/// True for a name that Windows takes for a device, whatever extension it has.
bool is_windows_device(std::string_view name) noexcept {
    auto stem = name.substr(0, name.find('.'));
    while (stem.ends_with(' ')) stem.remove_suffix(1);
    for (const std::string_view device : {"con", "prn", "aux", "nul", "conin$", "conout$"})
        if (iequals(stem, device)) return true;
    if (stem.size() < 4 || (!iequals(stem.substr(0, 3), "com") && !iequals(stem.substr(0, 3), "lpt")))
        return false;
    const auto number = stem.substr(3);
    // Windows takes the superscript digits 1 to 3 of Latin-1 for digits here.
    return (number.size() == 1 && number[0] >= '0' && number[0] <= '9') || number == "\u00B9" ||
           number == "\u00B2" || number == "\u00B3";
}

/// True for a name of characters that no rule is about, as most are.
bool has_plain_characters(std::string_view name) noexcept {
    return std::all_of(name.begin(), name.end(),
                       [](char c) { return is_alphanumeric(c) || c == '.' || c == '-' || c == '_'; });
}

/// What is wrong with single characters, wherever in the name they stand.
std::string_view fault_of_characters(std::string_view name) noexcept {
    if (!is_valid_utf8(name)) return "A file name is not UTF-8. Encode it as UTF-8.";
    if (has_control_character(name))
        return "A file name has a control character, or one that changes the direction of text. Leave it "
               "out.";
    if (name.find_first_of("/\\") != std::string_view::npos)
        return "A file name has a slash or backslash. Leave it out.";
    if (name.find_first_of(":*?\"<>|") != std::string_view::npos)
        return "A file name has one of : * ? \" < > |, which cannot be copied to Windows. Use - or _ "
               "instead.";
    return {};
}

/// The same as a literal, or an empty view.
std::string_view fault_of(std::string_view name) noexcept {
    if (name.empty()) return "A file name is empty. Name the file.";
    if (name == "." || name == "..") return "A file name is \".\" or \"..\". Choose a name of your own.";
    if (name.size() > max_name_bytes)
        return "A file name has more than 255 bytes. Shorten it; letters outside ASCII take two to four "
               "bytes.";
    if (!has_plain_characters(name))
        if (const auto fault = fault_of_characters(name); !fault.empty()) return fault;
    if (name.starts_with('.')) return "A file name begins with a dot, which hides it. Leave the dot out.";
    if (name.starts_with('-'))
        return "A file name begins with a hyphen, which programs take for an option. Put a letter in front.";
    if (name.starts_with(' ')) return "A file name begins with a space. Leave the space out.";
    if (name.ends_with(' ') || name.ends_with('.'))
        return "A file name ends with a space or a dot, which Windows drops. Leave it out.";
    if (is_windows_device(name))
        return "A file name is reserved for a device on Windows (con, nul, com1, ...). Choose another.";
    return {};
}

std::string_view fault_of_path(std::string_view path) noexcept {
    if (path.empty()) return "The path names no file. Put a file name behind it.";
    if (path.size() > max_upload_path_bytes) return "The path has more than 1,024 bytes. Shorten it.";
    if (path.ends_with('/')) return "The path ends with a slash. Put a file name behind it.";
    if (path.starts_with('/') || path.find("//") != std::string_view::npos)
        return "The path has an empty segment. Write one slash between two names.";
    const auto slashes = static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'));
    if (slashes >= max_upload_path_depth)
        return "The path has more than 32 segments. Store the file in fewer directories.";
    for (;;) {
        const auto end = path.find('/');
        const auto fault = fault_of(path.substr(0, end));
        if (!fault.empty() || end == std::string_view::npos) return fault;
        path.remove_prefix(end + 1);
    }
}

std::optional<std::string> as_fault(std::string_view sentence) {
    if (sentence.empty()) return std::nullopt;
    return std::string(sentence);
}

// The table of media types is made for the other direction, and has extensions that must not come out here.
constexpr auto extensions = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"application/json", ".json"},
    {"application/x-ndjson", ".ndjson"},
    {"application/yaml", ".yaml"},
    {"application/pdf", ".pdf"},
    {"application/rtf", ".rtf"},
    {"application/epub+zip", ".epub"},
    {"application/msword", ".doc"},
    {"application/vnd.ms-excel", ".xls"},
    {"application/vnd.ms-powerpoint", ".ppt"},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"},
    {"application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"},
    {"application/vnd.oasis.opendocument.text", ".odt"},
    {"application/vnd.oasis.opendocument.spreadsheet", ".ods"},
    {"application/vnd.oasis.opendocument.presentation", ".odp"},
    {"application/zip", ".zip"},
    {"application/x-zip-compressed", ".zip"},  // what browsers send on Windows
    {"application/gzip", ".gz"},
    {"application/x-gzip", ".gz"},
    {"application/zstd", ".zst"},
    {"application/x-tar", ".tar"},
    {"application/x-7z-compressed", ".7z"},
    {"application/vnd.apache.parquet", ".parquet"},
    {"text/csv", ".csv"},
    {"text/markdown", ".md"},
    {"text/calendar", ".ics"},
    {"text/vcard", ".vcf"},
    {"image/png", ".png"},
    {"image/jpeg", ".jpg"},
    {"image/gif", ".gif"},
    {"image/webp", ".webp"},
    {"image/avif", ".avif"},
    {"image/heic", ".heic"},
    {"image/heif", ".heif"},
    {"image/tiff", ".tiff"},
    {"image/bmp", ".bmp"},
    {"audio/mpeg", ".mp3"},
    {"audio/mp4", ".m4a"},
    {"audio/ogg", ".ogg"},
    {"audio/flac", ".flac"},
    {"audio/wav", ".wav"},
    {"audio/webm", ".weba"},
    {"video/mp4", ".mp4"},
    {"video/webm", ".webm"},
    {"video/ogg", ".ogv"},
    {"video/quicktime", ".mov"},
    // Text that runs where it is shown, under names that do not begin with "text/".
    {"application/javascript", ".txt"},
    {"application/xml", ".txt"},
});

bool is_media_type(const media_type& type, std::string_view name) noexcept {
    const auto slash = name.find('/');
    return type.is(name.substr(0, slash), name.substr(slash + 1));
}

bool has_suffix(std::string_view subtype, std::string_view suffix) noexcept {
    return subtype.size() > suffix.size() && iequals(subtype.substr(subtype.size() - suffix.size()), suffix);
}

}  // namespace

std::optional<std::string> fault_of_upload_name(std::string_view name) { return as_fault(fault_of(name)); }

std::optional<std::string> fault_of_upload_path(std::string_view path) {
    return as_fault(fault_of_path(path));
}

std::string_view extension_for(std::string_view content_type) noexcept {
    const auto type = parse_media_type(content_type);
    if (!type) return ".bin";
    for (const auto& [name, extension] : extensions)
        if (is_media_type(*type, name)) return extension;
    // RFC 6838 section 4.2.8: the suffix says how the text is written.
    if (has_suffix(type->subtype, "+json")) return ".json";
    if (iequals(type->type, "text") || has_suffix(type->subtype, "+xml")) return ".txt";
    return ".bin";
}

std::string_view base_name_of(std::string_view filename) noexcept {
    const auto last = filename.find_last_of("/\\");
    return last == std::string_view::npos ? filename : filename.substr(last + 1);
}

}  // namespace fairlead::http
