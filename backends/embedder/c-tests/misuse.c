/* Handles that are stale, foreign or of another type: an error where the library is a checked one. In others this would be
 * undefined, and the tests pass without looking. */
#include "check.h"



static host queue_host;

static tb_context *worker_of(host *host)
{
    tb_processor processor = host_processor(host);
    tb_context *worker = NULL;
    OK(tb_worker_create(&processor, &worker));
    return worker;
}

static void stale_promises_and_tasks(void)
{
    tb_promise *promise = NULL, *old_promise;
    tb_task *task = NULL, *old_task, *out = NULL;
    void *value = thing(1), *taken = &taken;
    tb_error *error = trouble("kept");
    note note = {0};
    if (!tb_is_checked()) {
        thing_destroy(value);
        tb_error_drop(&error);
        return;
    }
    OK(tb_promise_create(&promise, &task));
    old_promise = promise;
    old_task = task;
    tb_promise_drop(&promise);
    expect_rejected(&task, TB_ERROR_ABANDONED);

    GIVES(TB_STALE, tb_promise_resolve(old_promise, value, thing_destroy));
    GIVES(TB_STALE, tb_promise_reject(old_promise, &error));
    promise = old_promise;
    tb_promise_drop(&promise);
    CHECK(*tb_last_error() != '\0');

    CHECK(!tb_task_is_settled(old_task));
    task = old_task;
    GIVES(TB_STALE, tb_task_take(&task, &taken, NULL));
    CHECK(taken == NULL);
    GIVES(TB_STALE, tb_task_wait(&task, NULL, NULL));
    GIVES(TB_STALE, tb_task_detach(&task));
    GIVES(TB_STALE, tb_and_then(&task, tb_immediate(), note_adds_one, &note, note_destroy));
    GIVES(TB_STALE, tb_or_else(&task, tb_immediate(), note_recovers, &note, note_destroy));
    GIVES(TB_STALE, tb_then(&task, tb_immediate(), note_passes_on, &note, note_destroy));
    GIVES(TB_STALE, tb_inspect(&task, tb_immediate(), note_looks, &note, note_destroy));
    CHECK(task == old_task);
    GIVES(TB_STALE, tb_all(&task, 1, &out));
    GIVES(TB_STALE, tb_race(&task, 1, &out));
    GIVES(TB_STALE, tb_any(&task, 1, &out));
    CHECK(task == old_task && out == NULL);
    tb_task_drop(&task);
    note_expect(&note, 0, 0);
    thing_destroy(value);
    tb_error_drop(&error);
}

static void one_task_twice_in_a_list(void)
{
    tb_task *tasks[3], *out = NULL, *same;
    if (!tb_is_checked()) {
        return;
    }
    OK(tb_task_resolved(thing(1), thing_destroy, &tasks[0]));
    OK(tb_task_resolved(thing(2), thing_destroy, &tasks[1]));
    tasks[2] = same = tasks[0];
    CHECK(tb_all(tasks, 3, &out) != TB_OK);
    CHECK(out == NULL && tasks[0] == same && tasks[2] == same);
    CHECK(tb_race(tasks, 3, &out) != TB_OK);
    CHECK(tb_any(tasks, 3, &out) != TB_OK);
    expect_number(&tasks[0], 1);
    expect_number(&tasks[1], 2);
}

static void stale_errors_and_shared(void)
{
    tb_error *error = trouble("old"), *old_error = error, *clone = NULL;
    tb_task *task = NULL, *fork = NULL;
    tb_shared *shared = NULL, *old_shared, *copy = NULL;
    if (!tb_is_checked()) {
        tb_error_drop(&error);
        return;
    }
    tb_error_drop(&error);
    GIVES(TB_STALE, tb_error_clone(old_error, &clone));
    CHECK(tb_error_payload(old_error, &error) == NULL);
    CHECK_EQ(tb_error_message(old_error, NULL, 0), 0);
    error = old_error;
    GIVES(TB_STALE, tb_task_rejected(&error, &task));
    CHECK(task == NULL && error == old_error);
    tb_error_drop(&error);

    OK(tb_task_resolved(NULL, NULL, &task));
    OK(tb_task_share(&task, thing_clone, &shared));
    old_shared = shared;
    tb_shared_drop(&shared);
    GIVES(TB_STALE, tb_shared_fork(old_shared, &fork));
    GIVES(TB_STALE, tb_shared_clone(old_shared, &copy));
    CHECK(!tb_shared_is_settled(old_shared));
    CHECK(fork == NULL && copy == NULL);
    tb_shared_drop(&old_shared);
}

static void stale_contexts_and_systems(void)
{
    tb_context *worker, *old_worker, *clone = NULL;
    tb_system *system = NULL, *old_system, *copy = NULL;
    const tb_context *borrowed;
    tb_main_thread *here = NULL, *old_here;
    tb_runnable *runnable, *old_runnable;
    tb_task *task = NULL;
    tb_processor processor;
    note note = {0};
    if (!tb_is_checked()) {
        return;
    }
    host_init(&queue_host);
    worker = old_worker = worker_of(&queue_host);
    OK(tb_run(worker, note_run, &note, note_destroy, &task));
    runnable = old_runnable = host_take(&queue_host);
    OK(tb_runnable_run(&runnable));
    expect_number(&task, 0);
    GIVES(TB_STALE, tb_runnable_run(&old_runnable));
    tb_runnable_drop(&old_runnable);
    tb_context_drop(&worker);
    GIVES(TB_STALE, tb_run(old_worker, note_run, &note, note_destroy, &task));
    GIVES(TB_STALE, tb_context_clone(old_worker, &clone));
    GIVES(TB_STALE, tb_worker_serve(old_worker, (void (*)(void *))note_destroy, &note));
    CHECK(!tb_context_equal(old_worker, old_worker) || !tb_context_equal(old_worker, tb_immediate()));
    note_expect(&note, 1, 1);

    processor = host_processor(&queue_host);
    OK(tb_system_create(&processor, &system));
    OK(tb_main_enter(system, &here));
    borrowed = tb_system_worker(system);
    old_here = here;
    old_system = system;
    tb_main_thread_drop(&here);
    GIVES(TB_STALE, tb_dispatch(old_here, NULL));
    GIVES(TB_STALE, tb_dispatch_one(old_here, NULL));
    CHECK(tb_main_thread_context(old_here) == NULL);
    tb_system_drop(&system);
    GIVES(TB_STALE, tb_system_clone(old_system, &copy));
    GIVES(TB_STALE, tb_main_enter(old_system, &here));
    CHECK(tb_system_worker(old_system) == NULL);
    CHECK(tb_system_main(old_system) == NULL);
    /* What was borrowed has gone with it. */
    GIVES(TB_STALE, tb_run(borrowed, note_run, &note, note_destroy, &task));
    host_free(&queue_host);
}

static void another_type_of_handle(void)
{
    tb_promise *promise = NULL;
    tb_task *task = NULL;
    tb_error *error = trouble("typed");
    void *value = NULL;
    if (!tb_is_checked()) {
        tb_error_drop(&error);
        return;
    }
    OK(tb_promise_create(&promise, &task));
    GIVES(TB_STALE, tb_promise_resolve((tb_promise *)(void *)task, NULL, NULL));
    GIVES(TB_STALE, tb_promise_reject((tb_promise *)(void *)error, &error));
    {
        tb_task *wrong = (tb_task *)(void *)promise;
        GIVES(TB_STALE, tb_task_take(&wrong, &value, NULL));
        tb_task_drop(&wrong);
        wrong = (tb_task *)(void *)error;
        GIVES(TB_STALE, tb_task_detach(&wrong));
    }
    {
        tb_error *wrong = (tb_error *)(void *)task;
        GIVES(TB_STALE, tb_promise_reject(promise, &wrong));
        tb_error_drop(&wrong);
    }
    tb_promise_drop(&promise);
    expect_rejected(&task, TB_ERROR_ABANDONED);
    tb_error_drop(&error);
}

static void pointers_from_anywhere(void)
{
    char somewhere[64] = {0};
    tb_task *task = (tb_task *)(void *)somewhere, *odd = (tb_task *)(void *)(somewhere + 1), *low = (tb_task *)1;
    tb_values *values = (tb_values *)(void *)somewhere;
    if (!tb_is_checked()) {
        return;
    }
    GIVES(TB_STALE, tb_task_detach(&task));
    GIVES(TB_STALE, tb_task_detach(&odd));
    GIVES(TB_STALE, tb_task_detach(&low));
    tb_task_drop(&low);
    CHECK_EQ(tb_values_count(values), 0);
    CHECK(tb_values_take(values, 0) == NULL);
    tb_values_drop(&values);
}

static tb_reply *kept;

static void keeps_its_reply(void *data, tb_reply *reply)
{
    (void)data;
    kept = reply;
}

static void replies_end_with_their_call(void)
{
    tb_task *task = NULL;
    void *value = thing(1);
    if (!tb_is_checked()) {
        thing_destroy(value);
        return;
    }
    OK(tb_run(tb_immediate(), keeps_its_reply, NULL, NULL, &task));
    CHECK(tb_reply_resolve(kept, value, thing_destroy) != TB_OK);
    thing_destroy(value);
    expect_rejected(&task, TB_ERROR_ABANDONED);
}

static void stale_pools(void)
{
    tb_pool *pool = NULL, *old, *copy = NULL;
    tb_system *system = NULL;
    if (!tb_is_checked()) {
        return;
    }
    OK(tb_pool_create(NULL, &pool));
    old = pool;
    tb_pool_drop(&pool);
    GIVES(TB_STALE, tb_pool_close(old));
    GIVES(TB_STALE, tb_pool_close_now(old));
    GIVES(TB_STALE, tb_pool_clone(old, &copy));
    GIVES(TB_STALE, tb_system_create_on_pool(old, &system));
    CHECK(tb_pool_worker(old) == NULL);
    tb_pool_drop(&old);
}

const check_test misuse_tests[] = {
    {"stale promises and tasks", stale_promises_and_tasks},
    {"one task twice in a list", one_task_twice_in_a_list},
    {"stale errors and shared", stale_errors_and_shared},
    {"stale contexts and systems", stale_contexts_and_systems},
    {"another type of handle", another_type_of_handle},
    {"pointers from anywhere", pointers_from_anywhere},
    {"replies end with their call", replies_end_with_their_call},
    {"stale pools", stale_pools},
    {NULL, NULL},
};
