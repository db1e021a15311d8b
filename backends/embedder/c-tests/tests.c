/* Runs the tests: all of them, or one suite. */
#include "check.h"

#include <stdio.h>
#include <string.h>

static int run_all(const check_test *tests, const char *suite, const char *only)
{
    int ran = 0;
    if (only != NULL && strcmp(only, suite) != 0) {
        return 0;
    }
    for (; tests->name != NULL; tests++, ran++) {
        long before = things_alive();
        check_current = tests->name;
        tests->run();
        CHECK_EQ(things_alive(), before);
    }
    printf("%s: %d tests passed\n", suite, ran);
    return ran;
}

int main(int count, char **arguments)
{
    const char *only = count > 1 ? arguments[1] : NULL;
    int ran = run_all(error_tests, "errors", only) + run_all(promise_tests, "promises", only) +
              run_all(verb_tests, "verbs", only) + run_all(context_tests, "contexts", only) +
              run_all(combine_tests, "combine", only) + run_all(main_tests, "main-thread", only) +
              run_all(pool_tests, "pool", only) + run_all(thread_tests, "threads", only) +
              run_all(misuse_tests, "misuse", only) +
              run_all(guest_tests, "guests", only) + run_all(timer_tests, "timers", only);
    if (ran == 0) {
        fprintf(stderr, "there are no tests of that name\n");
        return 2;
    }
    return 0;
}
