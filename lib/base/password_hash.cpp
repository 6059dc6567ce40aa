#include "base/password_hash.hpp"

#include "base/text.hpp"

#include <crypt.h>
#include <string.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <new>
#include <stdexcept>

namespace fairlead {
namespace {

using fault = std::optional<std::string>;

constexpr std::string_view digits = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

constexpr std::string_view incomplete = "is cut off, or has something behind its end";

bool has_only_digits(std::string_view text) noexcept {
    return text.find_first_not_of(digits) == std::string_view::npos;
}

/// What stands before the next '$', which is taken, too; nothing when there is none.
std::optional<std::string_view> take_field(std::string_view& text) noexcept {
    const auto end = text.find('$');
    if (end == std::string_view::npos) return std::nullopt;
    const auto field = text.substr(0, end);
    text.remove_prefix(end + 1);
    return field;
}

fault bcrypt_fault(std::string_view rest) {
    const auto cost_text = take_field(rest);
    const auto cost = cost_text && cost_text->size() == 2 ? parse_decimal(*cost_text) : std::nullopt;
    constexpr std::size_t salt_and_hash = 22 + 31;
    if (!cost || *cost < 4 || rest.size() != salt_and_hash || !has_only_digits(rest))
        return std::string(incomplete);
    if (*cost > max_bcrypt_cost)
        return "is bcrypt with a cost of " + std::to_string(*cost) + ", at most " +
               std::to_string(max_bcrypt_cost) + " is taken, since each login would take too long";
    return std::nullopt;
}

fault sha512_fault(std::string_view rest) {
    constexpr std::string_view rounds_word = "rounds=";
    if (rest.starts_with(rounds_word)) {
        rest.remove_prefix(rounds_word.size());
        const auto text = take_field(rest);
        const auto rounds = text && !text->starts_with('0') ? parse_decimal(*text) : std::nullopt;
        if (!rounds || *rounds < 1000) return "has no number of rounds from 1000 on";
        if (*rounds > max_sha512_rounds)
            return "is sha512-crypt with " + std::to_string(*rounds) + " rounds, at most " +
                   std::to_string(max_sha512_rounds) + " are taken, since each login would take too long";
    }
    const auto salt = take_field(rest);
    if (!salt || salt->size() > 16 || !has_only_digits(*salt) || rest.size() != 86 || !has_only_digits(rest))
        return std::string(incomplete);
    return std::nullopt;
}

/// Whether a salt of yescrypt stands for whole bytes: groups of four digits, the lowest first, make three
/// bytes, and a shorter group at the end has no bits left over.
bool is_salt_of_bytes(std::string_view salt) noexcept {
    const auto rest = salt.size() % 4;
    if (rest == 0) return true;
    const auto last = digits.find(salt.back());
    return (rest == 2 && last < 4) || (rest == 3 && last < 16);
}

/// The parameters are one digit each: the flavour, log2(N) - 1 and r - 1. All that crypt_gensalt() makes is
/// of flavour j and goes on with the salt.
fault yescrypt_fault(std::string_view rest) {
    const auto parameters = take_field(rest);
    const auto salt = take_field(rest);
    if (!parameters || !has_only_digits(*parameters) || !salt || salt->empty() || salt->size() > 86 ||
        !has_only_digits(*salt) || !is_salt_of_bytes(*salt) || rest.size() != 43 || !has_only_digits(rest))
        return std::string(incomplete);
    // From here on a number has more digits.
    constexpr std::size_t one_digit = 48;
    if (parameters->size() != 3 || parameters->front() != 'j')
        return "has parameters that are not those of crypt_gensalt(3)";
    const auto log2_n = digits.find((*parameters)[1]) + 1;
    const auto r = digits.find((*parameters)[2]) + 1;
    if (log2_n > one_digit || r > one_digit) return "has parameters that are not those of crypt_gensalt(3)";
    if (log2_n >= 32 || (std::uint64_t{128} * r << log2_n) > max_yescrypt_bytes)
        return "is yescrypt that takes more than " + std::to_string(max_yescrypt_bytes >> 20) +
               " MiB of memory for each login";
    return std::nullopt;
}

/// One that libcrypt or others know, but nobody should use.
std::string_view weak_scheme(std::string_view hash) noexcept {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 10> known{
        {{"$apr1$", "MD5 ($apr1$)"},
         {"$1$", "MD5 ($1$)"},
         {"{SHA}", "unsalted SHA-1 ({SHA})"},
         {"{SSHA}", "salted SHA-1 ({SSHA})"},
         {"{PLAIN}", "a plain password ({PLAIN})"},
         {"$5$", "sha256-crypt ($5$)"},
         {"$2a$", "bcrypt in its old form ($2a$)"},
         {"$2x$", "bcrypt in its broken form ($2x$)"},
         {"$7$", "scrypt ($7$)"},
         {"$gy$", "gost-yescrypt ($gy$)"}}};
    for (const auto& [prefix, name] : known)
        if (hash.starts_with(prefix)) return name;
    return {};
}

/// crypt_data is too large for a stack, and keeps the password.
struct wiped_crypt_data {
    wiped_crypt_data() noexcept : data(new(std::nothrow) crypt_data()) {}
    wiped_crypt_data(const wiped_crypt_data&) = delete;
    wiped_crypt_data& operator=(const wiped_crypt_data&) = delete;
    ~wiped_crypt_data() {
        if (data) ::explicit_bzero(data.get(), sizeof(crypt_data));
    }
    std::unique_ptr<crypt_data> data;
};

/// What libcrypt makes of a password, valid as long as `memory`; nullptr when it refuses (errno), or there is
/// no memory.
const char* hash_by(const char* password, const char* setting, const wiped_crypt_data& memory) noexcept {
    errno = ENOMEM;
    if (!memory.data) return nullptr;
    const auto* const made = ::crypt_rn(password, setting, memory.data.get(), sizeof(crypt_data));
    return made && made[0] != '*' ? made : nullptr;
}

}  // namespace

std::optional<hash_scheme> hash_scheme_named(std::string_view word) noexcept {
    if (word == "yescrypt") return hash_scheme::yescrypt;
    if (word == "bcrypt") return hash_scheme::bcrypt;
    if (word == "sha512") return hash_scheme::sha512;
    return std::nullopt;
}

std::optional<std::string> fault_of_hash(std::string_view hash) {
    for (const std::string_view bcrypt : {"$2b$", "$2y$"})
        if (hash.starts_with(bcrypt)) return bcrypt_fault(hash.substr(bcrypt.size()));
    if (hash.starts_with("$y$")) return yescrypt_fault(hash.substr(3));
    if (hash.starts_with("$6$")) return sha512_fault(hash.substr(3));
    if (const auto weak = weak_scheme(hash); !weak.empty())
        return "is " + std::string(weak) + ", which is not taken";
    if (hash.empty()) return "is empty";
    if (hash.size() == 13 && has_only_digits(hash)) return "is DES, which is not taken, or a plain password";
    return "is a plain password, or of a scheme that is not known";
}

password_match match_password(const char* password, const std::string& hash) noexcept {
    const wiped_crypt_data memory;
    const auto* const made = hash_by(password, hash.c_str(), memory);
    // A password that is too long for libcrypt is ERANGE. It says EINVAL of a bad setting, which a hash
    // without fault is not, and of yescrypt without memory.
    if (!made) return errno == ERANGE ? password_match::wrong : password_match::unknown;
    if (std::string_view(made).size() != hash.size()) return password_match::wrong;
    unsigned difference = 0;
    for (std::size_t i = 0; i < hash.size(); ++i)
        difference |= static_cast<unsigned char>(made[i]) ^ static_cast<unsigned char>(hash[i]);
    return difference == 0 ? password_match::right : password_match::wrong;
}

std::string make_password_hash(hash_scheme scheme, const std::string& password) {
    constexpr std::array<std::pair<const char*, unsigned long>, 3> settings{
        {{"$y$", 5}, {"$2y$", 12}, {"$6$", 200'000}}};
    const auto& [prefix, cost] = settings[static_cast<std::size_t>(scheme)];
    std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
    if (!::crypt_gensalt_rn(prefix, cost, nullptr, 0, setting.data(), static_cast<int>(setting.size())))
        throw std::runtime_error("libcrypt makes no salt for " + std::string(prefix));
    const wiped_crypt_data memory;
    const auto* const made = hash_by(password.c_str(), setting.data(), memory);
    if (!made) throw std::runtime_error("libcrypt makes no hash for " + std::string(prefix));
    return made;
}

}  // namespace fairlead
