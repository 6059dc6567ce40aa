#include "hash_password.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <stdexcept>

namespace fairlead::app {
namespace {

// More than any password has, so that a longer one is seen to be too long.
constexpr std::size_t most_input = 4096;

/// A text that is wiped at its end.
struct secret {
    secret() = default;
    secret(secret&&) = delete;
    ~secret() { ::explicit_bzero(text.data(), text.size()); }
    std::string text;
};

termios shown;  // how the terminal was, for the handler below

/// Nobody wants a terminal that shows nothing after ^C.
extern "C" void show_again_and_end(int signal) {
    (void)::tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    (void)::raise(signal);  // as SA_RESETHAND has it: this time it ends the program
}

/// The terminal does not show what is typed, as long as this lives.
class hidden_typing {
public:
    hidden_typing() {
        if (::tcgetattr(STDIN_FILENO, &shown) != 0) throw std::runtime_error("the terminal cannot be read");
        struct sigaction restore{};
        restore.sa_handler = show_again_and_end;
        restore.sa_flags = static_cast<int>(SA_RESETHAND);
        for (std::size_t i = 0; i < ends.size(); ++i) ::sigaction(ends[i], &restore, &before_[i]);
        auto hidden = shown;
        hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        // Stopped in the background it could not show again what is typed.
        hidden.c_cc[VSUSP] = _POSIX_VDISABLE;
        if (::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) != 0)
            throw std::runtime_error("the terminal cannot be told to hide what is typed");
    }
    hidden_typing(const hidden_typing&) = delete;
    hidden_typing& operator=(const hidden_typing&) = delete;
    ~hidden_typing() {
        (void)::tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
        for (std::size_t i = 0; i < ends.size(); ++i) ::sigaction(ends[i], &before_[i], nullptr);
    }

private:
    static constexpr std::array ends{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    std::array<struct sigaction, ends.size()> before_{};
};

/// Reads up to the end of input, or of a line when that is all there is to come from a terminal.
void read_input(secret& to, bool is_terminal) {
    to.text.reserve(most_input);  // so that no copy is left behind
    std::array<char, 512> piece{};
    while (to.text.size() + piece.size() <= most_input) {
        const auto n = ::read(STDIN_FILENO, piece.data(), piece.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw std::runtime_error("cannot read the password: " + last_error().message());
        if (n == 0) break;
        to.text.append(piece.data(), static_cast<std::size_t>(n));
        if (is_terminal && to.text.ends_with('\n')) break;
    }
    ::explicit_bzero(piece.data(), piece.size());
}

void ask(const char* prompt, secret& to) {
    {
        const hidden_typing hidden;  // before anybody is told to type
        std::fputs(prompt, stderr);
        std::fflush(stderr);
        read_input(to, true);
    }
    std::fputs("\n", stderr);
    if (to.text.ends_with('\n')) to.text.pop_back();
}

/// The password, or why there is none.
std::optional<std::string> get_password(secret& to) {
    if (::isatty(STDIN_FILENO) != 0) {
        ask("Password: ", to);
        secret again;
        ask("Once more: ", again);
        if (to.text != again.text) return "the two passwords are not the same; begin again";
        return std::nullopt;
    }
    read_input(to, false);
    const auto line = only_line(to.text);
    if (!line) return "standard input has more than one line; give the password alone";
    to.text.resize(line->size());
    return std::nullopt;
}

int complain(const std::string& what) {
    std::fprintf(stderr, "fairlead hash-password: %s\n", what.c_str());
    return 1;
}

}  // namespace

std::optional<std::string> fault_of_password(hash_scheme scheme, std::string_view password) {
    if (password.empty()) return "the password is empty; choose one";
    const bool is_bcrypt = scheme == hash_scheme::bcrypt;
    const auto most = is_bcrypt ? max_bcrypt_password_bytes : max_password_bytes;
    if (password.size() > most)
        return "the password has more than " + std::to_string(most) + " bytes" +
               (is_bcrypt
                    ? ", and bcrypt does not look at the rest; choose a shorter one, or another --scheme"
                    : "; choose a shorter one");
    if (has_control_character(password) || !is_valid_utf8(password))
        return "the password has control characters or is not UTF-8, so browsers could not send it; choose "
               "another one";
    return std::nullopt;
}

std::optional<std::string_view> only_line(std::string_view text) noexcept {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return text;
    if (end + 1 < text.size()) return std::nullopt;
    text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    return text;
}

int hash_password(hash_scheme scheme, const std::string& user) {
    secret password;
    if (const auto fault = get_password(password)) return complain(*fault);
    if (const auto fault = fault_of_password(scheme, password.text)) return complain(*fault);
    const auto hash = make_password_hash(scheme, password.text);
    std::printf("%s%s%s\n", user.c_str(), user.empty() ? "" : ":", hash.c_str());
    return std::fflush(stdout) == 0 ? 0 : complain("the hash could not be written");
}

}  // namespace fairlead::app
