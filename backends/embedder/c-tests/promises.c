#include "check.h"

#include <string.h>

static void a_value_goes_through(void)
{
    tb_promise *promise = NULL;
    tb_task *task = NULL;
    OK(tb_promise_create(&promise, &task));
    CHECK(promise != NULL && task != NULL);
    CHECK(!tb_task_is_settled(task));
    OK(tb_promise_resolve(promise, thing(5), thing_destroy));
    tb_promise_drop(&promise);
    CHECK(promise == NULL);
    expect_number(&task, 5);
    tb_promise_drop(&promise);
    tb_promise_drop(NULL);
}

static void a_value_may_be_null(void)
{
    tb_promise *promise = NULL;
    tb_task *task = NULL;
    void *value = &value;
    tb_error *error = NULL;
    OK(tb_promise_create(&promise, &task));
    OK(tb_promise_resolve(promise, NULL, NULL));
    tb_promise_drop(&promise);
    OK(tb_task_take(&task, &value, &error));
    CHECK(value == NULL && error == NULL);
    /* What has no destructor is just a pointer. */
    OK(tb_task_resolved(&promise, NULL, &task));
    tb_task_drop(&task);
}

static void the_second_time_changes_nothing(void)
{
    tb_promise *promise = NULL;
    tb_task *task = NULL;
    tb_error *error = trouble("late");
    void *late = thing(6);
    OK(tb_promise_create(&promise, &task));
    OK(tb_promise_resolve(promise, thing(5), thing_destroy));
    GIVES(TB_SETTLED, tb_promise_resolve(promise, late, thing_destroy));
    GIVES(TB_SETTLED, tb_promise_reject(promise, &error));
    CHECK_EQ(thing_take(late), 6);
    CHECK(error != NULL);
    tb_promise_drop(&promise);
    expect_number(&task, 5);

    OK(tb_promise_create(&promise, &task));
    OK(tb_promise_reject(promise, &error));
    CHECK(error == NULL);
    GIVES(TB_NULL, tb_promise_reject(promise, &error));
    late = thing(7);
    GIVES(TB_SETTLED, tb_promise_resolve(promise, late, thing_destroy));
    thing_destroy(late);
    tb_promise_drop(&promise);
    expect_rejected(&task, TB_ERROR_OTHER);
}

static void dropped_it_abandons(void)
{
    tb_promise *promise = NULL;
    tb_task *task = NULL;
    OK(tb_promise_create(&promise, &task));
    tb_promise_drop(&promise);
    expect_rejected(&task, TB_ERROR_ABANDONED);
}

static void nobody_wants_it(void)
{
    tb_promise *promise = NULL;
    tb_task *task = NULL;
    OK(tb_promise_create(&promise, &task));
    tb_task_drop(&task);
    CHECK(task == NULL);
    OK(tb_promise_resolve(promise, thing(1), thing_destroy));
    CHECK_EQ(things_alive(), 0);
    tb_promise_drop(&promise);
    OK(tb_task_resolved(thing(2), thing_destroy, &task));
    OK(tb_task_detach(&task));
    CHECK_EQ(things_alive(), 0);
    GIVES(TB_NULL, tb_task_detach(&task));
    tb_task_drop(&task);
    tb_task_drop(NULL);
}

static void taking_too_early(void)
{
    tb_promise *promise = NULL;
    tb_task *task = NULL;
    void *value = &value;
    tb_error *error = (tb_error *)&value;
    OK(tb_promise_create(&promise, &task));
    GIVES(TB_PENDING, tb_task_take(&task, &value, &error));
    CHECK(task != NULL && value == NULL && error == NULL);
    OK(tb_promise_resolve(promise, thing(8), thing_destroy));
    expect_number(&task, 8);
    GIVES(TB_NULL, tb_task_take(&task, &value, &error));
    tb_promise_drop(&promise);
}

static void outcomes_that_nobody_takes_are_dropped(void)
{
    tb_task *task = NULL;
    tb_error *error = NULL;
    void *value = NULL;
    GIVES(TB_NULL, tb_task_take(NULL, &value, &error));
    OK(tb_task_resolved(thing(8), thing_destroy, &task));
    OK(tb_task_take(&task, NULL, &error));
    CHECK(task == NULL && error == NULL);
    CHECK_EQ(things_alive(), 0);
    error = trouble("x");
    OK(tb_task_rejected(&error, &task));
    GIVES(TB_REJECTED, tb_task_take(&task, &value, NULL));
    CHECK(task == NULL && value == NULL);
    OK(tb_task_resolved(thing(8), thing_destroy, &task));
    OK(tb_task_wait(&task, NULL, NULL));
    CHECK(task == NULL);
    CHECK_EQ(things_alive(), 0);
}

static void null_arguments_keep_what_was_given(void)
{
    void *value = thing(4);
    tb_error *error = trouble("kept");
    tb_promise *promise = NULL;
    tb_task *task = NULL;
    GIVES(TB_NULL, tb_promise_create(NULL, &task));
    GIVES(TB_NULL, tb_promise_create(&promise, NULL));
    CHECK(promise == NULL && task == NULL);
    GIVES(TB_NULL, tb_promise_resolve(NULL, value, thing_destroy));
    GIVES(TB_NULL, tb_promise_reject(NULL, &error));
    GIVES(TB_NULL, tb_task_resolved(value, thing_destroy, NULL));
    GIVES(TB_NULL, tb_task_rejected(&error, NULL));
    GIVES(TB_NULL, tb_task_rejected(NULL, &task));
    CHECK(task == NULL && error != NULL);
    CHECK(!tb_task_is_settled(NULL));
    thing_destroy(value);
    tb_error_drop(&error);
}

/* ---- From many threads */

enum { RACERS = 4, ROUNDS = 100 };

typedef struct race {
    tb_promise *promise;
    pthread_barrier_t start;
    int won, lost;
} race;

static void *settle(void *data)
{
    race *race = data;
    void *value = thing(9);
    tb_status status;
    pthread_barrier_wait(&race->start);
    status = tb_promise_resolve(race->promise, value, thing_destroy);
    if (status == TB_OK) {
        __atomic_add_fetch(&race->won, 1, __ATOMIC_RELAXED);
    } else {
        CHECK_EQ(status, TB_SETTLED);
        __atomic_add_fetch(&race->lost, 1, __ATOMIC_RELAXED);
        thing_destroy(value);
    }
    return NULL;
}

static void one_of_many_threads_settles(void)
{
    int round, racer;
    for (round = 0; round < ROUNDS; round++) {
        race race;
        tb_task *task = NULL;
        pthread_t threads[RACERS];
        void *value = NULL;
        tb_error *error = NULL;
        memset(&race, 0, sizeof race);
        pthread_barrier_init(&race.start, NULL, RACERS);
        OK(tb_promise_create(&race.promise, &task));
        for (racer = 0; racer < RACERS; racer++) {
            CHECK_EQ(pthread_create(&threads[racer], NULL, settle, &race), 0);
        }
        OK(tb_task_wait(&task, &value, &error));
        CHECK_EQ(thing_take(value), 9);
        for (racer = 0; racer < RACERS; racer++) {
            CHECK_EQ(pthread_join(threads[racer], NULL), 0);
        }
        CHECK_EQ(race.won, 1);
        CHECK_EQ(race.lost, RACERS - 1);
        tb_promise_drop(&race.promise);
        pthread_barrier_destroy(&race.start);
    }
}

static void *reject_elsewhere(void *data)
{
    tb_error *error = trouble("from elsewhere");
    OK(tb_promise_reject(data, &error));
    return NULL;
}

static void waiting_for_an_error(void)
{
    tb_promise *promise = NULL;
    tb_task *task = NULL;
    void *value = &value;
    tb_error *error = NULL;
    char text[32];
    pthread_t thread;
    OK(tb_promise_create(&promise, &task));
    CHECK_EQ(pthread_create(&thread, NULL, reject_elsewhere, promise), 0);
    GIVES(TB_REJECTED, tb_task_wait(&task, &value, &error));
    CHECK(task == NULL && value == NULL);
    CHECK_EQ(tb_error_message(error, text, sizeof text), 14);
    CHECK(strcmp(text, "from elsewhere") == 0);
    tb_error_drop(&error);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    tb_promise_drop(&promise);
    GIVES(TB_NULL, tb_task_wait(&task, &value, &error));
}

const check_test promise_tests[] = {
    {"a value goes through", a_value_goes_through},
    {"a value may be null", a_value_may_be_null},
    {"the second time changes nothing", the_second_time_changes_nothing},
    {"dropped it abandons", dropped_it_abandons},
    {"nobody wants it", nobody_wants_it},
    {"taking too early", taking_too_early},
    {"outcomes that nobody takes are dropped", outcomes_that_nobody_takes_are_dropped},
    {"null arguments keep what was given", null_arguments_keep_what_was_given},
    {"one of many threads settles", one_of_many_threads_settles},
    {"waiting for an error", waiting_for_an_error},
    {NULL, NULL},
};
