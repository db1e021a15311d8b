/* A program on a library without std: memory is this program's, and so is the one thread there is. */
#define TB_NO_THREADS
#include <stdio.h>
#include <stdlib.h>
#include <threadbare.h>

#define CHECK(holds) check((holds), __LINE__, #holds)

static void check(int holds, int line, const char *what)
{
    if (!holds) {
        fprintf(stderr, "no_std.c:%d: does not hold: %s: %s\n", line, what, tb_last_error());
        exit(1);
    }
}

/* ---- What the library takes from its host */

static size_t blocks, bytes;

void *tb_host_alloc(size_t size, size_t align)
{
    void *pointer = aligned_alloc(align, (size + align - 1) / align * align);
    blocks += pointer != NULL;
    bytes += pointer != NULL ? size : 0;
    return pointer;
}

void tb_host_free(void *pointer, size_t size, size_t align)
{
    (void)align;
    blocks--;
    bytes -= size;
    free(pointer);
}

void tb_host_abort(const char *message)
{
    fprintf(stderr, "the library gave up: %s\n", message);
    abort();
}

/* ---- A queue that the main loop runs */

static tb_runnable *queue[16];
static size_t queued, released;

static void start_task(void *data, tb_runnable *runnable)
{
    (void)data;
    CHECK(queued < 16);
    queue[queued++] = runnable;
}

static bool run_one(void *data)
{
    tb_runnable *runnable;
    size_t index;
    (void)data;
    if (queued == 0) {
        return false;
    }
    runnable = queue[0];
    for (index = 1; index < queued; index++) {
        queue[index - 1] = queue[index];
    }
    queued--;
    CHECK(tb_runnable_run(&runnable) == TB_OK);
    return true;
}

static tb_outlook before_park(void *data)
{
    (void)data;
    return queued > 0 ? TB_OUTLOOK_WORK : TB_OUTLOOK_NEVER;
}

static void release(void *data)
{
    (void)data;
    released++;
}

/* ---- Work */

static int destroyed;

static void destroy(void *data)
{
    ++*(int *)data;
}

static void begins(void *data, tb_reply *reply)
{
    (void)data;
    CHECK(tb_reply_resolve(reply, (void *)1, NULL) == TB_OK);
}

static void doubles(void *data, void *value, tb_reply *reply)
{
    (void)data;
    CHECK(tb_reply_resolve(reply, (void *)((uintptr_t)value * 2), NULL) == TB_OK);
}

static void *same(const void *value)
{
    return (void *)(uintptr_t)value;
}

int main(void)
{
    tb_processor processor = {sizeof processor, NULL, start_task, NULL, run_one, before_park, NULL, release, NULL, NULL};
    tb_system *system = NULL;
    tb_main_thread *here = NULL;
    tb_promise *promise = NULL;
    tb_task *task = NULL, *tasks[2] = {NULL, NULL};
    tb_shared *shared = NULL;
    tb_context *kept = NULL;
    tb_error *error = NULL;
    tb_values *values;
    void *value = NULL;
    size_t ran = 0;

    CHECK(tb_version() == TB_VERSION);
    CHECK(tb_system_create(&processor, &system) == TB_OK);
    CHECK(tb_main_enter(system, &here) == TB_OK);

    /* To the worker, to the main thread, and there again; the wait runs all of it. */
    CHECK(tb_run(tb_system_worker(system), begins, &destroyed, destroy, &task) == TB_OK);
    CHECK(tb_and_then(&task, tb_main_thread_context(here), doubles, &destroyed, destroy) == TB_OK);
    CHECK(tb_and_then(&task, tb_system_worker(system), doubles, &destroyed, destroy) == TB_OK);
    CHECK(tb_main_thread_wait(here, &task, &value, &error) == TB_OK);
    CHECK(value == (void *)4 && destroyed == 3);

    /* By hand, as a main loop does. */
    CHECK(tb_run(tb_system_worker(system), begins, NULL, NULL, &task) == TB_OK);
    CHECK(tb_and_then(&task, tb_system_main(system), doubles, NULL, NULL) == TB_OK);
    CHECK(run_one(NULL) && !tb_task_is_settled(task));
    CHECK(tb_dispatch(here, &ran) == TB_OK && ran == 1);
    CHECK(tb_task_take(&task, &value, &error) == TB_OK && value == (void *)2);

    /* A promise, shared, in a list with another that is abandoned. */
    CHECK(tb_promise_create(&promise, &task) == TB_OK);
    CHECK(tb_task_share(&task, same, &shared) == TB_OK);
    CHECK(tb_shared_fork(shared, &tasks[0]) == TB_OK && tb_shared_fork(shared, &tasks[1]) == TB_OK);
    CHECK(tb_all(tasks, 2, &task) == TB_OK);
    CHECK(tb_promise_resolve(promise, (void *)3, NULL) == TB_OK);
    tb_promise_drop(&promise);
    CHECK(tb_task_take(&task, &value, &error) == TB_OK);
    values = value;
    CHECK(tb_values_count(values) == 2 && tb_values_take(values, 1) == (void *)3);
    tb_values_drop(&values);
    tb_shared_drop(&shared);
    CHECK(tb_promise_create(&promise, &task) == TB_OK);
    tb_promise_drop(&promise);
    CHECK(tb_task_take(&task, &value, &error) == TB_REJECTED && tb_error_get_kind(error) == TB_ERROR_ABANDONED);
    tb_error_drop(&error);

    /* What nothing can settle any more, and what this library cannot do. */
    CHECK(tb_promise_create(&promise, &task) == TB_OK);
    CHECK(tb_main_thread_wait(here, &task, &value, &error) == TB_REJECTED);
    CHECK(tb_error_get_kind(error) == TB_ERROR_DEADLOCK);
    tb_error_drop(&error);
    tb_promise_drop(&promise);
    CHECK(tb_task_resolved(NULL, NULL, &task) == TB_OK);
    CHECK(tb_dispatch_for(here, 1000, &ran) == TB_UNSUPPORTED);
    CHECK(tb_task_wait(&task, NULL, NULL) == TB_UNSUPPORTED && task != NULL);
    tb_task_drop(&task);

    /* A kept context is not the main thread: that leaves without it, and what is queued is rejected and destroyed. */
    CHECK(tb_context_clone(tb_main_thread_context(here), &kept) == TB_OK);
    CHECK(tb_context_equal(kept, tb_main_thread_context(here)));
    CHECK(tb_run(kept, begins, &destroyed, destroy, &task) == TB_OK);
    tb_main_thread_drop(&here);
    tb_system_drop(&system);
    CHECK(released == 1);
    CHECK(tb_task_is_settled(task) && destroyed == 4);
    CHECK(tb_task_take(&task, &value, &error) == TB_REJECTED && tb_error_get_kind(error) == TB_ERROR_CLOSED);
    tb_error_drop(&error);
    CHECK(tb_run(kept, begins, &destroyed, destroy, &task) == TB_WRONG_THREAD && task == NULL && destroyed == 4);
    tb_context_drop(&kept);
    printf("no std: all right; %zu blocks, %zu bytes left behind\n", blocks, bytes);
    return blocks != 0;
}
