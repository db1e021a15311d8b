/* Threads that the host lends to a pool, or makes for it. */
#include "check.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static tb_pool *pool_of(size_t threads, size_t guests)
{
    tb_pool_options options;
    tb_pool *pool = NULL;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.threads = threads;
    options.guests = guests;
    OK(tb_pool_create(&options, &pool));
    return pool;
}

static long wait_for(tb_task **task)
{
    void *value = NULL;
    tb_error *error = NULL;
    OK(tb_task_wait(task, &value, &error));
    CHECK(*task == NULL && error == NULL);
    return thing_take(value);
}

/* ---- Lent */

/* Settles the promise in the note; answers nothing. */
static void settles(void *data, tb_reply *reply)
{
    note *note = data;
    note->called++;
    note->called_on = pthread_self();
    OK(tb_promise_resolve(note->promise, thing(note->number), thing_destroy));
    OK(tb_reply_resolve(reply, NULL, NULL));
}

static void lent_until_stop(void)
{
    tb_pool *pool = pool_of(TB_NONE, 1);
    tb_task *stop = NULL, *work = NULL, *last = NULL;
    note one = {0}, two = {0};
    void *value = NULL;
    tb_error *error = NULL;
    two.number = 7;
    OK(tb_promise_create(&two.promise, &stop));
    OK(tb_run(tb_pool_worker(pool), note_run, &one, note_destroy, &work));
    OK(tb_run(tb_pool_worker(pool), settles, &two, note_destroy, &last));
    OK(tb_pool_attach_until(pool, &stop, &value, &error));
    CHECK(stop == NULL && error == NULL);
    CHECK_EQ(thing_take(value), 7);
    CHECK(pthread_equal(one.called_on, pthread_self()) && pthread_equal(one.destroyed_on, pthread_self()));
    expect_number(&work, 0);
    tb_task_drop(&last);
    tb_promise_drop(&two.promise);

    OK(tb_promise_create(&two.promise, &stop));
    tb_promise_drop(&two.promise);
    GIVES(TB_REJECTED, tb_pool_attach_until(pool, &stop, &value, &error));
    CHECK(stop == NULL && value == NULL);
    expect_error(&error, TB_ERROR_ABANDONED);
    tb_pool_drop(&pool);
}

typedef struct guest {
    tb_pool *pool;
    tb_task *stop;
    pthread_t thread;
} guest;

static void *is_guest(void *data)
{
    guest *guest = data;
    void *value = NULL;
    tb_error *error = NULL;
    OK(tb_pool_attach_until(guest->pool, &guest->stop, &value, &error));
    CHECK_EQ(thing_take(value), 3);
    return NULL;
}

enum { GUESTS = 3, WORK = 300 };

/* Several at a time do all the work of a pool that has no threads, and go home when they are told. */
static void many_guests(void)
{
    static note notes[WORK];
    tb_pool *pool = pool_of(TB_NONE, GUESTS);
    tb_promise *promises[GUESTS];
    tb_task *tasks[WORK];
    guest guests[GUESTS];
    int index;
    memset(notes, 0, sizeof notes);
    for (index = 0; index < GUESTS; index++) {
        guests[index].pool = pool;
        OK(tb_promise_create(&promises[index], &guests[index].stop));
        CHECK_EQ(pthread_create(&guests[index].thread, NULL, is_guest, &guests[index]), 0);
    }
    for (index = 0; index < WORK; index++) {
        notes[index].number = index;
        OK(tb_run(tb_pool_worker(pool), note_run, &notes[index], note_destroy, &tasks[index]));
    }
    for (index = 0; index < WORK; index++) {
        CHECK_EQ(wait_for(&tasks[index]), index);
        CHECK(!pthread_equal(notes[index].called_on, pthread_self()));
    }
    for (index = 0; index < GUESTS; index++) {
        OK(tb_promise_resolve(promises[index], thing(3), thing_destroy));
        CHECK_EQ(pthread_join(guests[index].thread, NULL), 0);
        tb_promise_drop(&promises[index]);
        note_expect(&notes[index], 1, 1);
    }
    tb_pool_drop(&pool);
}

static bool up_to(void *data)
{
    return (*(int *)data)-- > 0;
}

static void lent_for_a_while(void)
{
    tb_pool *pool = pool_of(TB_NONE, 1);
    tb_task *tasks[3];
    note notes[3];
    size_t ran = 99;
    int index, most = 2;
    memset(notes, 0, sizeof notes);
    for (index = 0; index < 3; index++) {
        OK(tb_run(tb_pool_worker(pool), note_run, &notes[index], note_destroy, &tasks[index]));
    }
    OK(tb_pool_attach_while(pool, up_to, &most, &ran));
    CHECK_EQ(ran, 2);
    expect_number(&tasks[0], 0);
    expect_number(&tasks[1], 0);
    CHECK(!tb_task_is_settled(tasks[2]));
    most = 100;
    OK(tb_pool_attach_while(pool, up_to, &most, NULL));
    CHECK_EQ(most, 98);
    expect_number(&tasks[2], 0);
    GIVES(TB_NULL, tb_pool_attach_while(pool, NULL, NULL, &ran));
    GIVES(TB_NULL, tb_pool_attach_while(NULL, up_to, &most, &ran));
    CHECK_EQ(ran, 0);
    tb_pool_drop(&pool);
}

static void not_taken(void)
{
    tb_pool *pool = pool_of(1, 0);
    tb_task *stop = NULL;
    void *value = &value;
    tb_error *error = NULL;
    size_t ran = 99;
    int most = 1;
    OK(tb_task_resolved(thing(4), thing_destroy, &stop));
    GIVES(TB_FULL, tb_pool_attach_until(pool, &stop, &value, &error));
    CHECK(stop != NULL && value == NULL && error == NULL);
    GIVES(TB_FULL, tb_pool_attach_while(pool, up_to, &most, &ran));
    CHECK_EQ(ran, 0);
    CHECK_EQ(most, 1);
    expect_number(&stop, 4);
    tb_pool_drop(&pool);

    pool = pool_of(TB_NONE, 1);
    OK(tb_pool_close(pool));
    {
        tb_promise *promise = NULL;
        OK(tb_promise_create(&promise, &stop));
        GIVES(TB_CLOSED, tb_pool_attach_until(pool, &stop, &value, &error));
        CHECK(stop != NULL && value == NULL && error == NULL);
        OK(tb_promise_resolve(promise, thing(5), thing_destroy));
        expect_number(&stop, 5);
        tb_promise_drop(&promise);
    }
    OK(tb_pool_attach_while(pool, up_to, &most, &ran));
    CHECK_EQ(ran, 0);
    GIVES(TB_NULL, tb_pool_attach_until(pool, NULL, NULL, NULL));
    GIVES(TB_NULL, tb_pool_attach_until(NULL, &stop, NULL, NULL));
    tb_pool_drop(&pool);
}

/* ---- Made */

typedef struct host_threads {
    pthread_t threads[4];
    size_t asked, made, refuses, drops;
    int destroyed;
} host_threads;

static void *is_pool_thread(void *data)
{
    tb_pool_thread *thread = data;
    OK(tb_pool_thread_run(&thread));
    CHECK(thread == NULL);
    return NULL;
}

static tb_status spawn(void *data, tb_pool_thread *thread)
{
    host_threads *host = data;
    char name[16];
    CHECK_EQ(tb_pool_thread_index(thread), host->asked);
    snprintf(name, sizeof name, "job-%d", (int)host->asked);
    CHECK(strcmp(tb_pool_thread_name(thread), name) == 0);
    CHECK_EQ(tb_pool_thread_stack_size(thread), 1 << 18);
    host->asked++;
    if (host->asked == host->refuses) {
        return TB_SYSTEM;
    }
    if (host->asked == host->drops) {
        tb_pool_thread_drop(&thread);
        CHECK(thread == NULL);
        return TB_OK;
    }
    CHECK_EQ(pthread_create(&host->threads[host->made++], NULL, is_pool_thread, thread), 0);
    return TB_OK;
}

static void spawn_ends(void *data)
{
    ((host_threads *)data)->destroyed++;
}

static tb_pool_options made_by(host_threads *host, size_t threads)
{
    tb_pool_options options;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.threads = threads;
    options.name = "job";
    options.stack_size = 1 << 18;
    options.spawn = spawn;
    options.spawn_data = host;
    options.spawn_destroy = spawn_ends;
    return options;
}

static void join(host_threads *host)
{
    size_t index;
    for (index = 0; index < host->made; index++) {
        CHECK_EQ(pthread_join(host->threads[index], NULL), 0);
    }
}

static void threads_of_the_hosts(void)
{
    host_threads host = {0};
    tb_pool_options options = made_by(&host, 3);
    tb_pool *pool = NULL;
    tb_task *tasks[50];
    note notes[50];
    int index;
    memset(notes, 0, sizeof notes);
    host.drops = 2;
    OK(tb_pool_create(&options, &pool));
    CHECK_EQ(host.destroyed, 1);
    CHECK_EQ(host.made, 2);
    for (index = 0; index < 50; index++) {
        OK(tb_run(tb_pool_worker(pool), note_run, &notes[index], note_destroy, &tasks[index]));
    }
    OK(tb_pool_close(pool));
    for (index = 0; index < 50; index++) {
        expect_number(&tasks[index], 0);
        CHECK(pthread_equal(notes[index].called_on, host.threads[0]) ||
              pthread_equal(notes[index].called_on, host.threads[1]));
    }
    tb_pool_drop(&pool);
    join(&host);
}

static void a_host_that_refuses(void)
{
    host_threads host = {0};
    tb_pool_options options = made_by(&host, 3);
    tb_pool *pool = NULL;
    host.refuses = 2;
    GIVES(TB_SYSTEM, tb_pool_create(&options, &pool));
    CHECK(pool == NULL);
    CHECK_EQ(host.asked, 2);
    CHECK_EQ(host.destroyed, 0);
    join(&host);
}

/* ---- Options */

/* As a host has them that was compiled against an older header. */
static void options_of_old(void)
{
    tb_pool_options options;
    tb_pool *pool = NULL;
    tb_task *task = NULL;
    note note = {0};
    size_t ran = 99;
    int most = 1;
    memset(&options, 0xff, sizeof options);
    options.size = offsetof(tb_pool_options, guests);
    options.threads = 1;
    options.name = NULL;
    options.stack_size = 0;
    options.on_start = NULL;
    options.on_stop = NULL;
    OK(tb_pool_create(&options, &pool));
    GIVES(TB_FULL, tb_pool_attach_while(pool, up_to, &most, &ran));
    OK(tb_run(tb_pool_worker(pool), note_run, &note, note_destroy, &task));
    CHECK_EQ(wait_for(&task), 0);
    tb_pool_drop(&pool);
    options.size = sizeof options;
    options.threads = TB_NONE;
    options.guests = 0;
    options.spawn = NULL;
    GIVES(TB_INVALID, tb_pool_create(&options, &pool));
}

static void notes_thread(void *data, size_t index)
{
    CHECK_EQ(index, 0);
    *(pthread_t *)data = pthread_self();
}

/* A thread that may spin for an hour does: its time goes by, though there is nothing to do. */
static void spinning(void)
{
    tb_pool_options options;
    tb_pool *pool = NULL;
    tb_task *task = NULL;
    pthread_t thread;
    clockid_t clock;
    struct timespec start, now;
    note note = {0};
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.threads = 1;
    options.on_start = notes_thread;
    options.data = &thread;
    options.spin_nanos = sizeof(size_t) > 4 ? (size_t)3600 * 1000 * 1000 * 1000 : (size_t)4000 * 1000 * 1000;
    OK(tb_pool_create(&options, &pool));
    OK(tb_run(tb_pool_worker(pool), note_run, &note, note_destroy, &task));
    CHECK_EQ(wait_for(&task), 0);
    CHECK_EQ(pthread_getcpuclockid(thread, &clock), 0);
    CHECK_EQ(clock_gettime(clock, &start), 0);
    do {
        CHECK_EQ(clock_gettime(clock, &now), 0);
    } while ((now.tv_sec - start.tv_sec) * 1000000000LL + (now.tv_nsec - start.tv_nsec) < 5000000);
    tb_pool_drop(&pool);
}

const check_test guest_tests[] = {
    {"lent until stop has settled", lent_until_stop},
    {"many guests", many_guests},
    {"lent for a while", lent_for_a_while},
    {"not taken", not_taken},
    {"threads of the host's", threads_of_the_hosts},
    {"a host that refuses", a_host_that_refuses},
    {"options of old", options_of_old},
    {"spinning", spinning},
    {NULL, NULL},
};
