// With or without exceptions: which of the two this translation unit is compiled for.
#pragma once

#if !defined(THREADBARE_EXCEPTIONS)
#if defined(__cpp_exceptions) || defined(__EXCEPTIONS) || defined(_CPPUNWIND)
#define THREADBARE_EXCEPTIONS 1
#else
#define THREADBARE_EXCEPTIONS 0
#endif
#endif

// Functions differ between the two, so their names do, too: everything is in an inline namespace of its mode, and both
// can be linked into one program. What passes from one to the other does so as a C handle: `release` and `adopt`.
#if THREADBARE_EXCEPTIONS
#define THREADBARE_BEGIN                                                                                               \
    namespace threadbare {                                                                                             \
    inline namespace throwing {
#else
#define THREADBARE_BEGIN                                                                                               \
    namespace threadbare {                                                                                             \
    inline namespace quiet {
#endif
#define THREADBARE_END                                                                                                 \
    }                                                                                                                  \
    }
