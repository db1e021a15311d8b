/* Faults on purpose, to see that a sanitizer sees them: planted race|leak|use-after-free */
#include "check.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

static long shared_by_mistake;
/* Relaxed: they order nothing. */
static int go, gone;

static void writes(void *data, tb_reply *reply)
{
    (void)data;
    while (!__atomic_load_n(&go, __ATOMIC_RELAXED)) {
        sched_yield();
    }
    shared_by_mistake++;
    __atomic_store_n(&gone, 1, __ATOMIC_RELAXED);
    OK(tb_reply_resolve(reply, NULL, NULL));
}

/* Both write, and nothing orders the two. */
static void a_race(void)
{
    tb_pool *pool = NULL;
    tb_task *task = NULL;
    OK(tb_pool_create(NULL, &pool));
    OK(tb_run(tb_pool_worker(pool), writes, NULL, NULL, &task));
    __atomic_store_n(&go, 1, __ATOMIC_RELAXED);
    while (!__atomic_load_n(&gone, __ATOMIC_RELAXED)) {
        sched_yield();
    }
    shared_by_mistake++;
    OK(tb_task_wait(&task, NULL, NULL));
    tb_pool_drop(&pool);
}

/* Many: the last one's address may be left on the stack somewhere. */
static void a_leak(void)
{
    int count;
    for (count = 0; count < 100; count++) {
        CHECK(trouble("never dropped") != NULL);
    }
}

static void *looks(const void *value)
{
    return thing(thing_number(value));
}

/* The value was given to the task, and destroyed all the same: a fork then clones what is gone. */
static void a_use_after_free(void)
{
    void *value = thing(1);
    tb_task *task = NULL, *fork = NULL;
    tb_shared *shared = NULL;
    OK(tb_task_resolved(value, NULL, &task));
    OK(tb_task_share(&task, looks, &shared));
    thing_destroy(value);
    OK(tb_shared_fork(shared, &fork));
    tb_task_drop(&fork);
    tb_shared_drop(&shared);
}

int main(int count, char **arguments)
{
    const char *fault = count > 1 ? arguments[1] : "";
    if (strcmp(fault, "race") == 0) {
        a_race();
    } else if (strcmp(fault, "leak") == 0) {
        a_leak();
    } else if (strcmp(fault, "use-after-free") == 0) {
        a_use_after_free();
    } else {
        fprintf(stderr, "planted race|leak|use-after-free\n");
        return 2;
    }
    puts("nobody has seen it");
    return 0;
}
