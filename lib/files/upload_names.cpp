#include "files/upload_names.hpp"

#include "base/random.hpp"

#include <chrono>

namespace fairlead::files {
namespace {

void append_number(std::string& text, unsigned value, int digits) {
    unsigned place = 1;
    for (int i = 1; i < digits; ++i) place *= 10;
    for (; place > 0; place /= 10) text += static_cast<char>('0' + value / place % 10);
}

}  // namespace

// Not by strftime(), which would ask for the time zone's file.
std::string fresh_name(std::string_view prefix) {
    using namespace std::chrono;
    const auto now = floor<seconds>(system_clock::now());
    const auto today = floor<days>(now);
    const year_month_day date(today);
    const hh_mm_ss time(now - today);
    std::string name;
    name.reserve(64);
    name.append(prefix).append("_");
    append_number(name, static_cast<unsigned>(static_cast<int>(date.year())), 4);
    append_number(name, static_cast<unsigned>(date.month()), 2);
    append_number(name, static_cast<unsigned>(date.day()), 2);
    name += '_';
    append_number(name, static_cast<unsigned>(time.hours().count()), 2);
    append_number(name, static_cast<unsigned>(time.minutes().count()), 2);
    append_number(name, static_cast<unsigned>(time.seconds().count()), 2);
    name += '_';
    char digits[16];
    write_hex(next_unguessable(), digits);
    return name.append(digits, sizeof digits);
}

}  // namespace fairlead::files
