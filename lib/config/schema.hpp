#pragma once

#include <string>

namespace fairlead::config {

/// The JSON Schema (draft-07, which editors know best) of the configuration file, made from table():
/// indented, with a line break at the end. `config/fairlead.schema.json` is this text.
std::string schema_text();

}  // namespace fairlead::config
