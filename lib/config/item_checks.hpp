#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Checks of single texts. Each says what is wrong and what to write, or returns nothing.
namespace fairlead::config {

/// A pattern of `hosts`: a name, `*.name`, an address (IPv6 with or without brackets), or `*`, perhaps with a
/// port.
std::optional<std::string> check_host(std::string_view text);

/// An extension of `types`: up to 16 letters, digits, '-', '_' or '+', without the dot; empty is "no
/// extension".
std::optional<std::string> check_extension(std::string_view text);

/// A file name of `index`: not empty, no '/', not "." or "..".
std::optional<std::string> check_index(std::string_view text);

/// A path of `try`: begins with '/' or "$path", has no '.' or '..' segments, names a file.
std::optional<std::string> check_try_path(std::string_view text);

/// `auth.realm`: 1 to 100 printable ASCII characters, none of which would have to be escaped in a quoted
/// string.
std::optional<std::string> check_realm(std::string_view text);

/// A content coding that can be made: gzip, br, zstd.
std::optional<std::string> check_coding(std::string_view text);

/// A media type, or all of a kind: "application/json", "text/*".
std::optional<std::string> check_type_pattern(std::string_view text);

/// The same for `uploads.types`, where "*/*" is all of them.
std::optional<std::string> check_upload_type(std::string_view text);

/// An origin of `cors.origins`.
std::optional<std::string> check_origin(std::string_view text);

/// A field name or a method: a token of RFC 9110 section 5.6.2, or "*".
std::optional<std::string> check_field_name(std::string_view text);

/// A method of `methods`.
std::optional<std::string> check_method(std::string_view text);

/// A key of `routes`: a path without escapes, with or without a slash at its end.
std::optional<std::string> check_route(std::string_view text);

/// A key of `sites`: patterns as in `hosts`, separated by commas.
std::optional<std::string> check_site_names(std::string_view text);

/// `congestion_control`: a word that the kernel could know as an algorithm (at most 15 characters). Whether
/// it does is seen when the listener is opened.
std::optional<std::string> check_congestion_control(std::string_view text);

/// A network of `trusted_proxies`: "10.0.0.0/8", "2001:db8::/32", or an address alone.
std::optional<std::string> check_network(std::string_view text);

/// `rate.requests`: empty, or as http::parse_rate takes it.
std::optional<std::string> check_rate(std::string_view text);

/// A way of uploading: json, raw, form, put, delete.
std::optional<std::string> check_upload_way(std::string_view text);

/// `uploads.path`: empty, or a path that no rule of request targets would change or refuse, and that is not
/// taken.
std::optional<std::string> check_upload_path(std::string_view text);

/// A server of `fastcgi.servers`: "unix:" and an absolute path, or a host and a port.
std::optional<std::string> check_fastcgi_server(std::string_view text);

/// The extension of scripts: as in `types`, but not empty.
std::optional<std::string> check_script_extension(std::string_view text);

/// A path in the file system of an application: empty, or absolute, without '.' and '..' segments.
std::optional<std::string> check_program_path(std::string_view text);

/// An entry of `connect.allow`: http::connect_rules says what.
std::optional<std::string> check_destination(std::string_view text);

}  // namespace fairlead::config
