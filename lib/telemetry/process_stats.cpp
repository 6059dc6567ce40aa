#include "telemetry/process_stats.hpp"

#include "base/open_folder.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <string>

namespace fairlead::telemetry {
namespace {

/// All of a file of /proc, whose size fstat does not tell.
std::string read_all(const char* path) {
    const unique_fd file(::open(path, O_RDONLY | O_CLOEXEC));
    std::string text;
    char piece[4096];
    ssize_t got = 0;
    while (file && (got = ::read(file.get(), piece, sizeof piece)) > 0)
        text.append(piece, static_cast<std::size_t>(got));
    return text;
}

/// When the machine started, in seconds since 1970: the line `btime N` of /proc/stat.
std::uint64_t boot_time() {
    const std::string text = read_all("/proc/stat");
    for (const auto line : split(text, '\n'))
        if (line.starts_with("btime ")) return parse_decimal(line.substr(6)).value_or(0);
    return 0;
}

std::uint64_t count_open_fds() {
    const open_folder directory(::opendir("/proc/self/fd"));
    if (directory == nullptr) return 0;
    std::uint64_t entries = 0;
    while (::readdir(directory.get()) != nullptr) ++entries;
    // "." and "..", and the descriptor that this loop itself needed.
    return entries > 3 ? entries - 3 : 0;
}

}  // namespace

std::optional<stat_fields> parse_stat(std::string_view text) {
    // The second field is the program's name in parentheses and may contain anything, parentheses too.
    const auto name_end = text.rfind(')');
    if (name_end == std::string_view::npos) return std::nullopt;
    const auto fields = split(trim(text.substr(name_end + 1)), ' ');
    constexpr std::size_t third = 3;  // what follows the name has number 3 in proc(5)
    const auto number = [&](std::size_t field) -> std::optional<std::uint64_t> {
        return field - third < fields.size() ? parse_decimal(fields[field - third]) : std::nullopt;
    };
    const auto user = number(14), system = number(15), start = number(22), size = number(23),
               resident = number(24);
    if (!user || !system || !start || !size || !resident) return std::nullopt;
    return stat_fields{*user, *system, *start, *size, *resident};
}

std::optional<process_stats> read_process_stats() {
    const auto fields = parse_stat(read_all("/proc/self/stat"));
    if (!fields) return std::nullopt;
    const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
    process_stats stats;
    stats.cpu_seconds = static_cast<double>(fields->user_ticks + fields->system_ticks) / ticks_per_second;
    stats.start_time_seconds =
        static_cast<double>(boot_time()) + static_cast<double>(fields->start_ticks) / ticks_per_second;
    stats.virtual_bytes = fields->virtual_bytes;
    stats.resident_bytes = fields->resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    stats.open_fds = count_open_fds();
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) stats.max_fds = limit.rlim_cur;
    return stats;
}

}  // namespace fairlead::telemetry
