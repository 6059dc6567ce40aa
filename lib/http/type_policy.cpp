#include "http/type_policy.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace fairlead::http {
namespace {

constexpr std::size_t longest_extension = 16;

const type_preset* find_preset(std::string_view name) noexcept {
    for (const auto& preset : type_presets())
        if (preset.name == name) return &preset;
    return nullptr;
}

}  // namespace

std::optional<type_policy::key> type_policy::key_of(std::string_view extension) noexcept {
    if (extension.size() > longest_extension) return std::nullopt;
    key packed;
    // A byte 0 pads, so no extension may have one: "a\0" would be the same key as "a".
    for (std::size_t i = 0; i < extension.size(); ++i) {
        const auto byte = static_cast<unsigned char>(to_lower(extension[i]));
        if (byte == 0) return std::nullopt;
        auto& half = i < 8 ? packed.head : packed.tail;
        half = half << 8 | byte;
    }
    return packed;
}

void type_policy::add(key extension, rule how) {
    const auto at = std::lower_bound(entries_.begin(), entries_.end(), extension,
                                     [](const entry& one, const key& other) { return one.key < other; });
    if (at == entries_.end() || at->key != extension) entries_.insert(at, {extension, how});
}

result<type_policy> type_policy::from_words(const std::vector<std::string>& words) {
    const auto wrong = make_error_code(boost::system::errc::invalid_argument);
    type_policy policy;
    if (words.empty()) return wrong;
    if (const auto* preset = words.size() == 1 ? find_preset(words.front()) : nullptr) {
        policy.hides_dot_files_ = preset->hides_dot_files;
        for (const auto& [extension, how] : preset->rules) policy.add(*key_of(extension), how);
        return policy;
    }
    for (const auto& word : words) {
        const auto extension = key_of(word);
        if (!extension || find_preset(word) || word.find_first_of("./") != std::string::npos) return wrong;
        policy.add(*extension, {});
    }
    return policy;
}

type_policy type_policy::all_as_attachments() {
    type_policy policy;
    policy.any_other_ = rule{{}, true};
    return policy;
}

const type_policy::rule* type_policy::find(std::string_view extension) const noexcept {
    if (any_other_) return &*any_other_;
    const auto wanted = key_of(extension);
    if (!wanted) return nullptr;
    const auto at = std::lower_bound(entries_.begin(), entries_.end(), *wanted,
                                     [](const entry& one, const key& other) { return one.key < other; });
    return at != entries_.end() && at->key == *wanted ? &at->rule : nullptr;
}

}  // namespace fairlead::http
