/*
 * A host without threads and without Rust's std: it gives the library its memory, polls a queue of its own, and wants all of
 * the memory back in the end.
 */
#include "threadbare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t blocks;

void *tb_host_alloc(size_t size, size_t align) {
    blocks++;
    return aligned_alloc(align, (size + align - 1) / align * align);
}

void tb_host_free(void *pointer, size_t size, size_t align) {
    (void)size;
    (void)align;
    blocks--;
    free(pointer);
}

void tb_host_abort(const char *message) {
    printf("aborted: %s\n", message);
    exit(3);
}

#define EXPECT(condition)                                                      \
    do {                                                                       \
        if (!(condition)) {                                                    \
            printf("WRONG, line %d: %s (%s)\n", __LINE__, #condition, tb_last_error()); \
            exit(1);                                                           \
        }                                                                      \
    } while (0)

/* The host's job system: a few places, filled by start_task, emptied by poll. */
static tb_runnable *jobs[8];
static size_t queued;
static int released, destroyed;

static void start_task(void *data, tb_runnable *runnable) {
    (void)data;
    if (queued == 8) {
        tb_runnable_drop(&runnable);
    } else {
        jobs[queued++] = runnable;
    }
}

static void on_release(void *data) {
    (void)data;
    released++;
    while (queued > 0) {
        tb_runnable_drop(&jobs[--queued]);
    }
}

static void on_destroy(void *data) {
    (void)data;
    destroyed++;
}

static size_t poll(void) {
    size_t ran = 0;
    while (queued > 0) {
        tb_runnable *next = jobs[0];
        memmove(jobs, jobs + 1, --queued * sizeof jobs[0]);
        EXPECT(tb_runnable_run(&next) == TB_OK);
        ran++;
    }
    return ran;
}

static bool help(void *data) {
    (void)data;
    return poll() > 0;
}

static tb_outlook outlook(void *data) {
    (void)data;
    return queued > 0 ? TB_OUTLOOK_WORK : TB_OUTLOOK_NEVER;
}

static int number = 40;

static void fetch(void *data, tb_reply *reply) {
    EXPECT(tb_reply_resolve(reply, data, NULL) == TB_OK);
}

static void add(void *data, void *value, tb_reply *reply) {
    *(int *)value += (int)(size_t)data;
    EXPECT(tb_reply_resolve(reply, value, NULL) == TB_OK);
}

int main(void) {
    tb_processor host = {.size = sizeof host, .start_task = start_task, .run_one = help, .before_park = outlook,
                         .release = on_release, .destroy = on_destroy};
    tb_system *system;
    tb_main_thread *here, *second;
    EXPECT(tb_system_create(&host, &system) == TB_OK);
    EXPECT(tb_main_enter(system, &here) == TB_OK);
    EXPECT(tb_main_enter(system, &second) == TB_WRONG_THREAD && second == NULL);

    /* To the worker, and on to the main thread. */
    tb_task *task;
    void *value = NULL;
    EXPECT(tb_run(tb_system_worker(system), fetch, &number, NULL, &task) == TB_OK);
    EXPECT(tb_and_then(&task, tb_system_main(system), add, (void *)1, NULL) == TB_OK);
    EXPECT(tb_and_then(&task, tb_main_thread_context(here), add, (void *)1, NULL) == TB_OK);
    EXPECT(tb_task_wait(&task, &value, NULL) == TB_UNSUPPORTED && task != NULL);
    size_t ran;
    EXPECT(poll() == 1 && tb_dispatch(here, &ran) == TB_OK && ran == 1);
    EXPECT(tb_task_take(&task, &value, NULL) == TB_OK && *(int *)value == 42);

    /* A wait does both, and knows when it is in vain. */
    EXPECT(tb_run(tb_system_worker(system), fetch, &number, NULL, &task) == TB_OK);
    EXPECT(tb_and_then(&task, tb_main_thread_context(here), add, (void *)1, NULL) == TB_OK);
    EXPECT(tb_main_thread_wait(here, &task, &value, NULL) == TB_OK && *(int *)value == 43);
    tb_promise *promise;
    tb_error *error;
    EXPECT(tb_promise_create(&promise, &task) == TB_OK);
    EXPECT(tb_main_thread_wait(here, &task, &value, &error) == TB_REJECTED);
    EXPECT(tb_error_get_kind(error) == TB_ERROR_DEADLOCK);
    tb_error_drop(&error);
    tb_promise_drop(&promise);

    /* What needs a thread or a clock is not there. */
    EXPECT(tb_dispatch_for(here, 1, &ran) == TB_UNSUPPORTED);
    EXPECT(tb_worker_serve(tb_system_worker(system), on_destroy, NULL) == TB_UNSUPPORTED);
    tb_thread *thread;
    EXPECT(tb_thread_current(&thread) == TB_UNSUPPORTED && thread == NULL);

    /* What is left in a queue is rejected, and everything is given back. */
    EXPECT(tb_run(tb_system_worker(system), fetch, &number, NULL, &task) == TB_OK);
    tb_main_thread_drop(&here);
    tb_system_drop(&system);
    EXPECT(tb_task_take(&task, &value, &error) == TB_REJECTED && tb_error_get_kind(error) == TB_ERROR_CLOSED);
    tb_error_drop(&error);
    EXPECT(released == 1 && destroyed == 1);
    printf("%zu blocks left\n", blocks);
    EXPECT(blocks == 0);

    puts("ok");
    return 0;
}
