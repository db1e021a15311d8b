#include "check.h"

static tb_task *resolved(long number)
{
    tb_task *task = NULL;
    OK(tb_task_resolved(thing(number), thing_destroy, &task));
    return task;
}

static tb_task *rejected(const char *why)
{
    tb_task *task = NULL;
    tb_error *error = trouble(why);
    OK(tb_task_rejected(&error, &task));
    return task;
}

static void each_verb_after_a_value(void)
{
    note and_then = {0}, or_else = {0}, then = {0}, inspect = {0};
    tb_task *task = resolved(1);
    OK(tb_and_then(&task, tb_immediate(), note_adds_one, &and_then, note_destroy));
    OK(tb_or_else(&task, tb_immediate(), note_recovers, &or_else, note_destroy));
    OK(tb_then(&task, tb_immediate(), note_passes_on, &then, note_destroy));
    OK(tb_inspect(&task, tb_immediate(), note_looks, &inspect, note_destroy));
    note_expect(&and_then, 1, 1);
    note_expect(&or_else, 0, 1);
    note_expect(&then, 1, 1);
    note_expect(&inspect, 1, 1);
    CHECK_EQ(and_then.number, 1);
    CHECK_EQ(then.number, 2);
    CHECK_EQ(inspect.number, 2);
    expect_number(&task, 2);
}

static void each_verb_after_an_error(void)
{
    note and_then = {0}, inspect = {0}, then = {0}, or_else = {0};
    tb_task *task = rejected("no");
    inspect.kind = then.kind = or_else.kind = -1;
    OK(tb_and_then(&task, tb_immediate(), note_adds_one, &and_then, note_destroy));
    OK(tb_inspect(&task, tb_immediate(), note_looks, &inspect, note_destroy));
    OK(tb_then(&task, tb_immediate(), note_passes_on, &then, note_destroy));
    OK(tb_or_else(&task, tb_immediate(), note_recovers, &or_else, note_destroy));
    note_expect(&and_then, 0, 1);
    note_expect(&inspect, 1, 1);
    note_expect(&then, 1, 1);
    note_expect(&or_else, 1, 1);
    CHECK_EQ(inspect.kind, TB_ERROR_OTHER);
    CHECK_EQ(then.kind, TB_ERROR_OTHER);
    CHECK_EQ(or_else.kind, TB_ERROR_OTHER);
    expect_number(&task, 100);
}

static void attached_before_it_settles(void)
{
    note and_then = {0}, late = {0};
    tb_promise *promise = NULL;
    tb_task *task = NULL;
    OK(tb_promise_create(&promise, &task));
    OK(tb_and_then(&task, tb_immediate(), note_adds_one, &and_then, note_destroy));
    OK(tb_or_else(&task, tb_immediate(), note_recovers, &late, note_destroy));
    note_expect(&and_then, 0, 0);
    note_expect(&late, 0, 0);
    OK(tb_promise_resolve(promise, thing(3), thing_destroy));
    tb_promise_drop(&promise);
    note_expect(&and_then, 1, 1);
    note_expect(&late, 0, 1);
    expect_number(&task, 4);
}

static void nothing_to_destroy(void)
{
    note one = {0};
    tb_task *task = resolved(1);
    OK(tb_and_then(&task, tb_immediate(), note_adds_one, &one, NULL));
    note_expect(&one, 1, 0);
    expect_number(&task, 2);
}

/* ---- Replies */

static void silence_abandons(void)
{
    note one = {0};
    tb_task *task = NULL;
    OK(tb_run(tb_immediate(), note_is_silent, &one, note_destroy, &task));
    note_expect(&one, 1, 1);
    expect_rejected(&task, TB_ERROR_ABANDONED);
}

static void a_reply_can_reject(void)
{
    note one = {0};
    tb_task *task = resolved(1);
    OK(tb_and_then(&task, tb_immediate(), note_rejects, &one, note_destroy));
    expect_rejected(&task, TB_ERROR_OTHER);
    note_expect(&one, 1, 1);
}

static void twice(void *data, tb_reply *reply)
{
    void *late = thing(2);
    tb_error *error = trouble("late");
    tb_task *task = resolved(3);
    (void)data;
    OK(tb_reply_resolve(reply, thing(1), thing_destroy));
    GIVES(TB_SETTLED, tb_reply_resolve(reply, late, thing_destroy));
    GIVES(TB_SETTLED, tb_reply_reject(reply, &error));
    GIVES(TB_SETTLED, tb_reply_task(reply, &task));
    CHECK_EQ(thing_take(late), 2);
    expect_error(&error, TB_ERROR_OTHER);
    expect_number(&task, 3);
}

static void one_reply_is_enough(void)
{
    tb_task *task = NULL;
    OK(tb_run(tb_immediate(), twice, NULL, NULL, &task));
    expect_number(&task, 1);
}

static void null_replies(void *data, tb_reply *reply)
{
    void *value = thing(2);
    tb_error *error = trouble("kept");
    tb_task *task = NULL;
    (void)data;
    GIVES(TB_NULL, tb_reply_resolve(NULL, value, thing_destroy));
    GIVES(TB_NULL, tb_reply_reject(NULL, &error));
    GIVES(TB_NULL, tb_reply_task(reply, &task));
    GIVES(TB_NULL, tb_reply_task(reply, NULL));
    GIVES(TB_NULL, tb_reply_reject(reply, NULL));
    tb_error_drop(&error);
    GIVES(TB_NULL, tb_reply_reject(reply, &error));
    OK(tb_reply_resolve(reply, value, thing_destroy));
}

static void a_failed_reply_can_be_made_good(void)
{
    tb_task *task = NULL;
    OK(tb_run(tb_immediate(), null_replies, NULL, NULL, &task));
    expect_number(&task, 2);
}

static void tasks_are_unwrapped(void)
{
    note one = {0}, two = {0};
    tb_promise *promise = NULL;
    tb_task *task = NULL;
    OK(tb_promise_create(&promise, &one.task));
    OK(tb_run(tb_immediate(), note_returns_task, &one, note_destroy, &task));
    OK(tb_and_then(&task, tb_immediate(), note_adds_one, &two, note_destroy));
    note_expect(&one, 1, 1);
    CHECK(!tb_task_is_settled(task));
    OK(tb_promise_resolve(promise, thing(10), thing_destroy));
    tb_promise_drop(&promise);
    expect_number(&task, 11);

    one = two = (note){0};
    one.task = rejected("inner");
    OK(tb_run(tb_immediate(), note_returns_task, &one, note_destroy, &task));
    expect_rejected(&task, TB_ERROR_OTHER);
}

/* ---- Failures leave everything where it was */

static void failing_keeps_closure_and_task(void)
{
    note one = {0};
    tb_task *task = resolved(1), *none = NULL, *out = NULL;
    const tb_context *here = tb_immediate();
    GIVES(TB_NULL, tb_and_then(NULL, here, note_adds_one, &one, note_destroy));
    GIVES(TB_NULL, tb_and_then(&none, here, note_adds_one, &one, note_destroy));
    GIVES(TB_NULL, tb_and_then(&task, NULL, note_adds_one, &one, note_destroy));
    GIVES(TB_NULL, tb_and_then(&task, here, NULL, &one, note_destroy));
    GIVES(TB_NULL, tb_or_else(&task, NULL, note_recovers, &one, note_destroy));
    GIVES(TB_NULL, tb_or_else(&task, here, NULL, &one, note_destroy));
    GIVES(TB_NULL, tb_then(&task, NULL, note_passes_on, &one, note_destroy));
    GIVES(TB_NULL, tb_then(&task, here, NULL, &one, note_destroy));
    GIVES(TB_NULL, tb_inspect(&task, NULL, note_looks, &one, note_destroy));
    GIVES(TB_NULL, tb_inspect(&task, here, NULL, &one, note_destroy));
    GIVES(TB_NULL, tb_run(here, note_run, &one, note_destroy, NULL));
    GIVES(TB_NULL, tb_run(here, NULL, &one, note_destroy, &out));
    GIVES(TB_NULL, tb_run(NULL, note_run, &one, note_destroy, &out));
    CHECK(out == NULL);
    note_expect(&one, 0, 0);
    expect_number(&task, 1);
}

/* ---- Deep */

enum { DEEP = 30000 };

static void adds_one(void *data, void *value, tb_reply *reply)
{
    ++*(long *)data;
    OK(tb_reply_resolve(reply, thing(thing_take(value) + 1), thing_destroy));
}

static void a_long_chain_takes_no_stack(void)
{
    tb_promise *promise = NULL;
    tb_task *task = NULL;
    long calls = 0, step;
    OK(tb_promise_create(&promise, &task));
    for (step = 0; step < DEEP; step++) {
        OK(tb_and_then(&task, tb_immediate(), adds_one, &calls, NULL));
    }
    OK(tb_promise_resolve(promise, thing(0), thing_destroy));
    tb_promise_drop(&promise);
    CHECK_EQ(calls, DEEP);
    expect_number(&task, DEEP);
}

typedef struct countdown {
    long left;
    tb_context *worker;
} countdown;

static void counts_down(void *data, tb_reply *reply)
{
    countdown *countdown = data;
    tb_task *next = NULL;
    if (--countdown->left == 0) {
        OK(tb_reply_resolve(reply, thing(77), thing_destroy));
        return;
    }
    OK(tb_run(countdown->worker, counts_down, data, NULL, &next));
    OK(tb_reply_task(reply, &next));
}

static void recursion_through_tasks(void)
{
    countdown countdown = {DEEP, NULL};
    tb_task *task = NULL;
    host host;
    tb_processor processor;
    host_init(&host);
    processor = host_processor(&host);
    OK(tb_worker_create(&processor, &countdown.worker));
    OK(tb_run(countdown.worker, counts_down, &countdown, NULL, &task));
    CHECK_EQ(host_run(&host), DEEP);
    expect_number(&task, 77);
    tb_context_drop(&countdown.worker);
    CHECK_EQ(host.destroyed, 1);
    host_free(&host);
}

const check_test verb_tests[] = {
    {"each verb after a value", each_verb_after_a_value},
    {"each verb after an error", each_verb_after_an_error},
    {"attached before it settles", attached_before_it_settles},
    {"nothing to destroy", nothing_to_destroy},
    {"silence abandons", silence_abandons},
    {"a reply can reject", a_reply_can_reject},
    {"one reply is enough", one_reply_is_enough},
    {"a failed reply can be made good", a_failed_reply_can_be_made_good},
    {"tasks are unwrapped", tasks_are_unwrapped},
    {"failing keeps closure and task", failing_keeps_closure_and_task},
    {"a long chain takes no stack", a_long_chain_takes_no_stack},
    {"recursion through tasks", recursion_through_tasks},
    {NULL, NULL},
};
