// Preloaded under callgrind, which (3.19) does not know openat2(2) and answers ENOSYS: opens with openat(2)
// instead, without any confinement. Only for counting instructions; build with -shared -fPIC.
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdarg>

extern "C" long syscall(long number, ...) {
    std::va_list rest;
    va_start(rest, number);
    long arguments[6];
    for (auto& each : arguments) each = va_arg(rest, long);
    va_end(rest);
    if (number == SYS_openat2) {
        const auto* how = reinterpret_cast<const open_how*>(arguments[2]);
        return ::openat(static_cast<int>(arguments[0]), reinterpret_cast<const char*>(arguments[1]),
                        static_cast<int>(how->flags));
    }
    using function = long (*)(long, ...);
    static const auto next = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "syscall"));
    return next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}
