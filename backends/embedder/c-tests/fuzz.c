/* Random programs against the C API, misuse among them: every call has to end as the model says, every value and every
 * closure is destroyed once, every task settles once.
 *
 *   fuzz SEED STEPS [SECONDS]   episodes, a seed each; with SECONDS, until they are over
 *
 * Odd seeds have a pool whose threads take part. With TB_LIBFUZZER it is a target for libFuzzer, one episode an input. */
#include "fuzz_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { EPISODE = 400 };

static long unseen;

static void (*const steps[])(void) = {
    new_promise,   new_promise, settle_promise, settle_promise, drop_promise, settled_task, run_closure, run_closure,
    verb,          verb,        verb,           take,           take,         drop_task,    combine,     share,
    change_errors, host_works,  host_works,     host_works,     dispatch,     dispatch,     change_systems,
    change_contexts, wrong_thread, misuse,      wait_in_main,   change_pool};

static void set_up(void)
{
    uint32_t which;
    CHECK_EQ(tokens_alive(), 0);
    for (which = 0; which < SYSTEMS; which++) {
        host_init(&hosts[which]);
        make_system(which);
        enter_main(which);
    }
    if (threaded) {
        make_pool();
    }
}

static void run_what_is_left(void)
{
    uint32_t which;
    size_t ran;
    do {
        for (which = 0, ran = 0; which < SYSTEMS; which++) {
            size_t dispatched = 0;
            ran += host_run(&hosts[which]);
            if (mains[which] != NULL) {
                OK(tb_dispatch(mains[which], &dispatched));
            }
            ran += dispatched;
        }
    } while (ran > 0);
}

/* Everything settles now: what is left of the tasks is looked at. */
static void wind_up(void)
{
    size_t index;
    uint32_t which;
    slot *slot;
    for (index = 0; index < PROMISES; index++) {
        slot = &promises[index];
        if (slot->handle != NULL && !slot->number) {
            slot->node->outcome = error_outcome(-TB_ERROR_ABANDONED);
        }
        tb_promise_drop((tb_promise **)&slot->handle);
    }
    for (which = 0; which < SYSTEMS; which++) {
        enter_main(which);
        host_refuse(&hosts[which], false);
    }
    run_what_is_left();
    if (pool != NULL) {
        OK(tb_pool_close(pool));
    }
    run_what_is_left();
    for (index = 0; index < TASKS; index++) {
        slot = &tasks[index];
        if (slot->handle != NULL) {
            void *value = NULL;
            tb_error *error = NULL;
            tb_status status;
            CHECK(tb_task_is_settled(slot->handle));
            status = tb_task_take((tb_task **)&slot->handle, &value, &error);
            observe_taken(slot->node, status, value, error);
        }
    }
    for (index = 0; index < SHARED; index++) {
        tb_shared_drop((tb_shared **)&shared[index].handle);
    }
    for (index = 0; index < ERRORS; index++) {
        tb_error_drop((tb_error **)&errors[index].handle);
    }
    for (index = 0; index < CONTEXTS; index++) {
        tb_context_drop((tb_context **)&contexts[index].handle);
    }
    run_what_is_left();
    tb_pool_drop(&pool);
    for (which = 0; which < SYSTEMS; which++) {
        tb_main_thread_drop(&mains[which]);
        tb_system_drop(&system_clones[which]);
        tb_system_drop(&systems[which]);
        CHECK_EQ(hosts[which].released, 1);
        CHECK_EQ(hosts[which].destroyed, 1);
        host_free(&hosts[which]);
    }
    forget_all();
    nodes_clear();
    CHECK_EQ(tokens_alive(), 0);
}

static void see(void *data, const tb_error *error)
{
    CHECK(data == &unseen && error != NULL);
    __atomic_add_fetch(&unseen, 1, __ATOMIC_RELAXED);
}

static void episode(long count)
{
    static bool hooked;
    if (!hooked) {
        main_id = pthread_self();
        OK(tb_set_error_hook(see, &unseen));
        hooked = true;
    }
    set_up();
    for (; count > 0 && chance_left(); count--) {
        steps[pick((uint32_t)(sizeof steps / sizeof *steps))]();
    }
    wind_up();
}

#ifdef TB_LIBFUZZER

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    chance_bytes(data, size);
    episode(EPISODE);
    return 0;
}

#else

int main(int count, char **arguments)
{
    static char name[64];
    uint64_t seed = count > 1 ? strtoull(arguments[1], NULL, 0) : 1;
    long left = count > 2 ? strtol(arguments[2], NULL, 0) : 20 * EPISODE, done = 0;
    long limit = count > 3 ? strtol(arguments[3], NULL, 0) : 0;
    time_t start = time(NULL);
    for (; done < left && (limit == 0 || time(NULL) - start < limit); seed++) {
        chance_seed(seed);
        threaded = seed % 2 == 1;
        snprintf(name, sizeof name, "the episode of seed %llu", (unsigned long long)seed);
        check_current = name;
        episode(EPISODE);
        done += EPISODE;
    }
    printf("fuzz: %ld steps up to seed %llu, %ld values and errors, %ld errors that nobody saw\n", done,
           (unsigned long long)seed - 1, next_number() - 1, unseen);
    return 0;
}

#endif
