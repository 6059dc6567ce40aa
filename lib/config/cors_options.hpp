#pragma once

#include "config/settings.hpp"
#include "http/cors.hpp"

namespace fairlead::config {

/// The settings as the rules take them.
inline http::cors_options cors_options_of(const cors_settings& settings) {
    http::cors_options options;
    options.origins = settings.origins;
    options.credentials = settings.credentials;
    options.methods = settings.methods;
    options.headers = settings.headers;
    options.expose = settings.expose;
    options.max_age = std::chrono::duration_cast<std::chrono::seconds>(settings.max_age);
    return options;
}

}  // namespace fairlead::config
