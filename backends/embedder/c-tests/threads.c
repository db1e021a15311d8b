/* Threads that sleep in a wait, and are woken by new work. */
#include "check.h"

#include <string.h>

/* A host with one thread, which waits; `asleep` is its note of that. */
typedef struct sleeper {
    host host;
    tb_context *worker;
    tb_task *task;
    tb_thread *asleep;
    pthread_cond_t noted;
    int parked, woken;
    long number;
} sleeper;

static void start(void *data, tb_runnable *runnable)
{
    sleeper *sleeper = data;
    tb_processor processor = host_processor(&sleeper->host);
    processor.start_task(processor.data, runnable);
    pthread_mutex_lock(&sleeper->host.lock);
    if (sleeper->asleep != NULL) {
        OK(tb_thread_unpark(sleeper->asleep));
    }
    pthread_mutex_unlock(&sleeper->host.lock);
}

static bool run_one(void *data)
{
    return host_run_one(&((sleeper *)data)->host);
}

static tb_outlook before_park(void *data)
{
    sleeper *sleeper = data;
    tb_outlook outlook = TB_OUTLOOK_WORK;
    pthread_mutex_lock(&sleeper->host.lock);
    if (sleeper->host.count == 0) {
        OK(tb_thread_current(&sleeper->asleep));
        sleeper->parked++;
        pthread_cond_signal(&sleeper->noted);
        outlook = TB_OUTLOOK_SLEEP;
    }
    pthread_mutex_unlock(&sleeper->host.lock);
    return outlook;
}

static void after_park(void *data)
{
    sleeper *sleeper = data;
    pthread_mutex_lock(&sleeper->host.lock);
    sleeper->woken++;
    tb_thread_drop(&sleeper->asleep);
    CHECK(sleeper->asleep == NULL);
    pthread_mutex_unlock(&sleeper->host.lock);
}

static void waits(void *data)
{
    sleeper *sleeper = data;
    void *value = NULL;
    tb_error *error = NULL;
    OK(tb_task_wait(&sleeper->task, &value, &error));
    sleeper->number = thing_take(value);
}

static void *serves(void *data)
{
    OK(tb_worker_serve(((sleeper *)data)->worker, waits, data));
    return NULL;
}

static void settles(void *promise, tb_reply *reply)
{
    OK(tb_promise_resolve(promise, thing(7), thing_destroy));
    OK(tb_reply_resolve(reply, NULL, NULL));
}

static void new_work_wakes_a_hosts_thread(void)
{
    sleeper sleeper;
    tb_processor processor;
    tb_promise *promise = NULL;
    tb_task *settling = NULL;
    pthread_t thread;
    memset(&sleeper, 0, sizeof sleeper);
    memset(&processor, 0, sizeof processor);
    host_init(&sleeper.host);
    pthread_cond_init(&sleeper.noted, NULL);
    processor.size = sizeof processor;
    processor.data = &sleeper;
    processor.start_task = start;
    processor.run_one = run_one;
    processor.before_park = before_park;
    processor.after_park = after_park;
    OK(tb_worker_create(&processor, &sleeper.worker));
    OK(tb_promise_create(&promise, &sleeper.task));
    CHECK_EQ(pthread_create(&thread, NULL, serves, &sleeper), 0);
    pthread_mutex_lock(&sleeper.host.lock);
    while (sleeper.parked == 0) {
        pthread_cond_wait(&sleeper.noted, &sleeper.host.lock);
    }
    pthread_mutex_unlock(&sleeper.host.lock);
    /* Nobody but the sleeper can run this. */
    OK(tb_run(sleeper.worker, settles, promise, NULL, &settling));
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(sleeper.number, 7);
    CHECK(sleeper.task == NULL && tb_task_is_settled(settling));
    CHECK(sleeper.parked >= 1);
    CHECK_EQ(sleeper.parked, sleeper.woken);
    tb_promise_drop(&promise);
    tb_task_drop(&settling);
    tb_context_drop(&sleeper.worker);
    pthread_cond_destroy(&sleeper.noted);
    host_free(&sleeper.host);
}

static void handles_of_threads(void)
{
    tb_thread *here = NULL, *again = NULL;
    GIVES(TB_NULL, tb_thread_current(NULL));
    GIVES(TB_NULL, tb_thread_unpark(NULL));
    OK(tb_thread_current(&here));
    OK(tb_thread_current(&again));
    CHECK(here != NULL && again != NULL && here != again);
    OK(tb_thread_unpark(here));
    tb_thread_drop(&here);
    CHECK(here == NULL);
    tb_thread_drop(&here);
    tb_thread_drop(NULL);
    if (tb_is_checked()) {
        here = again;
        tb_thread_drop(&again);
        GIVES(TB_STALE, tb_thread_unpark(here));
    } else {
        tb_thread_drop(&again);
    }
}

const check_test thread_tests[] = {
    {"new work wakes a host's thread", new_work_wakes_a_hosts_thread},
    {"handles of threads", handles_of_threads},
    {NULL, NULL},
};
