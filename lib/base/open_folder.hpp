#pragma once

#include "base/unique_fd.hpp"

#include <dirent.h>

#include <memory>
#include <string_view>

namespace fairlead {

struct folder_closer {
    void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};
/// A folder whose entries are read with readdir(3).
using open_folder = std::unique_ptr<DIR, folder_closer>;

/// Takes over the descriptor of a folder, also when that fails: then the result is empty, and errno says why.
/// Without a descriptor errno stays that of who could not open it.
inline open_folder read_folder(unique_fd folder) noexcept {
    if (!folder) return nullptr;
    open_folder opened(::fdopendir(folder.get()));
    if (opened) (void)folder.release();
    return opened;
}

/// Whether the folder, read from its beginning, lists exactly this name.
inline bool is_listed(DIR* folder, std::string_view name) noexcept {
    ::rewinddir(folder);
    while (const auto* const entry = ::readdir(folder))
        if (name == entry->d_name) return true;
    return false;
}

}  // namespace fairlead
