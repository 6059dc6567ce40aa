#pragma once

#include "http/message.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// Where names and values for a program go, one after the other: the environment of a CGI program, the
/// parameters of a FastCGI request.
class variable_sink {
public:
    /// Appends a variable. False, and nothing is added, when the value would be cut where a program reads it:
    /// it has a NUL. The name is neither empty nor has '=' or NUL, or it could not be told from another one:
    /// all names are constants, made of names of fields, or were checked with the configuration. Names are
    /// not compared: who adds one twice has it twice.
    virtual bool add(std::string_view name, std::string_view value) = 0;

protected:
    ~variable_sink() = default;
};

/// What may be added to a `variable_sink`.
inline bool is_variable_value(std::string_view value) noexcept {
    return value.find('\0') == std::string_view::npos;
}

/// The environment of a CGI program, in one piece of memory.
class variable_list final : public variable_sink {
public:
    struct variable {
        std::string_view name;
        std::string_view value;
    };

    bool add(std::string_view name, std::string_view value) override;

    std::size_t size() const noexcept { return entries_.size(); }
    /// Views into the list, until the next `add`.
    variable operator[](std::size_t index) const noexcept;
    /// The value of the first variable with this name, or nothing.
    std::optional<std::string_view> find(std::string_view name) const noexcept;

    /// The environment for `execve`: "NAME=VALUE" each, and nullptr at the end. It points into the list,
    /// until the next `add` or move.
    std::vector<char*> environment();

private:
    struct entry {
        std::size_t at;  // of the name; '=', the value and NUL follow
        std::size_t name_size;
        std::size_t value_size;
    };
    std::string text_;
    std::vector<entry> entries_;
};

/// What a request does not say itself about the program that answers it.
struct script_facts {
    std::string_view script_name;      ///< the part of the path that names the program, decoded
    std::string_view path_info;        ///< what follows it, decoded; empty, or begins with '/'
    std::string_view script_filename;  ///< the program's file, as the program sees it
    std::string_view document_root;    ///< the folder that "/" is, as the program sees it; no '/' at its end
    std::optional<std::uint64_t>
        content_length;               ///< of the body; nothing when there is none, or FastCGI streams it
    std::string_view server_address;  ///< that the client reached; empty when it is not known
    std::uint16_t server_port = 80;
    bool passes_authorization = false;  ///< whether the program sees the client's credentials
};

/// Appends what all requests to the programs of one folder have in common: GATEWAY_INTERFACE and
/// SERVER_SOFTWARE (RFC 3875 section 4.1), DOCUMENT_ROOT (see script_facts), and REDIRECT_STATUS (200),
/// without which php-cgi refuses to run.
void add_common_variables(variable_sink& variables, std::string_view document_root);

/// Appends the other meta-variables of RFC 3875 section 4.1, and those that PHP and others expect:
/// REMOTE_PORT, REQUEST_URI, SCRIPT_FILENAME, SERVER_ADDR and UNIQUE_ID, the request's id.
///
/// - QUERY_STRING and REQUEST_URI are as the client sent them; REQUEST_URI is path and query also when the
///   target is a whole URI. After a local redirect they are of the new target.
/// - SERVER_NAME and HTTP_HOST are of the host that was checked, never of a Host that the target overrules.
/// - REMOTE_HOST is the address, as the RFC allows. HTTPS is never set; REMOTE_IDENT neither.
/// - Of the fields, HTTP_* has those whose names are of letters, digits and '-', so that no other name can
///   pass for one of them ('_' and '.' would both become '_'). Lines with one name are joined by ", ", those
///   of Cookie by "; ". Never: Proxy, which some programs take for their own setting; Content-Length and
///   Content-Type, which have variables of their own; fields of the connection; and Authorization, unless
///   asked for.
void add_meta_variables(variable_sink& variables, const request& request, const script_facts& facts);

/// True when `add_meta_variables` may set it, or it is an HTTP_* name: not for a configuration to choose.
bool is_meta_variable(std::string_view name) noexcept;

}  // namespace fairlead::http
