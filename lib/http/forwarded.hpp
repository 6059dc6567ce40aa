#pragma once

#include "base/ip_address.hpp"
#include "http/message.hpp"
#include "http/refusal.hpp"

namespace fairlead::http {

/// In which field the trusted proxies name their clients.
enum class proxy_field {
    automatic,        ///< whichever is there; where both are, they have to name the same client
    forwarded,        ///< `Forwarded` (RFC 7239)
    x_forwarded_for,  ///< `X-Forwarded-For`
};

/// Whose word counts, and where it stands.
struct proxy_rules {
    ip_networks trusted;
    proxy_field field = proxy_field::automatic;
};

/// Who sent a request that a trusted proxy, `peer`, has passed on. Each proxy adds the address that it was
/// reached from at the right end of the field, so the field is read from there: the first address that is not
/// trusted is the client, whatever stands further left, since that may be the client's own invention. An
/// element that names no address (`unknown`, `_hidden`, anything that is malformed) ends the walk, and the
/// trusted proxy that has written it counts. Where all are trusted it is the leftmost; without a field,
/// `peer`.
///
/// A proxy that knows only one of the two fields passes the other on as its client wrote it. With
/// `automatic`, two fields that name different clients are therefore refused (400): believing either of them
/// would let clients choose their address.
///
/// The work is bounded by the elements that trusted proxies have added.
checked<ip_address> client_behind(const ip_address& peer, const proxy_rules& rules,
                                  const field_table& fields) noexcept;

/// Whether the field of this name says who the client is: `Forwarded`, `X-Forwarded-For`.
bool is_forwarding_field(const field_view& line, proxy_field which) noexcept;

/// The address of an element of `Forwarded`, or nothing when it names none: `for=192.0.2.7`,
/// `for="[2001:db8::7]:4711"; proto=https`. A `for` that is there twice names none.
std::optional<ip_address> forwarded_address(std::string_view element) noexcept;

/// The address of an element of `X-Forwarded-For`, or nothing when it is none. Which has no grammar but that
/// of use: an address, perhaps with a port; IPv6 with or without brackets, with them if there is a port.
std::optional<ip_address> x_forwarded_address(std::string_view element) noexcept;

}  // namespace fairlead::http
