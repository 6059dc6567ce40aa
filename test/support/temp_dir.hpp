#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>

namespace fairlead::test {

/// A fresh directory, gone with the object.
class temp_dir {
public:
    temp_dir() : path_((std::filesystem::temp_directory_path() / "fairlead-test-XXXXXX").string()) {
        if (!::mkdtemp(path_.data())) throw std::system_error(errno, std::system_category(), path_);
    }
    ~temp_dir() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    temp_dir(const temp_dir&) = delete;
    temp_dir& operator=(const temp_dir&) = delete;

    std::filesystem::path path() const { return path_; }
    std::filesystem::path operator/(std::string_view name) const { return path() / name; }

private:
    std::string path_;
};

/// Replaces the content in place.
inline void write_file(const std::filesystem::path& path, std::string_view content) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

inline std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path.string());
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace fairlead::test
