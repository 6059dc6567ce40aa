#include "telemetry/timestamp.hpp"

#include <string_view>

namespace fairlead::telemetry {
namespace {

using std::chrono::sys_seconds;

constexpr std::string_view month_names = "JanFebMarAprMayJunJulAugSepOctNovDec";

/// The text of one second. A busy thread writes many lines a second, and the calendar costs more than the
/// rest of such a line; each thread keeps the text that it made last.
struct dated_text {
    sys_seconds second = sys_seconds::min();
    line_buffer text;
};

struct calendar_time {
    std::chrono::year_month_day date;
    std::chrono::hh_mm_ss<std::chrono::seconds> clock;
};

calendar_time calendar(sys_seconds second) {
    const auto day = std::chrono::floor<std::chrono::days>(second);
    return {std::chrono::year_month_day{day}, std::chrono::hh_mm_ss{second - day}};
}

void render_iso(line_buffer& out, sys_seconds second) {
    const auto [date, clock] = calendar(second);
    fmt::format_to(fmt::appender(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                   static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                   clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

void render_common(line_buffer& out, sys_seconds second) {
    const auto [date, clock] = calendar(second);
    fmt::format_to(
        fmt::appender(out), "{:02}/{}/{:04}:{:02}:{:02}:{:02} +0000", static_cast<unsigned>(date.day()),
        month_names.substr((static_cast<unsigned>(date.month()) - 1) * 3, 3), static_cast<int>(date.year()),
        clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

void append_dated(line_buffer& out, dated_text& cached, sys_seconds second,
                  void (*render)(line_buffer&, sys_seconds)) {
    if (cached.second != second) {
        cached.text.clear();
        render(cached.text, second);
        cached.second = second;
    }
    append(out, view(cached.text));
}

/// Appends the lowest `width` decimal digits of `value`.
void append_digits(line_buffer& out, std::uint64_t value, int width) {
    char digits[20];
    for (int i = width; i-- > 0; value /= 10) digits[i] = static_cast<char>('0' + value % 10);
    append(out, {digits, static_cast<std::size_t>(width)});
}

}  // namespace

void append_iso_time(line_buffer& out, std::chrono::system_clock::time_point time) {
    thread_local dated_text cached;
    const auto second = std::chrono::floor<std::chrono::seconds>(time);
    append_dated(out, cached, second, render_iso);
    const auto part = std::chrono::floor<std::chrono::milliseconds>(time - second);
    out.push_back('.');
    append_digits(out, static_cast<std::uint64_t>(part.count()), 3);
    out.push_back('Z');
}

void append_common_time(line_buffer& out, std::chrono::system_clock::time_point time) {
    thread_local dated_text cached;
    append_dated(out, cached, std::chrono::floor<std::chrono::seconds>(time), render_common);
}

void append_unix_time(line_buffer& out, std::chrono::system_clock::time_point time) {
    append_seconds(out, time.time_since_epoch());
}

void append_seconds(line_buffer& out, std::chrono::nanoseconds duration) {
    const auto counted = duration.count() > 0 ? static_cast<std::uint64_t>(duration.count()) / 1000 : 0;
    const fmt::format_int whole(counted / 1'000'000);
    out.append(whole.data(), whole.data() + whole.size());
    out.push_back('.');
    append_digits(out, counted % 1'000'000, 6);
}

}  // namespace fairlead::telemetry
