#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead {

/// Ways to hash a password that libcrypt knows (crypt(5)) and that are slow enough.
enum class hash_scheme { yescrypt, bcrypt, sha512 };

/// The scheme of a word ("yescrypt", "bcrypt", "sha512"), or nothing.
std::optional<hash_scheme> hash_scheme_named(std::string_view word) noexcept;

/// What libcrypt takes of a password, in bytes.
inline constexpr std::size_t max_password_bytes = 511;
/// What bcrypt looks at; the rest would not count.
inline constexpr std::size_t max_bcrypt_password_bytes = 72;

/// What one hash may cost at most: about a second of a processor, and 64 MiB of memory.
inline constexpr unsigned max_bcrypt_cost = 14;
inline constexpr unsigned max_sha512_rounds = 1'000'000;
inline constexpr std::size_t max_yescrypt_bytes = std::size_t{64} << 20;

/// Why a hash is not taken, as the end of a sentence that begins with the hash ("is MD5, ..."), or nothing.
/// Taken are bcrypt ($2b$, $2y$), yescrypt ($y$) and sha512-crypt ($6$), complete, and within the bounds
/// above. Never has a part of the hash in it: it may be a password.
std::optional<std::string> fault_of_hash(std::string_view hash);

enum class password_match {
    right,
    wrong,
    unknown,  ///< there was no memory to find out
};

/// Whether `password` (no NUL inside, one behind it) is that of `hash`, which has no fault. Takes as long as
/// the hash says, whether it is right or wrong; compares in constant time.
password_match match_password(const char* password, const std::string& hash) noexcept;

/// The hash of a password with new salt: yescrypt with 16 MiB, bcrypt with a cost of 12, sha512-crypt with
/// 200,000 rounds. `password` is neither empty nor longer than the scheme looks at, and has no NUL. Throws
/// std::runtime_error when libcrypt refuses.
std::string make_password_hash(hash_scheme scheme, const std::string& password);

}  // namespace fairlead
