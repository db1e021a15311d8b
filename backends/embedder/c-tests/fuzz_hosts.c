/* Steps with errors, contexts, hosts and systems; and misuse. */
#include "fuzz_world.h"

#include <string.h>

void change_errors(void)
{
    slot *one = empty(ERROR_HANDLE), *other = any(ERROR_HANDLE);
    tb_error *handle = NULL;
    char text[4];
    if (one != NULL && other != NULL && pick(2)) {
        OK(tb_error_clone(other->handle, &handle));
        keep(one, handle, NULL);
        one->number = other->number;
    } else if (one != NULL) {
        one->number = next_number();
        keep(one, error_new(one->number), NULL);
    } else if (other != NULL) {
        CHECK_EQ(error_number(other->handle), other->number);
        CHECK_EQ(tb_error_message(other->handle, text, sizeof text), 6);
        CHECK(strcmp(text, "fuz") == 0);
        handle = other->handle;
        bury(ERROR_HANDLE, handle);
        memset(other, 0, sizeof *other);
        tb_error_drop(&handle);
    }
}

void change_contexts(void)
{
    slot *one = empty(CONTEXT), *other = any(CONTEXT);
    tb_context *handle = NULL;
    if (one != NULL) {
        place place = somewhere();
        if (!place.bound) {
            OK(tb_context_clone(place.context, &handle));
            CHECK(tb_context_equal(place.context, handle));
            keep(one, handle, NULL);
            one->on_main = place.on_main;
        }
    } else if (other != NULL) {
        handle = other->handle;
        if (handle != (void *)(uintptr_t)tb_immediate()) {
            bury(CONTEXT, handle);
        }
        memset(other, 0, sizeof *other);
        tb_context_drop(&handle);
        CHECK(handle == NULL);
    }
}

/* ---- The hosts' side */

bool a_few(void *data)
{
    return (*(uint32_t *)data)-- > 0;
}

void host_works(void)
{
    host *host = &hosts[pick(SYSTEMS)];
    tb_runnable *runnable = host_take(host);
    tb_error *error;
    uint32_t times = pick(4);
    if (runnable == NULL) {
        return;
    }
    switch (pick(8)) {
    case 0:
        tb_runnable_drop(&runnable);
        break;
    case 1:
        error = NULL;
        GIVES(TB_NULL, tb_runnable_reject(&runnable, &error));
        error = error_new(REFUSALS + next_number());
        OK(tb_runnable_reject(&runnable, &error));
        CHECK(error == NULL);
        break;
    case 2:
        OK(tb_runnable_run_while(&runnable, a_few, &times));
        break;
    default:
        OK(tb_runnable_run(&runnable));
        break;
    }
    CHECK(runnable == NULL);
}

static bool help(void *data)
{
    return host_run_one(data);
}

static tb_outlook outlook(void *data)
{
    host *host = data;
    size_t count;
    pthread_mutex_lock(&host->lock);
    count = host->count;
    pthread_mutex_unlock(&host->lock);
    return count > 0 ? TB_OUTLOOK_WORK : TB_OUTLOOK_NEVER;
}

void enter_main(uint32_t which)
{
    if (systems[which] != NULL && mains[which] == NULL) {
        OK(tb_main_enter(systems[which], &mains[which]));
    }
}

void make_system(uint32_t which)
{
    tb_processor processor = host_processor(&hosts[which]);
    if (!threaded) {
        processor.run_one = help;
        processor.before_park = outlook;
    }
    OK(tb_system_create(&processor, &systems[which]));
    CHECK(systems[which] != NULL);
}

void change_systems(void)
{
    uint32_t which = pick(SYSTEMS);
    switch (pick(6)) {
    case 0:
        if (system_clones[which] == NULL && systems[which] != NULL) {
            OK(tb_system_clone(systems[which], &system_clones[which]));
        } else {
            tb_system_drop(&system_clones[which]);
        }
        break;
    case 1:
        if (pick(8) == 0) {
            tb_system_drop(&systems[which]);
        }
        break;
    case 2:
        /* What is bound to a main thread that has gone is leaked if another thread lets go of it. */
        if (!threaded && pick(4) == 0) {
            tb_main_thread_drop(&mains[which]);
            CHECK(mains[which] == NULL);
        }
        break;
    case 3:
        host_refuse(&hosts[which], pick(4) == 0);
        break;
    default:
        enter_main(which);
        break;
    }
}

void dispatch(void)
{
    tb_main_thread *here = mains[pick(SYSTEMS)];
    size_t ran = 0;
    bool one = false;
    uint32_t times = pick(4), limit = times;
    if (here == NULL) {
        GIVES(TB_NULL, tb_dispatch(here, &ran));
        return;
    }
    switch (pick(4)) {
    case 0:
        OK(tb_dispatch(here, &ran));
        break;
    case 1:
        OK(tb_dispatch_one(here, &one));
        break;
    case 2:
        OK(tb_dispatch_while(here, a_few, &times, &ran));
        CHECK(ran <= limit);
        break;
    default:
        /* As much as there is, or one: what lies between is not the seed's to say. */
        OK(tb_dispatch_for(here, pick(2) ? UINT64_MAX : 0, NULL));
        break;
    }
}

/* ---- Misuse */

static void *from_another_thread(void *data)
{
    tb_main_thread *here = data, *same = here, *theirs = NULL;
    tb_task *task = NULL;
    size_t ran = 0;
    bool one = false;
    GIVES(TB_WRONG_THREAD, tb_dispatch(here, &ran));
    GIVES(TB_WRONG_THREAD, tb_dispatch_one(here, &one));
    GIVES(TB_WRONG_THREAD, tb_dispatch_for(here, 1, &ran));
    GIVES(TB_WRONG_THREAD, tb_run(tb_main_thread_context(here), on_run, NULL, NULL, &task));
    if (systems[0] != NULL && mains[0] == here) {
        GIVES(TB_WRONG_THREAD, tb_main_enter(systems[0], &theirs));
    }
    tb_main_thread_drop(&same);
    CHECK(same == here && theirs == NULL && task == NULL);
    return NULL;
}

void wrong_thread(void)
{
    tb_main_thread *here = mains[pick(SYSTEMS)];
    if (here != NULL && pick(8) == 0) {
        elsewhere(from_another_thread, here);
    }
}

void misuse(void)
{
    void *old, *value;
    tb_task *task = NULL, *out = NULL;
    tb_error *error = NULL;
    tb_shared *copy = NULL;
    tb_context *context = NULL;
    if ((old = stale(PROMISE_HANDLE)) != NULL) {
        value = token_new();
        GIVES(TB_STALE, tb_promise_resolve(old, value, token_destroy));
        token_destroy(value);
        error = error_new(next_number());
        GIVES(TB_STALE, tb_promise_reject(old, &error));
        tb_error_drop(&error);
        tb_promise_drop((tb_promise **)&old);
    }
    if ((old = stale(TASK)) != NULL) {
        place place = somewhere();
        task = old;
        GIVES(TB_STALE, tb_task_take(&task, &value, &error));
        GIVES(TB_STALE, attach((node_kind)(AND_THEN + pick(4)), &task, place, NULL));
        GIVES(TB_STALE, tb_task_share(&task, token_clone, &copy));
        GIVES(TB_STALE, tb_all(&task, 1, &out));
        GIVES(TB_STALE, tb_task_detach(&task));
        tb_task_drop(&task);
        CHECK(!tb_task_is_settled(old));
    }
    if ((old = stale(SHARED_HANDLE)) != NULL) {
        GIVES(TB_STALE, tb_shared_fork(old, &out));
        GIVES(TB_STALE, tb_shared_clone(old, &copy));
        tb_shared_drop((tb_shared **)&old);
    }
    if ((old = stale(CONTEXT)) != NULL) {
        GIVES(TB_STALE, tb_run(old, on_run, NULL, NULL, &out));
        GIVES(TB_STALE, tb_context_clone(old, &context));
    }
    if ((old = stale(ERROR_HANDLE)) != NULL) {
        tb_error *clone = NULL;
        GIVES(TB_STALE, tb_error_clone(old, &clone));
        CHECK_EQ(tb_error_message(old, NULL, 0), 0);
    }
    if (kept_reply != NULL && tb_is_checked()) {
        value = token_new();
        CHECK(tb_reply_resolve(kept_reply, value, token_destroy) != TB_OK);
        token_destroy(value);
    }
    if (tb_is_checked() && any(PROMISE_HANDLE) != NULL && errors[0].handle != NULL) {
        task = errors[0].handle;
        GIVES(TB_STALE, tb_task_take(&task, &value, &error));
        GIVES(TB_STALE, tb_promise_resolve(errors[0].handle, NULL, NULL));
        tb_task_drop(&task);
    }
    CHECK(out == NULL && copy == NULL && context == NULL);
}

void make_pool(void)
{
    tb_pool_options options;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.threads = 2;
    OK(tb_pool_create(&options, &pool));
}

void change_pool(void)
{
    if (!threaded || pick(16) != 0) {
        return;
    }
    if (pool != NULL) {
        if (pick(2)) {
            OK(pick(2) ? tb_pool_close(pool) : tb_pool_close_now(pool));
        }
        tb_pool_drop(&pool);
    }
    make_pool();
}
