#include "check.h"

#include <string.h>

/* ---- Processors */

static void a_processor_must_be_whole(void)
{
    host host;
    tb_processor processor;
    tb_system *system = NULL;
    tb_context *worker = NULL;
    host_init(&host);
    processor = host_processor(&host);
    GIVES(TB_NULL, tb_system_create(NULL, &system));
    GIVES(TB_NULL, tb_system_create(&processor, NULL));
    GIVES(TB_NULL, tb_worker_create(NULL, &worker));
    GIVES(TB_NULL, tb_worker_create(&processor, NULL));
    processor.size = 0;
    GIVES(TB_INVALID, tb_system_create(&processor, &system));
    GIVES(TB_INVALID, tb_worker_create(&processor, &worker));
    processor.size = offsetof(tb_processor, start_task);
    GIVES(TB_INVALID, tb_system_create(&processor, &system));
    processor = host_processor(&host);
    processor.start_task = NULL;
    CHECK(tb_system_create(&processor, &system) != TB_OK);
    CHECK(tb_worker_create(&processor, &worker) != TB_OK);
    CHECK(system == NULL && worker == NULL);
    /* What was not taken is not destroyed. */
    CHECK_EQ(host.destroyed, 0);
    CHECK_EQ(host.released, 0);
    host_free(&host);
}

static bool run_one(void *data)
{
    return host_run_one(data);
}

static void helping_without_parking(void)
{
    host host;
    tb_processor processor;
    tb_system *system = NULL;
    host_init(&host);
    processor = host_processor(&host);
    processor.run_one = run_one;
    GIVES(TB_INVALID, tb_system_create(&processor, &system));
    CHECK(system == NULL);
    host_free(&host);
}

static void work_goes_through_the_host(void)
{
    host host;
    tb_processor processor;
    tb_context *worker = NULL;
    tb_task *task = NULL;
    note first = {0}, second = {0};
    host_init(&host);
    processor = host_processor(&host);
    OK(tb_worker_create(&processor, &worker));
    /* It was copied. */
    memset(&processor, 0xff, sizeof processor);
    OK(tb_run(worker, note_run, &first, note_destroy, &task));
    OK(tb_and_then(&task, worker, note_adds_one, &second, note_destroy));
    note_expect(&first, 0, 0);
    CHECK_EQ(host.count, 1);
    /* What follows in the same context runs at once. */
    CHECK_EQ(host_run(&host), 1);
    note_expect(&second, 1, 1);
    expect_number(&task, 1);
    CHECK_EQ(host.destroyed, 0);
    tb_context_drop(&worker);
    CHECK(worker == NULL);
    CHECK_EQ(host.destroyed, 1);
    host_free(&host);
}

static void a_host_can_refuse(void)
{
    host host;
    tb_processor processor;
    tb_context *worker = NULL;
    tb_task *task = NULL;
    note one = {0};
    host_init(&host);
    host_refuse(&host, true);
    processor = host_processor(&host);
    OK(tb_worker_create(&processor, &worker));
    OK(tb_run(worker, note_run, &one, note_destroy, &task));
    note_expect(&one, 0, 1);
    expect_rejected(&task, TB_ERROR_CLOSED);
    tb_context_drop(&worker);
    host_free(&host);
}

/* ---- Runnables */

static tb_runnable *queued(host *host, tb_context **worker, note *note, tb_task **task)
{
    tb_processor processor;
    tb_runnable *runnable;
    host_init(host);
    processor = host_processor(host);
    OK(tb_worker_create(&processor, worker));
    OK(tb_run(*worker, note_run, note, note_destroy, task));
    runnable = host_take(host);
    CHECK(runnable != NULL);
    return runnable;
}

static void runnables_are_dropped_or_rejected(void)
{
    host host;
    tb_context *worker = NULL;
    tb_task *task = NULL;
    tb_error *error = NULL;
    note one = {0};
    tb_runnable *runnable = queued(&host, &worker, &one, &task);
    GIVES(TB_NULL, tb_runnable_reject(&runnable, &error));
    GIVES(TB_NULL, tb_runnable_reject(&runnable, NULL));
    CHECK(runnable != NULL);
    OK(tb_error_create(TB_ERROR_FULL, "next frame", &error));
    OK(tb_runnable_reject(&runnable, &error));
    CHECK(runnable == NULL && error == NULL);
    note_expect(&one, 0, 1);
    expect_rejected(&task, TB_ERROR_FULL);
    error = trouble("kept");
    GIVES(TB_NULL, tb_runnable_reject(&runnable, &error));
    GIVES(TB_NULL, tb_runnable_reject(NULL, &error));
    CHECK(error != NULL);
    tb_error_drop(&error);
    GIVES(TB_NULL, tb_runnable_run(&runnable));
    GIVES(TB_NULL, tb_runnable_run(NULL));
    tb_runnable_drop(&runnable);
    tb_runnable_drop(NULL);
    tb_context_drop(&worker);
    host_free(&host);

    one = (note){0};
    runnable = queued(&host, &worker, &one, &task);
    tb_runnable_drop(&runnable);
    CHECK(runnable == NULL);
    note_expect(&one, 0, 1);
    expect_rejected(&task, TB_ERROR_CLOSED);
    tb_context_drop(&worker);
    host_free(&host);
}

static bool twice_more(void *data)
{
    return (*(int *)data)-- > 0;
}

static void run_while_stops_in_a_chain(void)
{
    host host;
    tb_context *worker = NULL;
    tb_task *task = NULL;
    note one = {0}, after[4];
    int step, left = 2;
    tb_runnable *runnable = queued(&host, &worker, &one, &task);
    memset(after, 0, sizeof after);
    for (step = 0; step < 4; step++) {
        OK(tb_and_then(&task, worker, note_adds_one, &after[step], note_destroy));
    }
    GIVES(TB_NULL, tb_runnable_run_while(&runnable, NULL, &left));
    CHECK(runnable != NULL);
    OK(tb_runnable_run_while(&runnable, twice_more, &left));
    CHECK(runnable == NULL);
    note_expect(&one, 1, 1);
    note_expect(&after[1], 1, 1);
    note_expect(&after[2], 0, 0);
    CHECK_EQ(host.count, 1);
    CHECK_EQ(host_run(&host), 1);
    expect_number(&task, 4);
    GIVES(TB_NULL, tb_runnable_run_while(&runnable, twice_more, &left));
    tb_context_drop(&worker);
    host_free(&host);
}

/* ---- Identity */

static void clones_are_equal(void)
{
    host host, other;
    tb_processor processor;
    tb_context *worker = NULL, *clone = NULL, *foreign = NULL, *anywhere = NULL;
    tb_task *task = NULL;
    note one = {0};
    host_init(&host);
    host_init(&other);
    processor = host_processor(&host);
    OK(tb_worker_create(&processor, &worker));
    processor = host_processor(&other);
    OK(tb_worker_create(&processor, &foreign));
    OK(tb_context_clone(worker, &clone));
    OK(tb_context_clone(tb_immediate(), &anywhere));
    CHECK(tb_context_equal(worker, clone));
    CHECK(tb_context_equal(anywhere, tb_immediate()));
    CHECK(!tb_context_equal(worker, foreign));
    CHECK(!tb_context_equal(worker, tb_immediate()));
    CHECK(!tb_context_equal(worker, NULL));
    tb_context_drop(&anywhere);
    tb_context_drop(&foreign);
    CHECK_EQ(other.destroyed, 1);
    tb_context_drop(&worker);
    CHECK_EQ(host.destroyed, 0);
    OK(tb_run(clone, note_run, &one, note_destroy, &task));
    tb_context_drop(&clone);
    /* What is queued keeps the processor. */
    CHECK_EQ(host.destroyed, 0);
    CHECK_EQ(host_run(&host), 1);
    expect_number(&task, 0);
    CHECK_EQ(host.destroyed, 1);
    GIVES(TB_NULL, tb_context_clone(NULL, &clone));
    GIVES(TB_NULL, tb_context_clone(tb_immediate(), NULL));
    tb_context_drop(NULL);
    host_free(&host);
    host_free(&other);
}

/* ---- Threads of the host's */

typedef struct served {
    tb_context *worker;
    tb_task *task;
    note first;
} served;

static void settle_inside(void *data)
{
    served *served = data;
    tb_promise *promise = NULL;
    OK(tb_promise_create(&promise, &served->task));
    OK(tb_and_then(&served->task, served->worker, note_adds_one, &served->first, note_destroy));
    OK(tb_promise_resolve(promise, thing(1), thing_destroy));
    tb_promise_drop(&promise);
}

static void served_threads_are_the_workers_own(void)
{
    host host;
    tb_processor processor;
    served served;
    memset(&served, 0, sizeof served);
    host_init(&host);
    processor = host_processor(&host);
    OK(tb_worker_create(&processor, &served.worker));
    settle_inside(&served);
    note_expect(&served.first, 0, 0);
    CHECK_EQ(host_run(&host), 1);
    expect_number(&served.task, 2);

    memset(&served.first, 0, sizeof served.first);
    OK(tb_worker_serve(served.worker, settle_inside, &served));
    note_expect(&served.first, 1, 1);
    CHECK_EQ(host.count, 0);
    expect_number(&served.task, 2);

    GIVES(TB_NULL, tb_worker_serve(NULL, settle_inside, &served));
    GIVES(TB_NULL, tb_worker_serve(served.worker, NULL, &served));
    GIVES(TB_INVALID, tb_worker_serve(tb_immediate(), settle_inside, &served));
    tb_context_drop(&served.worker);
    host_free(&host);
}

static bool always(void *data)
{
    (void)data;
    return true;
}

static void is_current_makes_it_inline(void)
{
    host host;
    tb_processor processor;
    served served;
    memset(&served, 0, sizeof served);
    host_init(&host);
    processor = host_processor(&host);
    processor.is_current = always;
    OK(tb_worker_create(&processor, &served.worker));
    settle_inside(&served);
    note_expect(&served.first, 1, 1);
    expect_number(&served.task, 2);
    tb_context_drop(&served.worker);
    host_free(&host);
}

static void destructors_run_where_the_closure_ran(void)
{
    host host;
    tb_processor processor;
    tb_context *worker = NULL;
    tb_task *task = NULL;
    note ran = {0}, skipped = {0};
    void *value = NULL;
    tb_error *error = NULL;
    host_init(&host);
    processor = host_processor(&host);
    OK(tb_worker_create(&processor, &worker));
    host_start(&host, worker);
    OK(tb_run(worker, note_run, &ran, note_destroy, &task));
    OK(tb_or_else(&task, worker, note_recovers, &skipped, note_destroy));
    OK(tb_task_wait(&task, &value, &error));
    CHECK_EQ(thing_take(value), 0);
    host_stop(&host);
    CHECK(pthread_equal(ran.called_on, host.thread));
    CHECK(pthread_equal(ran.destroyed_on, host.thread));
    note_expect(&skipped, 0, 1);
    tb_context_drop(&worker);
    host_free(&host);
}

/* ---- Systems */

static void release_comes_with_the_last_system(void)
{
    host host;
    tb_processor processor;
    tb_system *system = NULL, *clone = NULL;
    tb_context *worker = NULL;
    host_init(&host);
    processor = host_processor(&host);
    OK(tb_system_create(&processor, &system));
    OK(tb_system_clone(system, &clone));
    CHECK(tb_context_equal(tb_system_worker(system), tb_system_worker(clone)));
    CHECK(tb_context_equal(tb_system_main(system), tb_system_main(clone)));
    CHECK(!tb_context_equal(tb_system_main(system), tb_system_worker(system)));
    OK(tb_context_clone(tb_system_worker(system), &worker));
    tb_system_drop(&system);
    CHECK(system == NULL);
    CHECK_EQ(host.released, 0);
    tb_system_drop(&clone);
    CHECK_EQ(host.released, 1);
    /* The worker refers to it still. */
    CHECK_EQ(host.destroyed, 0);
    tb_context_drop(&worker);
    CHECK_EQ(host.destroyed, 1);
    CHECK_EQ(host.released, 1);
    GIVES(TB_NULL, tb_system_clone(NULL, &clone));
    CHECK(tb_system_worker(NULL) == NULL);
    CHECK(tb_system_main(NULL) == NULL);
    tb_system_drop(NULL);
    host_free(&host);
}

const check_test context_tests[] = {
    {"a processor must be whole", a_processor_must_be_whole},
    {"helping without parking", helping_without_parking},
    {"work goes through the host", work_goes_through_the_host},
    {"a host can refuse", a_host_can_refuse},
    {"runnables are dropped or rejected", runnables_are_dropped_or_rejected},
    {"run_while stops in a chain", run_while_stops_in_a_chain},
    {"clones are equal", clones_are_equal},
    {"served threads are the worker's own", served_threads_are_the_workers_own},
    {"is_current makes it inline", is_current_makes_it_inline},
    {"destructors run where the closure ran", destructors_run_where_the_closure_ran},
    {"release comes with the last system", release_comes_with_the_last_system},
    {NULL, NULL},
};
