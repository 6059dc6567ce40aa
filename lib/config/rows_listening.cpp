#include "config/item_checks.hpp"
#include "config/rows.hpp"

#include <array>

/// Where clients come in, by whom they are served, and which proxies are believed.
namespace fairlead::config {
namespace {

using namespace std::string_view_literals;

constexpr std::array proxy_field_words{"auto"sv, "forwarded"sv, "x-forwarded-for"sv};

constexpr std::array rows{
    setting{"listen", endpoints_kind{field_at<&settings::listen>(), false},
            "Addresses that the site is served on; `*:PORT` or `PORT` is every address, IPv6 and IPv4.",
            R"(["*:8080"])", scope::site},
    setting{"threads", count_kind{field_at<&settings::threads>(), 0, 256},
            "I/O threads; 0 is one per processor.", "4"},
    setting{"defer_accept", boolean_kind{field_at<&settings::defer_accept>()},
            "Wake for a new connection only when its first bytes are there (TCP_DEFER_ACCEPT).", "false"},
    setting{"congestion_control",
            text_kind{field_at<&settings::congestion_control>(), check_congestion_control,
                      "auto, system or an algorithm of the kernel"},
            "Congestion control of TCP: `system` is the kernel's default, else the name of an algorithm; "
            "`auto` is `system`, but `reno` on loopback addresses where the default would pace (bbr).",
            R"("cubic")"},
    setting{"trusted_proxies", texts_kind{field_at<&settings::trusted_proxies>(), true, check_network, {}},
            "Addresses of proxies whose word about their clients is taken (`Forwarded`, `X-Forwarded-For`); "
            "that of others is not.",
            R"(["10.0.0.0/8", "2001:db8::7"])"},
    setting{"proxy_field", word_at<&settings::proxy_field>(proxy_field_words),
            "The field that these proxies write; with `auto` either, and a request in which the two name "
            "different clients gets 400.",
            R"("x-forwarded-for")"},
};

}  // namespace

std::span<const setting> listening_rows() noexcept { return rows; }

}  // namespace fairlead::config
