#include "http/type_policy.hpp"

#include <array>

namespace fairlead::http {
namespace {

// What browsers load, and what people put on a site to be fetched. No sources, no configuration, no
// databases; and not "", since a file without an extension may be anything.
constexpr auto web_extensions =
    std::to_array<std::string_view>({// pages and what they are made of
                                     "html", "htm", "xhtml", "css", "js", "mjs", "map", "wasm", "json",
                                     "webmanifest", "xml", "xsl", "rss", "atom",
                                     // text and documents
                                     "txt", "md", "csv", "ics", "vtt", "pdf", "epub",
                                     // images
                                     "svg", "png", "jpg", "jpeg", "gif", "webp", "avif", "apng", "ico", "bmp",
                                     // fonts
                                     "woff", "woff2", "ttf", "otf", "eot",
                                     // sound and film
                                     "mp3", "m4a", "aac", "oga", "ogg", "opus", "wav", "flac", "weba", "mp4",
                                     "m4v", "webm", "ogv", "mov", "m3u8", "mpd",
                                     // archives and images of disks
                                     "zip", "gz", "tgz", "bz2", "xz", "zst", "7z", "tar", "bin", "iso"});

template <std::size_t N>
constexpr std::array<preset_rule, N> shown_inline(const std::array<std::string_view, N>& extensions) {
    std::array<preset_rule, N> rules{};
    for (std::size_t i = 0; i < N; ++i) rules[i].extension = extensions[i];
    return rules;
}
constexpr auto web_rules = shown_inline(web_extensions);

constexpr type_policy::rule saved{"application/octet-stream", true};
constexpr std::array strict_rules{
    preset_rule{"html", {"text/html; charset=utf-8", false}},
    preset_rule{"txt", saved},
    preset_rule{"png", saved},
    preset_rule{"jpg", saved},
    preset_rule{"jpeg", saved},
};

constexpr std::array presets{
    type_preset{"web", "What browsers load and what people fetch from a site, shown inline.", true,
                web_rules},
    type_preset{"strict", "HTML is shown; text and images are saved by the browser; nothing else is served.",
                false, strict_rules},
};

}  // namespace

std::span<const type_preset> type_presets() noexcept { return presets; }

std::string preset_text(const type_preset& preset) {
    std::string text =
        "// The preset \"types\": \"" + std::string(preset.name) + "\". " + std::string(preset.doc) +
        "\n// Built into the program, which does not read this file: `fairlead --print-types " +
        std::string(preset.name) +
        "` prints it.\n// Without \"type\", the media type comes from the table of media types.\n{\n";
    text += preset.hides_dot_files
                ? "    \"hides_dot_files\": true,  // except .well-known\n"
                : "    \"hides_dot_files\": false,  // refused for their extension instead\n";
    text += "    \"extensions\": {\n";
    for (const auto& [extension, how] : preset.rules) {
        text.append("        \"").append(extension).append("\": { ");
        if (!how.content_type.empty()) text.append("\"type\": \"").append(how.content_type).append("\", ");
        text.append("\"disposition\": \"")
            .append(how.is_attachment ? "attachment" : "inline")
            .append("\" },\n");
    }
    return text + "    },\n}\n";
}

}  // namespace fairlead::http
