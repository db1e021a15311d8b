// A test is a function that is called, a check a line that is counted; from any thread.
#pragma once

#include <atomic>
#include <cstdio>
#include <cstring>

namespace check {

struct Test {
    const char* name;
    void (*run)();
    Test* next;
    static inline Test* first = nullptr;
    Test(const char* the_name, void (*function)()) : name(the_name), run(function), next(first) { first = this; }
};

inline std::atomic<int> checks{0};
inline std::atomic<int> failures{0};

inline void that(bool holds, const char* what, const char* file, int line) {
    ++checks;
    if (holds) return;
    ++failures;
    std::fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
}

/// Runs the tests whose names contain the argument, all without one.
inline int run(int count, char** arguments) {
    int tests = 0;
    for (Test* test = Test::first; test != nullptr; test = test->next) {
        if (count > 1 && std::strstr(test->name, arguments[1]) == nullptr) continue;
        const int before = checks;
        test->run();
        if (checks == before) that(false, "a test checks something", test->name, 0);
        ++tests;
    }
    std::printf("%d tests, %d checks, %d failures\n", tests, checks.load(), failures.load());
    return failures == 0 && tests > 0 ? 0 : 1;
}

} // namespace check

#define TEST(name)                                                                                                     \
    static void name();                                                                                                \
    static check::Test name##_test(#name, name);                                                                       \
    static void name()
#define CHECK(...) check::that(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)
