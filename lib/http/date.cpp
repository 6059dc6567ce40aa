#include "http/date.hpp"

#include <algorithm>
#include <chrono>

namespace fairlead::http {
namespace {

using namespace std::chrono;

constexpr std::string_view day_names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                          "Thursday", "Friday", "Saturday"};
constexpr std::string_view month_names = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr int first_year = 1601;
constexpr int last_year = 9999;
constexpr unix_seconds seconds_per_day = 86400;

constexpr unix_seconds to_seconds(year_month_day date) noexcept {
    return sys_days(date).time_since_epoch().count() * seconds_per_day;
}
constexpr unix_seconds earliest = to_seconds(year{first_year} / January / 1);
constexpr unix_seconds latest = to_seconds(year{last_year} / December / 31) + seconds_per_day - 1;

/// A date as it was read, before it is known to exist.
struct date_fields {
    unsigned weekday = 7;  ///< from Sunday = 0
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
};

/// Reads the pieces of a date from left to right. After the first mismatch it stays failed.
class date_reader {
public:
    explicit date_reader(std::string_view text) noexcept : rest_(text) {}

    void literal(std::string_view expected) noexcept {
        if (!rest_.starts_with(expected)) return fail();
        rest_.remove_prefix(expected.size());
    }
    unsigned number(std::size_t digits) noexcept {
        if (rest_.size() < digits) return fail(), 0;
        unsigned value = 0;
        for (const char c : rest_.substr(0, digits)) {
            if (c < '0' || c > '9') return fail(), 0;
            value = value * 10 + static_cast<unsigned>(c - '0');
        }
        rest_.remove_prefix(digits);
        return value;
    }
    /// 2DIGIT or SP 1DIGIT, as asctime writes the day.
    unsigned padded_day() noexcept {
        if (!rest_.starts_with(' ')) return number(2);
        literal(" ");
        return number(1);
    }
    unsigned month() noexcept {
        const auto name = rest_.substr(0, 3);
        const auto at = name.size() == 3 ? month_names.find(name) : std::string_view::npos;
        // "anF" stands in the list of names as well, so the position has to be the start of one.
        if (at == std::string_view::npos || at % 3 != 0) return fail(), 0;
        rest_.remove_prefix(3);
        return static_cast<unsigned>(at / 3) + 1;
    }
    unsigned weekday(bool is_long) noexcept {
        for (unsigned day = 0; day < 7; ++day) {
            const auto name = is_long ? day_names[day] : day_names[day].substr(0, 3);
            if (!rest_.starts_with(name)) continue;
            rest_.remove_prefix(name.size());
            return day;
        }
        return fail(), 7;
    }
    void time(date_fields& out) noexcept {
        out.hour = number(2);
        literal(":");
        out.minute = number(2);
        literal(":");
        out.second = number(2);
    }
    bool is_complete() const noexcept { return !failed_ && rest_.empty(); }

private:
    void fail() noexcept { failed_ = true; }

    std::string_view rest_;
    bool failed_ = false;
};

/// The time of a date that exists and falls on the day of the week that it names.
std::optional<unix_seconds> resolve(const date_fields& read) noexcept {
    const auto date = year{read.year} / month{read.month} / day{read.day};
    if (read.year < first_year || read.year > last_year || !date.ok()) return std::nullopt;
    if (read.hour > 23 || read.minute > 59 || read.second > 60) return std::nullopt;
    if (weekday{sys_days(date)}.c_encoding() != read.weekday) return std::nullopt;
    return to_seconds(date) + read.hour * 3600 + read.minute * 60 + read.second;
}

/// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<unix_seconds> parse_imf(std::string_view text) noexcept {
    date_reader reader(text);
    date_fields read;
    read.weekday = reader.weekday(false);
    reader.literal(", ");
    read.day = reader.number(2);
    reader.literal(" ");
    read.month = reader.month();
    reader.literal(" ");
    read.year = static_cast<int>(reader.number(4));
    reader.literal(" ");
    reader.time(read);
    reader.literal(" GMT");
    if (!reader.is_complete()) return std::nullopt;
    return resolve(read);
}

/// "Sun Nov  6 08:49:37 1994"
std::optional<unix_seconds> parse_asctime(std::string_view text) noexcept {
    date_reader reader(text);
    date_fields read;
    read.weekday = reader.weekday(false);
    reader.literal(" ");
    read.month = reader.month();
    reader.literal(" ");
    read.day = reader.padded_day();
    reader.literal(" ");
    reader.time(read);
    reader.literal(" ");
    read.year = static_cast<int>(reader.number(4));
    if (!reader.is_complete()) return std::nullopt;
    return resolve(read);
}

/// "Sunday, 06-Nov-94 08:49:37 GMT"
std::optional<unix_seconds> parse_rfc850(std::string_view text, unix_seconds now) noexcept {
    date_reader reader(text);
    date_fields read;
    read.weekday = reader.weekday(true);
    reader.literal(", ");
    read.day = reader.number(2);
    reader.literal("-");
    read.month = reader.month();
    reader.literal("-");
    const int two_digits = static_cast<int>(reader.number(2));
    reader.literal(" ");
    reader.time(read);
    reader.literal(" GMT");
    if (!reader.is_complete()) return std::nullopt;

    now = std::clamp(now, earliest, latest);
    const year_month_day today{floor<days>(sys_seconds(seconds(now)))};
    const int this_year = static_cast<int>(today.year());
    read.year = this_year - this_year % 100 + two_digits;
    if (read.year <= this_year - 50) read.year += 100;
    // The rule counts from this second, not from the year: the same day in 50 years is still the future.
    const auto limit = to_seconds(today + years{50}) + now - to_seconds(today);
    const auto guess = year{read.year} / month{read.month} / day{read.day};
    if (read.year > this_year + 50 ||
        (guess.ok() && to_seconds(guess) + read.hour * 3600 + read.minute * 60 + read.second > limit))
        read.year -= 100;
    return resolve(read);
}

void put_two(char* out, unsigned value) noexcept {
    out[0] = static_cast<char>('0' + value / 10);
    out[1] = static_cast<char>('0' + value % 10);
}

}  // namespace

date_text format_date(unix_seconds time) noexcept {
    time = std::clamp(time, earliest, latest);
    const auto day_start = floor<days>(sys_seconds(seconds(time)));
    const year_month_day date{day_start};
    const auto in_day = static_cast<unsigned>(time - day_start.time_since_epoch().count() * seconds_per_day);
    const auto year_number = static_cast<unsigned>(static_cast<int>(date.year()));

    date_text out;
    std::string_view("Sun, 00 Jan 0000 00:00:00 GMT").copy(out.data(), out.size());
    day_names[weekday{day_start}.c_encoding()].copy(out.data(), 3);
    put_two(out.data() + 5, static_cast<unsigned>(date.day()));
    month_names.substr((static_cast<unsigned>(date.month()) - 1) * 3, 3).copy(out.data() + 8, 3);
    put_two(out.data() + 12, year_number / 100);
    put_two(out.data() + 14, year_number % 100);
    put_two(out.data() + 17, in_day / 3600);
    put_two(out.data() + 20, in_day / 60 % 60);
    put_two(out.data() + 23, in_day % 60);
    return out;
}

std::optional<unix_seconds> parse_date(std::string_view text, unix_seconds now) noexcept {
    // The fourth byte tells the forms apart: "Sun,", "Sun ", "Sund".
    if (text.size() < 24) return std::nullopt;
    if (text[3] == ',') return parse_imf(text);
    if (text[3] == ' ') return parse_asctime(text);
    return parse_rfc850(text, now);
}

}  // namespace fairlead::http
