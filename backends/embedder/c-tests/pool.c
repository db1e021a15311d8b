#include "check.h"

#include <string.h>

static tb_pool_options options_of(size_t threads)
{
    tb_pool_options options;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.threads = threads;
    return options;
}

static tb_pool *pool_of(size_t threads)
{
    tb_pool_options options = options_of(threads);
    tb_pool *pool = NULL;
    OK(tb_pool_create(&options, &pool));
    return pool;
}

static long wait_for(tb_task **task)
{
    void *value = NULL;
    tb_error *error = NULL;
    OK(tb_task_wait(task, &value, &error));
    CHECK(*task == NULL);
    return thing_take(value);
}

static void it_runs_elsewhere(void)
{
    tb_pool *pool = NULL;
    tb_task *task = NULL;
    note one = {0}, two = {0};
    OK(tb_pool_create(NULL, &pool));
    OK(tb_run(tb_pool_worker(pool), note_run, &one, note_destroy, &task));
    OK(tb_and_then(&task, tb_pool_worker(pool), note_adds_one, &two, note_destroy));
    CHECK_EQ(wait_for(&task), 1);
    OK(tb_pool_close(pool));
    CHECK(!pthread_equal(one.called_on, pthread_self()));
    note_expect(&one, 1, 1);
    note_expect(&two, 1, 1);
    tb_pool_drop(&pool);
    CHECK(pool == NULL);
}

typedef struct crew {
    int started[3], stopped[3];
} crew;

static void on_start(void *data, size_t index)
{
    __atomic_add_fetch(&((crew *)data)->started[index], 1, __ATOMIC_RELAXED);
}

static void on_stop(void *data, size_t index)
{
    __atomic_add_fetch(&((crew *)data)->stopped[index], 1, __ATOMIC_RELAXED);
}

static void options_are_kept(void)
{
    tb_pool_options options = options_of(3);
    tb_pool *pool = NULL;
    crew crew = {{0}, {0}};
    int index;
    options.name = "crew";
    options.stack_size = 1 << 20;
    options.on_start = on_start;
    options.on_stop = on_stop;
    options.data = &crew;
    OK(tb_pool_create(&options, &pool));
    OK(tb_pool_close(pool));
    for (index = 0; index < 3; index++) {
        CHECK_EQ(crew.started[index], 1);
        CHECK_EQ(crew.stopped[index], 1);
    }
    tb_pool_drop(&pool);
}

static void options_are_looked_at(void)
{
    tb_pool_options options = options_of(1);
    tb_pool *pool = NULL;
    GIVES(TB_NULL, tb_pool_create(&options, NULL));
    options.size = 1;
    GIVES(TB_INVALID, tb_pool_create(&options, &pool));
    options = options_of(1);
    options.name = "\xff";
    GIVES(TB_INVALID, tb_pool_create(&options, &pool));
    CHECK(pool == NULL);
}

/* ---- Ends */

static void closing_drains(void)
{
    tb_pool *pool = pool_of(2), *clone = NULL;
    tb_task *tasks[50], *late = NULL;
    note notes[50], refused = {0};
    int index;
    memset(notes, 0, sizeof notes);
    OK(tb_pool_clone(pool, &clone));
    for (index = 0; index < 50; index++) {
        notes[index].number = index;
        OK(tb_run(tb_pool_worker(pool), note_run, &notes[index], note_destroy, &tasks[index]));
    }
    OK(tb_pool_close(clone));
    OK(tb_pool_close(pool));
    OK(tb_pool_close_now(pool));
    for (index = 0; index < 50; index++) {
        expect_number(&tasks[index], index);
        note_expect(&notes[index], 1, 1);
    }
    OK(tb_run(tb_pool_worker(clone), note_run, &refused, note_destroy, &late));
    note_expect(&refused, 0, 1);
    expect_rejected(&late, TB_ERROR_CLOSED);
    tb_pool_drop(&pool);
    tb_pool_drop(&clone);
    tb_pool_drop(NULL);
    GIVES(TB_NULL, tb_pool_close(NULL));
    GIVES(TB_NULL, tb_pool_close_now(NULL));
    GIVES(TB_NULL, tb_pool_clone(NULL, &clone));
    CHECK(tb_pool_worker(NULL) == NULL);
}

typedef struct gate {
    pthread_barrier_t arrived, opened;
} gate;

static void stands_at_the_gate(void *data, tb_reply *reply)
{
    gate *gate = data;
    pthread_barrier_wait(&gate->arrived);
    pthread_barrier_wait(&gate->opened);
    OK(tb_reply_resolve(reply, thing(1), thing_destroy));
}

static void *close_at_once(void *pool)
{
    OK(tb_pool_close_now(pool));
    return NULL;
}

static void closing_now_rejects(void)
{
    tb_pool *pool = pool_of(1);
    tb_task *first = NULL, *second = NULL;
    note note = {0};
    gate gate;
    pthread_t thread;
    void *value = NULL;
    tb_error *error = NULL;
    pthread_barrier_init(&gate.arrived, NULL, 2);
    pthread_barrier_init(&gate.opened, NULL, 2);
    OK(tb_run(tb_pool_worker(pool), stands_at_the_gate, &gate, NULL, &first));
    OK(tb_run(tb_pool_worker(pool), note_run, &note, note_destroy, &second));
    pthread_barrier_wait(&gate.arrived);
    CHECK_EQ(pthread_create(&thread, NULL, close_at_once, pool), 0);
    GIVES(TB_REJECTED, tb_task_wait(&second, &value, &error));
    expect_error(&error, TB_ERROR_CLOSED);
    note_expect(&note, 0, 1);
    pthread_barrier_wait(&gate.opened);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    expect_number(&first, 1);
    tb_pool_drop(&pool);
    pthread_barrier_destroy(&gate.arrived);
    pthread_barrier_destroy(&gate.opened);
}

static void drops_its_own_pool(void *data, tb_reply *reply)
{
    tb_pool *pool = data;
    OK(tb_pool_close(pool));
    tb_pool_drop(&pool);
    CHECK(pool == NULL);
    OK(tb_reply_resolve(reply, thing(2), thing_destroy));
}

static void the_last_handle_on_its_own_thread(void)
{
    tb_pool *pool = pool_of(2), *inside = NULL;
    tb_task *task = NULL;
    OK(tb_pool_clone(pool, &inside));
    OK(tb_run(tb_pool_worker(pool), drops_its_own_pool, inside, NULL, &task));
    tb_pool_drop(&pool);
    CHECK_EQ(wait_for(&task), 2);
}

/* ---- As a system's worker */

static void to_the_pool_and_back(void)
{
    tb_pool *pool = pool_of(2);
    tb_system *system = NULL;
    tb_main_thread *here = NULL;
    tb_task *task = NULL;
    note notes[4];
    void *value = NULL;
    tb_error *error = NULL;
    memset(notes, 0, sizeof notes);
    OK(tb_system_create_on_pool(pool, &system));
    OK(tb_main_enter(system, &here));
    CHECK(tb_context_equal(tb_system_worker(system), tb_pool_worker(pool)));
    OK(tb_run(tb_system_worker(system), note_run, &notes[0], note_destroy, &task));
    OK(tb_and_then(&task, tb_main_thread_context(here), note_adds_one, &notes[1], note_destroy));
    OK(tb_and_then(&task, tb_pool_worker(pool), note_adds_one, &notes[2], note_destroy));
    OK(tb_and_then(&task, tb_system_main(system), note_adds_one, &notes[3], note_destroy));
    OK(tb_main_thread_wait(here, &task, &value, &error));
    CHECK_EQ(thing_take(value), 3);
    CHECK(pthread_equal(notes[1].called_on, pthread_self()));
    CHECK(!pthread_equal(notes[2].called_on, pthread_self()));
    CHECK(pthread_equal(notes[3].called_on, pthread_self()));
    tb_main_thread_drop(&here);
    tb_system_drop(&system);
    tb_pool_drop(&pool);
    note_expect(&notes[0], 1, 1);
    note_expect(&notes[2], 1, 1);
    GIVES(TB_NULL, tb_system_create_on_pool(NULL, &system));
}

const check_test pool_tests[] = {
    {"it runs elsewhere", it_runs_elsewhere},
    {"options are kept", options_are_kept},
    {"options are looked at", options_are_looked_at},
    {"closing drains", closing_drains},
    {"closing now rejects", closing_now_rejects},
    {"the last handle on its own thread", the_last_handle_on_its_own_thread},
    {"to the pool and back", to_the_pool_and_back},
    {NULL, NULL},
};
