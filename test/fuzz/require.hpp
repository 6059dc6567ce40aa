#pragma once

#include <cstdio>
#include <cstdlib>

/// Ends a fuzz target when an invariant does not hold. Not `assert`, which a release build leaves out.
#define REQUIRE_INVARIANT(condition)                                                                 \
    do {                                                                                             \
        if (!(condition)) {                                                                          \
            std::fprintf(stderr, "%s:%d: invariant violated: %s\n", __FILE__, __LINE__, #condition); \
            std::abort();                                                                            \
        }                                                                                            \
    } while (false)
