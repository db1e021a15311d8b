#include "check.h"

#include <string.h>

/* A system on a host that the test runs by hand, entered by the test's thread. */
typedef struct stage {
    host host;
    tb_system *system;
    tb_main_thread *here;
    int woken;
} stage;

static void wake(void *data)
{
    stage *stage = (struct stage *)data;
    stage->woken++;
}

static bool help(void *data)
{
    return host_run_one(&((stage *)data)->host);
}

static tb_outlook nothing_will_come(void *data)
{
    return ((stage *)data)->host.count > 0 ? TB_OUTLOOK_WORK : TB_OUTLOOK_NEVER;
}

static void start(void *data, tb_runnable *runnable)
{
    stage *stage = data;
    tb_processor processor = host_processor(&stage->host);
    processor.start_task(processor.data, runnable);
}

static void stage_set(stage *stage, bool helps)
{
    tb_processor processor;
    memset(stage, 0, sizeof *stage);
    host_init(&stage->host);
    memset(&processor, 0, sizeof processor);
    processor.size = sizeof processor;
    processor.data = stage;
    processor.start_task = start;
    processor.main_ready = wake;
    if (helps) {
        processor.run_one = help;
        processor.before_park = nothing_will_come;
    }
    OK(tb_system_create(&processor, &stage->system));
    OK(tb_main_enter(stage->system, &stage->here));
    CHECK(stage->here != NULL);
}

static void stage_strike(stage *stage)
{
    tb_main_thread_drop(&stage->here);
    tb_system_drop(&stage->system);
    CHECK(stage->here == NULL && stage->system == NULL);
    host_free(&stage->host);
}

static void queue(stage *stage, note *note, tb_task **task)
{
    OK(tb_run(tb_system_main(stage->system), note_run, note, note_destroy, task));
}

static void dispatching(void)
{
    stage stage;
    note notes[7];
    tb_task *tasks[7];
    size_t ran = 99, index;
    bool one = true;
    int left = 2;
    memset(notes, 0, sizeof notes);
    stage_set(&stage, false);
    CHECK(tb_main_thread_is_idle(stage.here));
    OK(tb_dispatch(stage.here, &ran));
    CHECK_EQ(ran, 0);
    OK(tb_dispatch_one(stage.here, &one));
    CHECK(!one);
    for (index = 0; index < 7; index++) {
        queue(&stage, &notes[index], &tasks[index]);
    }
    CHECK(!tb_main_thread_is_idle(stage.here));
    CHECK_EQ(stage.woken, 1);
    OK(tb_dispatch_one(stage.here, &one));
    CHECK(one);
    note_expect(&notes[0], 1, 1);
    note_expect(&notes[1], 0, 0);
    OK(tb_dispatch_one(stage.here, NULL));
    note_expect(&notes[1], 1, 1);
    {
        bool (*more)(void *) = NULL;
        GIVES(TB_NULL, tb_dispatch_while(stage.here, more, &left, &ran));
        CHECK_EQ(ran, 0);
    }
    OK(tb_dispatch_for(stage.here, UINT64_MAX, &ran));
    CHECK_EQ(ran, 5);
    OK(tb_dispatch(stage.here, NULL));
    CHECK(tb_main_thread_is_idle(stage.here));
    for (index = 0; index < 7; index++) {
        CHECK(pthread_equal(notes[index].called_on, pthread_self()));
        expect_number(&tasks[index], 0);
    }
    stage_strike(&stage);
}

static bool counts(void *data)
{
    return (*(int *)data)-- > 0;
}

static void a_budget_holds(void)
{
    stage stage;
    note notes[5];
    tb_task *tasks[5];
    size_t ran = 0, index;
    int left = 2;
    memset(notes, 0, sizeof notes);
    stage_set(&stage, false);
    for (index = 0; index < 5; index++) {
        queue(&stage, &notes[index], &tasks[index]);
    }
    OK(tb_dispatch_while(stage.here, counts, &left, &ran));
    CHECK_EQ(ran, 2);
    note_expect(&notes[1], 1, 1);
    note_expect(&notes[2], 0, 0);
    OK(tb_dispatch_for(stage.here, 0, &ran));
    CHECK(ran <= 1);
    OK(tb_dispatch(stage.here, NULL));
    for (index = 0; index < 5; index++) {
        expect_number(&tasks[index], 0);
    }
    stage_strike(&stage);
}

/* ---- Whose it is */

static void *outsider(void *data)
{
    stage *stage = data;
    tb_main_thread *theirs = NULL, *handle = stage->here;
    tb_task *task = NULL, *run = NULL;
    note note = {0};
    void *value = NULL;
    tb_error *error = NULL;
    size_t ran = 9;
    bool one = true;
    GIVES(TB_WRONG_THREAD, tb_main_enter(stage->system, &theirs));
    CHECK(theirs == NULL);
    GIVES(TB_WRONG_THREAD, tb_dispatch(handle, &ran));
    CHECK_EQ(ran, 0);
    GIVES(TB_WRONG_THREAD, tb_dispatch_one(handle, &one));
    CHECK(!one);
    GIVES(TB_WRONG_THREAD, tb_dispatch_for(handle, 1000, &ran));
    OK(tb_task_resolved(thing(3), thing_destroy, &task));
    GIVES(TB_WRONG_THREAD, tb_main_thread_wait(handle, &task, &value, &error));
    CHECK(task != NULL);
    GIVES(TB_WRONG_THREAD, tb_run(tb_main_thread_context(stage->here), note_run, &note, note_destroy, &run));
    GIVES(TB_WRONG_THREAD,
          tb_and_then(&task, tb_main_thread_context(stage->here), note_adds_one, &note, note_destroy));
    note_expect(&note, 0, 0);
    CHECK(run == NULL);
    expect_number(&task, 3);
    tb_main_thread_drop(&handle);
    CHECK(handle == stage->here);
    CHECK(*tb_last_error() != '\0');
    return NULL;
}

static void only_the_main_thread(void)
{
    stage stage;
    tb_main_thread *again = NULL;
    stage_set(&stage, false);
    elsewhere(outsider, &stage);
    OK(tb_main_enter(stage.system, &again));
    tb_main_thread_drop(&again);
    CHECK(again == NULL);
    GIVES(TB_NULL, tb_main_enter(NULL, &again));
    GIVES(TB_NULL, tb_main_enter(stage.system, NULL));
    GIVES(TB_NULL, tb_dispatch(NULL, NULL));
    GIVES(TB_NULL, tb_dispatch_one(NULL, NULL));
    GIVES(TB_NULL, tb_dispatch_while(NULL, counts, NULL, NULL));
    GIVES(TB_NULL, tb_dispatch_for(NULL, 1, NULL));
    CHECK(tb_main_thread_context(NULL) == NULL);
    tb_main_thread_drop(NULL);
    stage_strike(&stage);
}

/* ---- What is bound to it */

static void *settle_elsewhere(void *data)
{
    tb_error *error = trouble("elsewhere");
    OK(tb_promise_reject(data, &error));
    return NULL;
}

static void what_is_bound_is_destroyed_there(void)
{
    stage stage;
    tb_promise *promise = NULL;
    tb_task *task = NULL;
    note bound = {0}, free = {0};
    stage_set(&stage, false);
    OK(tb_promise_create(&promise, &task));
    OK(tb_and_then(&task, tb_main_thread_context(stage.here), note_adds_one, &bound, note_destroy));
    OK(tb_and_then(&task, tb_system_main(stage.system), note_adds_one, &free, note_destroy));
    elsewhere(settle_elsewhere, promise);
    tb_promise_drop(&promise);
    expect_rejected(&task, TB_ERROR_OTHER);
    /* Skipped: the one on the settling thread, at once, the other waits for its own. */
    note_expect(&free, 0, 1);
    CHECK(!pthread_equal(free.destroyed_on, pthread_self()));
    note_expect(&bound, 0, 0);
    OK(tb_dispatch(stage.here, NULL));
    note_expect(&bound, 0, 1);
    CHECK(pthread_equal(bound.destroyed_on, pthread_self()));
    stage_strike(&stage);
}

static void leaving_closes_the_queue(void)
{
    stage stage;
    tb_task *queued = NULL, *late = NULL;
    note one = {0}, two = {0};
    stage_set(&stage, false);
    queue(&stage, &one, &queued);
    tb_main_thread_drop(&stage.here);
    note_expect(&one, 0, 1);
    expect_rejected(&queued, TB_ERROR_CLOSED);
    queue(&stage, &two, &late);
    note_expect(&two, 0, 1);
    expect_rejected(&late, TB_ERROR_CLOSED);
    OK(tb_main_enter(stage.system, &stage.here));
    one = (note){0};
    queue(&stage, &one, &queued);
    OK(tb_dispatch(stage.here, NULL));
    expect_number(&queued, 0);
    stage_strike(&stage);
}

/* ---- Waiting */

static void *settle_after_all(void *data)
{
    OK(tb_promise_resolve(data, thing(20), thing_destroy));
    return NULL;
}

static void waiting_dispatches(void)
{
    stage stage;
    tb_promise *promise = NULL;
    tb_task *task = NULL;
    note one = {0};
    pthread_t thread;
    void *value = NULL;
    tb_error *error = NULL;
    stage_set(&stage, false);
    OK(tb_promise_create(&promise, &task));
    OK(tb_and_then(&task, tb_main_thread_context(stage.here), note_adds_one, &one, note_destroy));
    CHECK_EQ(pthread_create(&thread, NULL, settle_after_all, promise), 0);
    OK(tb_main_thread_wait(stage.here, &task, &value, &error));
    CHECK(task == NULL);
    CHECK_EQ(thing_take(value), 21);
    CHECK(pthread_equal(one.called_on, pthread_self()));
    CHECK_EQ(pthread_join(thread, NULL), 0);
    tb_promise_drop(&promise);
    GIVES(TB_NULL, tb_main_thread_wait(stage.here, &task, &value, &error));
    GIVES(TB_NULL, tb_main_thread_wait(NULL, &task, &value, &error));
    stage_strike(&stage);
}

static void waiting_helps_the_host(void)
{
    stage stage;
    tb_task *task = NULL;
    note one = {0}, two = {0}, three = {0};
    void *value = NULL;
    tb_error *error = NULL;
    stage_set(&stage, true);
    OK(tb_run(tb_system_worker(stage.system), note_run, &one, note_destroy, &task));
    OK(tb_and_then(&task, tb_main_thread_context(stage.here), note_adds_one, &two, note_destroy));
    OK(tb_and_then(&task, tb_system_worker(stage.system), note_adds_one, &three, note_destroy));
    /* Nobody else runs the host's queue. */
    OK(tb_main_thread_wait(stage.here, &task, &value, &error));
    CHECK_EQ(thing_take(value), 2);
    note_expect(&three, 1, 1);
    stage_strike(&stage);
}

static void waiting_for_what_cannot_come(void)
{
    stage stage;
    tb_promise *promise = NULL;
    tb_task *task = NULL;
    void *value = NULL;
    tb_error *error = NULL;
    stage_set(&stage, true);
    OK(tb_promise_create(&promise, &task));
    GIVES(TB_REJECTED, tb_main_thread_wait(stage.here, &task, &value, &error));
    CHECK(task == NULL && value == NULL);
    expect_error(&error, TB_ERROR_DEADLOCK);
    OK(tb_promise_resolve(promise, thing(1), thing_destroy));
    CHECK_EQ(things_alive(), 0);
    tb_promise_drop(&promise);
    stage_strike(&stage);
}

const check_test main_tests[] = {
    {"dispatching", dispatching},
    {"a budget holds", a_budget_holds},
    {"only the main thread", only_the_main_thread},
    {"what is bound is destroyed there", what_is_bound_is_destroyed_there},
    {"leaving closes the queue", leaving_closes_the_queue},
    {"waiting dispatches", waiting_dispatches},
    {"waiting helps the host", waiting_helps_the_host},
    {"waiting for what cannot come", waiting_for_what_cannot_come},
    {NULL, NULL},
};
