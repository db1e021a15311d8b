#include "check.h"

static tb_task *resolved(long number)
{
    tb_task *task = NULL;
    OK(tb_task_resolved(thing(number), thing_destroy, &task));
    return task;
}

static tb_task *rejected(tb_error_kind kind)
{
    tb_task *task = NULL;
    tb_error *error = NULL;
    OK(tb_error_create(kind, "no", &error));
    OK(tb_task_rejected(&error, &task));
    return task;
}

static tb_values *take_values(tb_task **task)
{
    void *values = NULL;
    tb_error *error = NULL;
    OK(tb_task_take(task, &values, &error));
    CHECK(values != NULL);
    return values;
}

static void all_keeps_the_order(void)
{
    tb_task *tasks[3], *task = NULL;
    tb_promise *promises[3];
    tb_values *values;
    int index;
    for (index = 0; index < 3; index++) {
        OK(tb_promise_create(&promises[index], &tasks[index]));
    }
    OK(tb_all(tasks, 3, &task));
    for (index = 2; index >= 0; index--) {
        CHECK(tasks[index] == NULL);
        CHECK(!tb_task_is_settled(task));
        OK(tb_promise_resolve(promises[index], thing(index), thing_destroy));
        tb_promise_drop(&promises[index]);
    }
    values = take_values(&task);
    CHECK_EQ(tb_values_count(values), 3);
    CHECK_EQ(thing_take(tb_values_take(values, 1)), 1);
    CHECK(tb_values_take(values, 1) == NULL);
    CHECK(tb_values_take(values, 3) == NULL);
    CHECK_EQ(tb_values_count(values), 3);
    CHECK_EQ(things_alive(), 2);
    tb_values_drop(&values);
    CHECK(values == NULL);
    CHECK_EQ(things_alive(), 0);
    CHECK_EQ(tb_values_count(NULL), 0);
    CHECK(tb_values_take(NULL, 0) == NULL);
    tb_values_drop(&values);
    tb_values_drop(NULL);
}

static void the_first_error_by_position(void)
{
    tb_task *tasks[4], *task = NULL;
    tb_promise *promise = NULL;
    tasks[0] = resolved(1);
    OK(tb_promise_create(&promise, &tasks[1]));
    tasks[2] = rejected(TB_ERROR_CANCELED);
    tasks[3] = resolved(2);
    OK(tb_all(tasks, 4, &task));
    OK(tb_promise_resolve(promise, thing(3), thing_destroy));
    tb_promise_drop(&promise);
    expect_rejected(&task, TB_ERROR_CANCELED);
    CHECK_EQ(things_alive(), 0);
}

static void nobody_takes_the_values(void)
{
    tb_task *tasks[2], *task = NULL;
    tasks[0] = resolved(1);
    tasks[1] = resolved(2);
    OK(tb_all(tasks, 2, &task));
    tb_task_drop(&task);
    CHECK_EQ(things_alive(), 0);
}

static void none_at_all(void)
{
    tb_task *task = NULL;
    tb_values *values;
    OK(tb_all(NULL, 0, &task));
    values = take_values(&task);
    CHECK_EQ(tb_values_count(values), 0);
    tb_values_drop(&values);
    OK(tb_race(NULL, 0, &task));
    CHECK(tb_task_is_settled(task));
    GIVES(TB_REJECTED, tb_task_take(&task, NULL, NULL));
    OK(tb_any(NULL, 0, &task));
    CHECK(tb_task_is_settled(task));
    GIVES(TB_REJECTED, tb_task_take(&task, NULL, NULL));
}

static void race_and_any(void)
{
    tb_task *tasks[3], *task = NULL;
    tb_promise *promises[3];
    int index;
    for (index = 0; index < 3; index++) {
        OK(tb_promise_create(&promises[index], &tasks[index]));
    }
    OK(tb_race(tasks, 3, &task));
    tb_promise_drop(&promises[1]);
    CHECK(tb_task_is_settled(task));
    OK(tb_promise_resolve(promises[0], thing(4), thing_destroy));
    expect_rejected(&task, TB_ERROR_ABANDONED);
    tb_promise_drop(&promises[0]);
    tb_promise_drop(&promises[2]);

    for (index = 0; index < 3; index++) {
        OK(tb_promise_create(&promises[index], &tasks[index]));
    }
    OK(tb_any(tasks, 3, &task));
    tb_promise_drop(&promises[1]);
    CHECK(!tb_task_is_settled(task));
    OK(tb_promise_resolve(promises[2], thing(4), thing_destroy));
    OK(tb_promise_resolve(promises[0], thing(5), thing_destroy));
    expect_number(&task, 4);
    tb_promise_drop(&promises[0]);
    tb_promise_drop(&promises[2]);

    tasks[0] = rejected(TB_ERROR_FULL);
    tasks[1] = rejected(TB_ERROR_CANCELED);
    OK(tb_any(tasks, 2, &task));
    CHECK(tb_task_is_settled(task));
    GIVES(TB_REJECTED, tb_task_take(&task, NULL, NULL));
}

typedef tb_status (*combinator)(tb_task **tasks, size_t count, tb_task **out);

static void a_hole_leaves_all_in_place(void)
{
    static const combinator each[] = {tb_all, tb_race, tb_any};
    tb_task *tasks[3], *task = NULL;
    size_t which;
    tasks[0] = resolved(1);
    tasks[1] = NULL;
    tasks[2] = resolved(3);
    for (which = 0; which < 3; which++) {
        GIVES(TB_NULL, each[which](tasks, 3, &task));
        GIVES(TB_NULL, each[which](NULL, 3, &task));
        GIVES(TB_NULL, each[which](tasks, 1, NULL));
        CHECK(task == NULL && tasks[0] != NULL && tasks[2] != NULL);
    }
    expect_number(&tasks[0], 1);
    expect_number(&tasks[2], 3);
}

/* ---- One into many */

static void forks_get_clones(void)
{
    tb_promise *promise = NULL;
    tb_task *task = NULL, *early = NULL, *late = NULL, *dropped = NULL;
    tb_shared *shared = NULL, *clone = NULL;
    OK(tb_promise_create(&promise, &task));
    OK(tb_task_share(&task, thing_clone, &shared));
    CHECK(task == NULL);
    OK(tb_shared_fork(shared, &early));
    OK(tb_shared_fork(shared, &dropped));
    OK(tb_shared_clone(shared, &clone));
    tb_shared_drop(&shared);
    CHECK(shared == NULL);
    tb_task_drop(&dropped);
    CHECK(!tb_shared_is_settled(clone));
    OK(tb_promise_resolve(promise, thing(6), thing_destroy));
    tb_promise_drop(&promise);
    CHECK(tb_shared_is_settled(clone));
    OK(tb_shared_fork(clone, &late));
    tb_shared_drop(&clone);
    expect_number(&early, 6);
    expect_number(&late, 6);
    CHECK_EQ(things_alive(), 0);
}

static void peeking(void)
{
    tb_promise *promise = NULL;
    tb_task *task = NULL;
    tb_shared *shared = NULL;
    void *value = &value;
    tb_error *error = NULL;
    OK(tb_promise_create(&promise, &task));
    OK(tb_task_share(&task, thing_clone, &shared));
    GIVES(TB_PENDING, tb_shared_peek(shared, &value, &error));
    CHECK(value == NULL && error == NULL);
    OK(tb_promise_resolve(promise, thing(6), thing_destroy));
    tb_promise_drop(&promise);
    OK(tb_shared_peek(shared, &value, &error));
    CHECK_EQ(thing_take(value), 6);
    OK(tb_shared_peek(shared, &value, NULL));
    CHECK_EQ(thing_take(value), 6);
    OK(tb_shared_peek(shared, NULL, NULL));
    tb_shared_drop(&shared);
    CHECK_EQ(things_alive(), 0);
    error = NULL;
    GIVES(TB_NULL, tb_shared_peek(NULL, &value, &error));

    task = rejected(TB_ERROR_CANCELED);
    OK(tb_task_share(&task, thing_clone, &shared));
    GIVES(TB_REJECTED, tb_shared_peek(shared, &value, &error));
    CHECK(value == NULL);
    expect_error(&error, TB_ERROR_CANCELED);
    tb_shared_drop(&shared);
}

static const char tag;

static void forks_share_the_error(void)
{
    tb_error *error = NULL, *one = NULL, *other = NULL;
    tb_task *task = NULL, *first = NULL, *second = NULL;
    tb_shared *shared = NULL;
    OK(tb_error_create_with(TB_ERROR_OTHER, "shared", &tag, thing(1), thing_destroy, &error));
    OK(tb_task_rejected(&error, &task));
    OK(tb_task_share(&task, thing_clone, &shared));
    OK(tb_shared_fork(shared, &first));
    OK(tb_shared_fork(shared, &second));
    tb_shared_drop(&shared);
    GIVES(TB_REJECTED, tb_task_take(&first, NULL, &one));
    GIVES(TB_REJECTED, tb_task_take(&second, NULL, &other));
    CHECK(tb_error_payload(one, &tag) != NULL);
    CHECK(tb_error_payload(one, &tag) == tb_error_payload(other, &tag));
    tb_error_drop(&one);
    CHECK_EQ(things_alive(), 1);
    tb_error_drop(&other);
}

static void sharing_wrongly(void)
{
    tb_task *task = resolved(2), *fork = NULL;
    tb_shared *shared = NULL, *none = NULL;
    GIVES(TB_NULL, tb_task_share(&task, NULL, &shared));
    GIVES(TB_NULL, tb_task_share(&task, thing_clone, NULL));
    GIVES(TB_NULL, tb_task_share(NULL, thing_clone, &shared));
    GIVES(TB_NULL, tb_shared_fork(NULL, &fork));
    GIVES(TB_NULL, tb_shared_clone(NULL, &shared));
    CHECK(!tb_shared_is_settled(NULL));
    CHECK(shared == NULL && fork == NULL);
    OK(tb_task_share(&task, thing_clone, &shared));
    GIVES(TB_NULL, tb_task_share(&task, thing_clone, &none));
    CHECK(none == NULL);
    tb_shared_drop(&shared);
    tb_shared_drop(NULL);
}

const check_test combine_tests[] = {
    {"all keeps the order", all_keeps_the_order},
    {"the first error by position", the_first_error_by_position},
    {"nobody takes the values", nobody_takes_the_values},
    {"none at all", none_at_all},
    {"race and any", race_and_any},
    {"a hole leaves all in place", a_hole_leaves_all_in_place},
    {"forks get clones", forks_get_clones},
    {"peeking", peeking},
    {"forks share the error", forks_share_the_error},
    {"sharing wrongly", sharing_wrongly},
    {NULL, NULL},
};
