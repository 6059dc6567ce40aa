// Preloaded into a server that runs under valgrind 3.19, which does not know openat2(2) and answers ENOSYS.
// The call is made as openat(2) without the confinement: nothing but counting instructions may be done with
// it.

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <cstdarg>

extern "C" long syscall(long number, ...) {
    long arguments[6];
    va_list list;
    va_start(list, number);
    for (auto& each : arguments) each = va_arg(list, long);
    va_end(list);
    if (number == SYS_openat2) {
        const auto& how = *reinterpret_cast<const open_how*>(arguments[2]);
        return ::openat(static_cast<int>(arguments[0]), reinterpret_cast<const char*>(arguments[1]),
                        static_cast<int>(how.flags), static_cast<mode_t>(how.mode));
    }
    static const auto real = reinterpret_cast<long (*)(long, ...)>(::dlsym(RTLD_NEXT, "syscall"));
    return real(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}
