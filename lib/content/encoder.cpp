#include "content/encoder.hpp"

// For ZSTD_c_srcSizeHint, which is not among the stable parameters.
#define ZSTD_STATIC_LINKING_ONLY

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <array>
#include <bit>
#include <csetjmp>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <new>

namespace fairlead::content {

/// One stream of a library.
class encoder::stream {
public:
    struct progress {
        std::size_t written = 0;  ///< bytes at the front of `room`
        bool is_done = false;     ///< `in` is taken, or with `is_last` the stream is complete
    };
    virtual ~stream() = default;
    /// Called once, before `step`.
    virtual error_code open(int level, std::optional<std::uint64_t> size_hint) noexcept = 0;
    /// Takes from the front of `in` and fills the front of `room`. `is_last`: the content is complete, `in`
    /// is empty.
    virtual result<progress> step(std::span<const char>& in, bool is_last, std::span<char> room) noexcept = 0;
};

namespace {

namespace errc = boost::system::errc;
using http::content_coding;
using hint = std::optional<std::uint64_t>;
using progress = encoder::stream::progress;

/// Output is made in pieces of this size on the stack: `out` grows by what there is, and is never filled with
/// zeros first.
constexpr std::size_t piece_bytes = 16384;

// Windows, and with them the memory of a stream, as powers of 2. A decoder needs as much; browsers refuse
// more than 8 MiB (RFC 9659).
constexpr int br_window_bits = 19;
constexpr int br_slow_window_bits = 21;  // levels 10 and 11: for files that are encoded once and kept
constexpr int zstd_window_bits = 21;

/// The base-2 logarithm of the smallest window in [lowest, highest] that reaches over `size` bytes and
/// `margin` more, which the library keeps out of reach.
int window_bits(hint size, std::uint64_t margin, int lowest, int highest) noexcept {
    if (!size || *size >= (std::uint64_t{1} << highest)) return highest;
    return std::clamp(static_cast<int>(std::bit_width(*size + margin - 1)), lowest, highest);
}

class gzip_stream final : public encoder::stream {
public:
    ~gzip_stream() override { deflateEnd(&zlib_); }  // does nothing before open()

    error_code open(int level, hint size) noexcept override {
        // zlib does not match farther back than the window less 262 bytes.
        const int bits = window_bits(size, 262, 9, MAX_WBITS);
        constexpr int as_gzip = 16;
        // The hash table shrinks with the window; 8, the default of zlib, goes with the largest one.
        const int memory_level = bits - (MAX_WBITS - 8);
        return error_of(
            deflateInit2(&zlib_, level, Z_DEFLATED, bits + as_gzip, memory_level, Z_DEFAULT_STRATEGY));
    }

    result<progress> step(std::span<const char>& in, bool is_last, std::span<char> room) noexcept override {
        const auto taken = in.first(std::min<std::size_t>(in.size(), std::numeric_limits<uInt>::max()));
        zlib_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(taken.data()));
        zlib_.avail_in = static_cast<uInt>(taken.size());
        zlib_.next_out = reinterpret_cast<Bytef*>(room.data());
        zlib_.avail_out = static_cast<uInt>(room.size());
        const int code = deflate(&zlib_, is_last ? Z_FINISH : Z_NO_FLUSH);
        in = in.subspan(taken.size() - zlib_.avail_in);
        const auto written = room.size() - zlib_.avail_out;
        if (code == Z_STREAM_END) return progress{written, true};
        // Z_BUF_ERROR says that there was nothing to do: the last output had just filled its piece.
        if (code != Z_OK && (is_last || code != Z_BUF_ERROR)) return error_of(code);
        return progress{written, !is_last && in.empty() && zlib_.avail_out > 0};
    }

private:
    static error_code error_of(int code) noexcept {
        if (code == Z_OK) return {};
        return make_error_code(code == Z_MEM_ERROR ? errc::not_enough_memory : errc::io_error);
    }

    z_stream zlib_{};  // stays where it is: zlib points back at it
};

/// The memory of one br stream. brotli as it is packaged ends the process when an allocation fails
/// (BROTLI_ENCODER_EXIT_ON_OOM in its c/enc/memory.h), so a failed one leaves brotli by longjmp, over frames
/// of C alone, and what the stream had is freed by this list.
class br_memory {
public:
    br_memory() = default;
    br_memory(const br_memory&) = delete;
    br_memory& operator=(const br_memory&) = delete;
    ~br_memory() {
        while (ends_.behind != &ends_) release(this, ends_.behind + 1);
    }

    static void* allocate(void* self, std::size_t size) noexcept {
        auto& memory = *static_cast<br_memory*>(self);
        auto* made = static_cast<block*>(std::malloc(sizeof(block) + size));
        if (!made && memory.leaves) std::longjmp(memory.way_out, 1);
        if (!made) return nullptr;
        *made = {&memory.ends_, memory.ends_.behind};
        made->behind->before = memory.ends_.behind = made;
        return made + 1;
    }

    static void release(void*, void* address) noexcept {
        if (!address) return;
        auto* const freed = static_cast<block*>(address) - 1;
        freed->before->behind = freed->behind;
        freed->behind->before = freed->before;
        std::free(freed);
    }

    std::jmp_buf way_out;
    bool leaves = false;  ///< whether `way_out` is set

private:
    struct alignas(std::max_align_t) block {
        block* before;
        block* behind;
    };
    block ends_{&ends_, &ends_};
};

class br_stream final : public encoder::stream {
public:
    error_code open(int level, hint size) noexcept override {
        brotli_ = BrotliEncoderCreateInstance(br_memory::allocate, br_memory::release, &memory_);
        if (level < 2) gathered_.reset(new (std::nothrow) char[gathered_bytes]);
        if (!brotli_ || (level < 2 && !gathered_)) return make_error_code(errc::not_enough_memory);
        const int widest = level < 10 ? br_window_bits : br_slow_window_bits;
        const int bits = window_bits(size, 16, BROTLI_MIN_WINDOW_BITS, widest);
        // None of these can fail at the start.
        BrotliEncoderSetParameter(brotli_, BROTLI_PARAM_QUALITY, static_cast<std::uint32_t>(level));
        BrotliEncoderSetParameter(brotli_, BROTLI_PARAM_LGWIN, static_cast<std::uint32_t>(bits));
        // Without a size, brotli takes that of the first piece, and output would depend on it. A large one
        // costs megabytes and time, and gains nothing: measured with 1.0.9 for 100 KiB and 5 MiB.
        BrotliEncoderSetParameter(brotli_, BROTLI_PARAM_SIZE_HINT, 1);
        return {};
    }

    result<progress> step(std::span<const char>& in, bool is_last, std::span<char> room) noexcept override {
        if (gathered_ && unread_.empty()) {
            const auto taken = in.first(std::min(in.size(), gathered_bytes - filled_));
            std::copy(taken.begin(), taken.end(), gathered_.get() + filled_);
            filled_ += taken.size();
            in = in.subspan(taken.size());
            if (filled_ < gathered_bytes && !is_last) return progress{0, true};
            unread_ = {gathered_.get(), filled_};
            filled_ = 0;
        }
        auto& source = gathered_ ? unread_ : in;
        auto input_left = source.size();
        auto* input = reinterpret_cast<const std::uint8_t*>(source.data());
        auto room_left = room.size();
        auto* output = reinterpret_cast<std::uint8_t*>(room.data());
        const auto operation = is_last ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_PROCESS;
        if (!compress(operation, input_left, input, room_left, output))
            return make_error_code(errc::not_enough_memory);
        source = source.last(input_left);
        const bool is_done = is_last ? BrotliEncoderIsFinished(brotli_) : in.empty() && room_left > 0;
        return progress{room.size() - room_left, is_done};
    }

private:
    /// False when memory ran out, which is the end of the stream. It has no variable of its own that longjmp
    /// could spoil.
    bool compress(BrotliEncoderOperation operation, std::size_t& input_left, const std::uint8_t*& input,
                  std::size_t& room_left, std::uint8_t*& output) noexcept {
        if (setjmp(memory_.way_out) != 0) return false;
        memory_.leaves = true;
        return BrotliEncoderCompressStream(brotli_, operation, &input_left, &input, &room_left, &output,
                                           nullptr);
    }

    static constexpr std::size_t gathered_bytes = 65536;

    br_memory memory_;
    BrotliEncoderState* brotli_ = nullptr;  // freed with `memory_`
    // Levels 0 and 1 make a block of their own of each piece of input, so that 7 bytes become 10: they get
    // large pieces.
    std::unique_ptr<char[]> gathered_;
    std::size_t filled_ = 0;        // bytes gathered
    std::span<const char> unread_;  // of what was gathered, that brotli has not taken
};

class zstd_stream final : public encoder::stream {
public:
    error_code open(int level, hint size) noexcept override {
        zstd_.reset(ZSTD_createCCtx());
        if (!zstd_) return make_error_code(errc::not_enough_memory);
        // The default windows of the levels, but no wider ones. A size makes zstd narrow them and its tables;
        // as a pledge it would refuse content that differs.
        const auto expected = size ? std::clamp<std::uint64_t>(*size, 1, std::numeric_limits<int>::max()) : 0;
        const auto set = [this](ZSTD_cParameter parameter, int value) {
            return error_of(ZSTD_CCtx_setParameter(zstd_.get(), parameter, value));
        };
        auto failure = set(ZSTD_c_compressionLevel, level);
        if (!failure) failure = set(ZSTD_c_windowLog, std::min(18 + level, zstd_window_bits));
        if (!failure) failure = set(ZSTD_c_srcSizeHint, static_cast<int>(expected));
        return failure;
    }

    result<progress> step(std::span<const char>& in, bool is_last, std::span<char> room) noexcept override {
        ZSTD_inBuffer input{in.data(), in.size(), 0};
        ZSTD_outBuffer output{room.data(), room.size(), 0};
        const auto left =
            ZSTD_compressStream2(zstd_.get(), &output, &input, is_last ? ZSTD_e_end : ZSTD_e_continue);
        if (const auto failure = error_of(left)) return failure;
        in = in.subspan(input.pos);
        const bool is_done = is_last ? left == 0 : in.empty() && output.pos < output.size;
        return progress{output.pos, is_done};
    }

private:
    static error_code error_of(std::size_t code) noexcept {
        if (!ZSTD_isError(code)) return {};
        const bool is_memory = ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation;
        return make_error_code(is_memory ? errc::not_enough_memory : errc::io_error);
    }

    struct closer {
        void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
    };
    std::unique_ptr<ZSTD_CCtx, closer> zstd_;
};

std::unique_ptr<encoder::stream> new_stream(content_coding coding) noexcept {
    using made = std::unique_ptr<encoder::stream>;
    if (coding == content_coding::gzip) return made(new (std::nothrow) gzip_stream);
    if (coding == content_coding::br) return made(new (std::nothrow) br_stream);
    return made(new (std::nothrow) zstd_stream);
}

error_code append(std::string& out, std::span<const char> bytes) noexcept {
    try {
        out.append(bytes.data(), bytes.size());
    } catch (const std::exception&) {  // bad_alloc, length_error
        return make_error_code(errc::not_enough_memory);
    }
    return {};
}

}  // namespace

encoder::encoder(content_coding coding, int level, std::optional<std::uint64_t> size_hint) noexcept
    : why_closed_(make_error_code(errc::invalid_argument)) {
    if (!levels_of(coding).has(level)) return;
    stream_ = new_stream(coding);
    const auto failure = stream_ ? stream_->open(level, size_hint) : make_error_code(errc::not_enough_memory);
    if (!failure) return;
    stream_.reset();
    why_closed_ = failure;
}

encoder::~encoder() = default;
encoder::encoder(encoder&&) noexcept = default;
encoder& encoder::operator=(encoder&&) noexcept = default;

error_code encoder::write(std::span<const char> in, std::string& out) noexcept { return run(in, false, out); }

error_code encoder::finish(std::string& out) noexcept {
    const auto failure = run({}, true, out);
    stream_.reset();
    return failure;
}

error_code encoder::run(std::span<const char> in, bool is_last, std::string& out) noexcept {
    if (!stream_) return why_closed_;
    std::array<char, piece_bytes> piece;
    for (;;) {
        const auto made = stream_->step(in, is_last, piece);
        const auto failure = made ? append(out, std::span(piece).first(made->written)) : made.error();
        if (failure) {
            stream_.reset();
            return why_closed_ = failure;
        }
        if (made->is_done) return {};
    }
}

}  // namespace fairlead::content
