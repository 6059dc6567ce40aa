#include "http/glob.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace fairlead::http {
namespace {

/// A character as its bytes in one number. Comparing and counting characters is all that a glob does.
struct character {
    std::uint32_t bytes;
    unsigned length;
};

/// The character at `at`, by its first byte and as many continuations as that asks for; one byte when they
/// are not there. So a sequence of a valid pattern is never cut in two, even where the text is not UTF-8.
character character_at(std::string_view text, std::size_t at) noexcept {
    const auto first = static_cast<unsigned char>(text[at]);
    const unsigned length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (length > text.size() - at) return {first, 1};
    std::uint32_t bytes = first;
    for (unsigned i = 1; i < length; ++i) {
        const auto next = static_cast<unsigned char>(text[at + i]);
        if ((next & 0xC0) != 0x80) return {first, 1};
        bytes = bytes << 8 | next;
    }
    return {bytes, length};
}

void append(std::string& out, std::uint32_t bytes) {
    for (int shift = 24; shift >= 0; shift -= 8)
        if (const auto byte = bytes >> shift & 0xFF; byte != 0 || shift == 0) out += static_cast<char>(byte);
}

}  // namespace

/// Reads a pattern once and writes the steps of its glob.
class glob::compiler {
public:
    compiler(std::string_view pattern, glob& out) : rest_(pattern), out_(out) {}

    /// What is wrong with the pattern, or nothing.
    std::optional<std::string> run() {
        while (!rest_.empty())
            if (auto wrong = take_next()) return wrong;
        if (is_in_braces_) return "a '{' is never closed: add the '}', or write \\{ for the character";
        emit(step::kind::accept);
        return std::nullopt;
    }

private:
    std::optional<std::string> take_next() {
        switch (rest_.front()) {
            case '*': return take_stars();
            case '?': take_wildcard(step::kind::one, 1); return std::nullopt;
            case '{': return open_braces();
            case '}': return close_braces();
            case '[': return "'[' has no meaning here: write \\[ for the character, {a,b} for a choice";
            case ',':
                if (is_in_braces_) return next_alternative();
                break;
            case '\\':
                rest_.remove_prefix(1);
                if (rest_.empty()) return "a '\\' escapes the character behind it: write \\\\ for itself";
                break;
            default: break;
        }
        take_character();
        return std::nullopt;
    }

    std::optional<std::string> take_stars() {
        if (rest_.starts_with("***")) return "\"***\" means no more than \"**\": write \"**\"";
        const bool is_path = rest_.starts_with("**");
        take_wildcard(is_path ? step::kind::path : step::kind::segment, is_path ? 2 : 1);
        return std::nullopt;
    }

    void take_wildcard(enum step::kind kind, std::size_t length) {
        rest_.remove_prefix(length);
        const auto capture = begin_capture();
        emit(kind);
        end_capture(capture);
    }

    void take_character() {
        const auto next = character_at(rest_, 0);
        const auto bytes = rest_.substr(0, next.length);
        rest_.remove_prefix(next.length);
        if (!out_.has_wildcards_) {
            out_.prefix_ += bytes;
            return;
        }
        out_.suffix_ += bytes;
        emit(step::kind::character, next.bytes);
    }

    std::optional<std::string> open_braces() {
        if (is_in_braces_) return "braces cannot be nested: write \\{ for the character";
        if (rest_.starts_with("{}")) return "\"{}\" has nothing to choose from: write {a,b}";
        rest_.remove_prefix(1);
        is_in_braces_ = true;
        braces_ = begin_capture();
        alternatives_ = 0;
        return begin_alternative();
    }

    /// Each alternative begins with a step that leads to the next one.
    std::optional<std::string> begin_alternative() {
        if (++total_alternatives_ > max_alternatives)
            return "a pattern has at most " + std::to_string(max_alternatives) +
                   " alternatives: write several patterns";
        out_.longest_choice_ = std::max(out_.longest_choice_, ++alternatives_);
        head_ = out_.steps_.size();
        emit(step::kind::split);
        return std::nullopt;
    }

    std::optional<std::string> next_alternative() {
        rest_.remove_prefix(1);
        exits_.push_back(out_.steps_.size());
        emit(step::kind::jump);
        out_.steps_[head_].value = here();
        return begin_alternative();
    }

    std::optional<std::string> close_braces() {
        if (!is_in_braces_) return "a '}' has no '{': write \\} for the character";
        rest_.remove_prefix(1);
        is_in_braces_ = false;
        // The last alternative has no next one.
        out_.steps_[head_] = {step::kind::jump, static_cast<std::uint32_t>(head_ + 1)};
        for (const auto exit : exits_) out_.steps_[exit].value = here();
        exits_.clear();
        end_capture(braces_);
        return std::nullopt;
    }

    /// The number of the capture that begins here, which may be one that is not kept.
    unsigned begin_capture() {
        out_.has_wildcards_ = true;
        if (captures_ < max_captures) emit(step::kind::mark, 2 * captures_);
        out_.capture_count_ = std::min(captures_ + 1, max_captures);
        return captures_++;
    }

    void end_capture(unsigned capture) {
        if (capture < max_captures) emit(step::kind::mark, 2 * capture + 1);
        out_.suffix_.clear();
    }

    void emit(enum step::kind kind, std::uint32_t value = 0) { out_.steps_.push_back({kind, value}); }
    std::uint32_t here() const { return static_cast<std::uint32_t>(out_.steps_.size()); }

    std::string_view rest_;
    glob& out_;
    unsigned captures_ = 0;
    bool is_in_braces_ = false;
    unsigned braces_ = 0;             // the capture of the open braces
    std::size_t head_ = 0;            // the first step of the alternative
    std::vector<std::size_t> exits_;  // the last steps of those before it
    std::size_t alternatives_ = 0;    // of the open braces
    std::size_t total_alternatives_ = 0;
};

/// Runs all ways to match side by side, a character at a time (the Pike machine). No step is on the list
/// twice, the better way is on it first, and so the time is bounded and the first way to arrive is the right
/// one.
class glob::simulation {
public:
    /// `found` is nullptr when nobody asks for captures: then no marks are kept.
    simulation(const glob& pattern, std::string_view text, captures* found) noexcept
        : steps_(pattern.steps_), text_(text), found_(found), at_(pattern.prefix_.size()) {
        marks_ = found != nullptr ? 2 * pattern.capture_count_ : 0;
        std::fill_n(seen_.begin(), steps_.size(), 0);
        now_.fill(0);
    }

    bool run() noexcept {
        look_ahead();
        follow(0);
        while (at_ < text_.size()) {
            if (next_->size == 0) return false;
            std::swap(current_, next_);
            next_->size = 0;
            at_ += ahead_.length;
            look_ahead();
            ++turn_;
            for (std::size_t way = 0; way < current_->size; ++way) {
                std::copy_n(current_->marks.data() + way * marks_, marks_, now_.begin());
                const std::size_t step = current_->step[way];
                follow(is_loop(steps_[step].kind) ? step : step + 1);
            }
        }
        return is_accepted_;
    }

private:
    /// The steps that take the next character, the best way first, and the marks of the way to each.
    struct way_list {
        std::size_t size = 0;
        std::array<std::uint16_t, max_pattern_bytes> step;
        std::array<std::uint32_t, max_pattern_bytes * 2 * max_captures> marks;
    };

    static bool is_loop(enum step::kind kind) noexcept {
        return kind == step::kind::segment || kind == step::kind::path;
    }

    void look_ahead() noexcept {
        if (at_ < text_.size()) ahead_ = character_at(text_, at_);
    }

    /// Puts what can be reached from a step without taking a character on the list of the next turn.
    void follow(std::size_t at) noexcept {
        while (seen_[at] != turn_) {
            seen_[at] = turn_;
            const auto& step = steps_[at];
            switch (step.kind) {
                case step::kind::jump: at = step.value; break;
                case step::kind::split:
                    follow(at + 1);
                    at = step.value;
                    break;
                case step::kind::mark: return follow_mark(at);
                case step::kind::accept:
                    if (at_ == text_.size()) accept();
                    return;
                case step::kind::segment:
                case step::kind::path: follow(at + 1); [[fallthrough]];
                default: return wait_at(at);
            }
        }
    }

    void follow_mark(std::size_t at) noexcept {
        const auto mark = steps_[at].value;
        const auto before = now_[mark];
        now_[mark] = static_cast<std::uint32_t>(at_);
        follow(at + 1);
        now_[mark] = before;
    }

    void wait_at(std::size_t at) noexcept {
        const auto& [kind, value] = steps_[at];
        if (kind == step::kind::character ? ahead_.bytes != value
                                          : ahead_.bytes == '/' && kind != step::kind::path)
            return;
        const auto way = next_->size++;
        next_->step[way] = static_cast<std::uint16_t>(at);
        std::copy_n(now_.begin(), marks_, next_->marks.data() + way * marks_);
    }

    void accept() noexcept {
        is_accepted_ = true;
        if (found_ == nullptr) return;
        found_->fill({});
        for (std::size_t i = 0; i < marks_; i += 2)
            (*found_)[i / 2] = text_.substr(now_[i], now_[i + 1] - now_[i]);
    }

    const std::vector<step>& steps_;
    std::string_view text_;
    captures* found_;
    std::size_t at_;
    std::size_t marks_ = 0;
    character ahead_{};  // at `at_`, until the end
    std::uint32_t turn_ = 1;
    bool is_accepted_ = false;
    std::array<std::uint32_t, 2 * max_captures> now_;  // the marks of the way that is followed
    std::array<std::uint32_t, max_steps> seen_;        // the turn in which a step was last reached
    std::array<way_list, 2> lists_;
    way_list* current_ = &lists_[0];
    way_list* next_ = &lists_[1];
};

parse_result<glob> glob::parse(std::string_view pattern) {
    if (pattern.size() > max_pattern_bytes)
        return "a pattern has at most " + std::to_string(max_pattern_bytes) + " bytes: write a shorter one";
    if (!is_valid_utf8(pattern)) return std::string("a pattern is UTF-8: save the text as UTF-8");
    glob parsed;
    if (auto wrong = compiler(pattern, parsed).run()) return std::move(*wrong);
    return parsed;
}

bool glob::simulate(std::string_view text, captures* found) const noexcept {
    if (text.size() >= std::numeric_limits<std::uint32_t>::max()) return false;
    return simulation(*this, text, found).run();
}

std::string glob::sample(std::string_view for_path, std::size_t alternative) const {
    std::string text = prefix_;
    auto to_skip = alternative;
    for (std::size_t at = 0; at < steps_.size(); ++at) {
        const auto& [kind, value] = steps_[at];
        switch (kind) {
            case step::kind::character: append(text, value); break;
            case step::kind::path: text += for_path; break;
            case step::kind::one:
            case step::kind::segment: text += 'x'; break;
            case step::kind::split:
                if (to_skip == 0) break;
                --to_skip;
                at = value - 1;
                break;
            case step::kind::jump:
                to_skip = alternative;
                at = value - 1;
                break;
            default: break;
        }
    }
    return text;
}

std::vector<std::string> glob::samples() const {
    std::vector<std::string> texts;
    for (std::size_t alternative = 0; alternative < longest_choice_; ++alternative) {
        texts.push_back(sample("x", alternative));
        if (auto longer = sample("x/y", alternative); longer != texts.back())
            texts.push_back(std::move(longer));
    }
    return texts;
}

}  // namespace fairlead::http
