/* Clocks: delays and limits. */
#include "check.h"

static const uint64_t HOUR = 3600000000000u, MILLISECOND = 1000000u;

static tb_clock *clock_of(void)
{
    tb_clock *clock = NULL;
    OK(tb_clock_create(&clock));
    CHECK(clock != NULL);
    return clock;
}

static void expect_over(tb_task **task)
{
    void *value = task;
    tb_error *error = NULL;
    OK(tb_task_wait(task, &value, &error));
    CHECK(*task == NULL && value == NULL && error == NULL);
}

static void expect_wait_fails(tb_task **task, tb_error_kind kind)
{
    void *value = task;
    tb_error *error = NULL;
    GIVES(TB_REJECTED, tb_task_wait(task, &value, &error));
    CHECK(*task == NULL && value == NULL);
    expect_error(&error, kind);
}

static void delays(void)
{
    tb_clock *clock = clock_of();
    tb_task *later = NULL, *earlier = NULL;
    uint64_t start = tb_clock_now(clock);
    OK(tb_delay(clock, 2 * MILLISECOND, &later));
    expect_over(&later);
    CHECK(tb_clock_now(clock) >= start + 2 * MILLISECOND);
    start = tb_clock_now(clock);
    OK(tb_delay_until(clock, start + 4 * MILLISECOND, &later));
    OK(tb_delay_until(clock, start + 2 * MILLISECOND, &earlier));
    expect_over(&later);
    CHECK(tb_clock_now(clock) >= start + 4 * MILLISECOND);
    CHECK(tb_task_is_settled(earlier));
    expect_over(&earlier);
    OK(tb_delay_until(clock, tb_clock_now(clock) + MILLISECOND, &earlier));
    OK(tb_delay(clock, 2 * MILLISECOND, &later));
    expect_over(&later);
    CHECK(tb_task_is_settled(earlier));
    expect_over(&earlier);
    tb_clock_drop(&clock);
    CHECK(clock == NULL);
}

static void too_late(void)
{
    tb_clock *clock = clock_of();
    tb_promise *promise = NULL;
    tb_task *task = NULL;
    long before = things_alive();
    OK(tb_promise_create(&promise, &task));
    OK(tb_timeout(clock, MILLISECOND, &task));
    expect_wait_fails(&task, TB_ERROR_TIMED_OUT);
    OK(tb_promise_resolve(promise, thing(1), thing_destroy));
    CHECK_EQ(things_alive(), before);
    tb_promise_drop(&promise);
    tb_clock_drop(&clock);
}

static void in_time(void)
{
    tb_clock *clock = clock_of();
    tb_promise *promise = NULL;
    tb_task *task = NULL;
    note note = {0};
    OK(tb_promise_create(&promise, &task));
    OK(tb_timeout(clock, HOUR, &task));
    OK(tb_and_then(&task, tb_immediate(), note_adds_one, &note, note_destroy));
    CHECK(!tb_task_is_settled(task));
    OK(tb_promise_resolve(promise, thing(1), thing_destroy));
    expect_number(&task, 2);
    CHECK(pthread_equal(note.called_on, pthread_self()));
    note_expect(&note, 1, 1);
    tb_promise_drop(&promise);
    tb_clock_drop(&clock);
}

enum { RACES = 200 };

static void *resolves(void *data)
{
    tb_promise **promises = data;
    int index;
    for (index = 0; index < RACES; index++) {
        OK(tb_promise_resolve(promises[index], thing(index), thing_destroy));
    }
    return NULL;
}

/* Two threads settle the same tasks: whoever is first, no value is lost or there twice. */
static void just_in_time(void)
{
    tb_clock *clock = clock_of();
    tb_promise *promises[RACES];
    tb_task *tasks[RACES];
    pthread_t thread;
    int index;
    for (index = 0; index < RACES; index++) {
        OK(tb_promise_create(&promises[index], &tasks[index]));
        OK(tb_timeout(clock, (uint64_t)index * 1000, &tasks[index]));
    }
    CHECK_EQ(pthread_create(&thread, NULL, resolves, promises), 0);
    for (index = 0; index < RACES; index++) {
        void *value = NULL;
        tb_error *error = NULL;
        if (tb_task_wait(&tasks[index], &value, &error) == TB_OK) {
            CHECK_EQ(thing_take(value), index);
        } else {
            expect_error(&error, TB_ERROR_TIMED_OUT);
        }
    }
    CHECK_EQ(pthread_join(thread, NULL), 0);
    for (index = 0; index < RACES; index++) {
        tb_promise_drop(&promises[index]);
    }
    tb_clock_drop(&clock);
}

/* The last handle goes inside of what a delay settles, most likely on the clock's own thread. */
static void drops_the_clock(void *data, void *value, tb_reply *reply)
{
    tb_clock *clock = data;
    CHECK(value == NULL);
    tb_clock_drop(&clock);
    OK(tb_reply_resolve(reply, thing(6), thing_destroy));
}

static void the_end_of_a_clock(void)
{
    tb_clock *clock = clock_of(), *again = NULL;
    tb_task *pending = NULL, *late = NULL, *limited = NULL;
    tb_promise *promise = NULL;
    void *value = NULL;
    tb_error *error = NULL;
    OK(tb_clock_clone(clock, &again));
    tb_clock_drop(&clock);
    OK(tb_promise_create(&promise, &limited));
    OK(tb_delay(again, HOUR, &pending));
    OK(tb_timeout(again, HOUR, &limited));
    CHECK(!tb_task_is_settled(pending));
    OK(tb_clock_close(again));
    OK(tb_clock_close(again));
    expect_rejected(&pending, TB_ERROR_CLOSED);
    expect_rejected(&limited, TB_ERROR_CLOSED);
    OK(tb_delay(again, 1, &late));
    expect_rejected(&late, TB_ERROR_CLOSED);
    tb_promise_drop(&promise);
    tb_clock_drop(&again);

    clock = clock_of();
    OK(tb_delay(clock, MILLISECOND, &pending));
    OK(tb_and_then(&pending, tb_immediate(), drops_the_clock, clock, NULL));
    OK(tb_task_wait(&pending, &value, &error));
    CHECK_EQ(thing_take(value), 6);
}

static void without_a_clock(void)
{
    tb_clock *clock = clock_of(), *none = NULL;
    tb_task *task = NULL;
    GIVES(TB_NULL, tb_clock_create(NULL));
    GIVES(TB_NULL, tb_clock_clone(NULL, &none));
    GIVES(TB_NULL, tb_clock_clone(clock, NULL));
    GIVES(TB_NULL, tb_clock_close(NULL));
    GIVES(TB_NULL, tb_delay(NULL, 1, &task));
    GIVES(TB_NULL, tb_delay(clock, 1, NULL));
    GIVES(TB_NULL, tb_delay_until(NULL, 1, &task));
    GIVES(TB_NULL, tb_timeout(clock, 1, &task));
    GIVES(TB_NULL, tb_timeout(clock, 1, NULL));
    OK(tb_task_resolved(thing(2), thing_destroy, &task));
    GIVES(TB_NULL, tb_timeout(NULL, 1, &task));
    expect_number(&task, 2);
    CHECK_EQ(tb_clock_now(NULL), 0);
    tb_clock_drop(NULL);
    tb_clock_drop(&none);
    tb_clock_drop(&clock);
}

const check_test timer_tests[] = {
    {"delays", delays},
    {"too late", too_late},
    {"in time", in_time},
    {"just in time", just_in_time},
    {"the end of a clock", the_end_of_a_clock},
    {"without a clock", without_a_clock},
    {NULL, NULL},
};
