/* Steps with promises, tasks and what is made of them. */
#include "fuzz_world.h"

#include <string.h>

void new_promise(void)
{
    slot *promise = empty(PROMISE_HANDLE), *task = empty(TASK);
    tb_promise *made = NULL;
    tb_task *out = NULL;
    if (promise == NULL || task == NULL) {
        return;
    }
    if (pick(16) == 0) {
        GIVES(TB_NULL, tb_promise_create(&made, NULL));
        GIVES(TB_NULL, tb_promise_create(NULL, &out));
    }
    OK(tb_promise_create(&made, &out));
    keep(promise, made, node_new(PROMISE, NULL));
    keep(task, out, promise->node);
}

typedef struct settling {
    tb_promise *promise;
    void *value;
    tb_error *error;
    tb_status expected;
} settling;

static void *settle(void *data)
{
    settling *it = data;
    if (it->value != NULL) {
        GIVES(it->expected, tb_promise_resolve(it->promise, it->value, token_destroy));
    } else {
        GIVES(it->expected, tb_promise_reject(it->promise, &it->error));
        CHECK((it->error == NULL) == (it->expected == TB_OK));
    }
    return NULL;
}

void settle_promise(void)
{
    slot *promise = any(PROMISE_HANDLE);
    settling it = {NULL, NULL, NULL, TB_OK};
    if (promise == NULL) {
        return;
    }
    it.promise = promise->handle;
    it.expected = promise->number ? TB_SETTLED : TB_OK;
    if (pick(2)) {
        it.value = token_new();
    } else {
        it.error = error_new(next_number());
    }
    if (it.expected == TB_OK) {
        promise->number = 1;
        promise->node->outcome = it.value != NULL ? value_outcome(token_number(it.value))
                                                  : error_outcome(error_number(it.error));
    }
    if (threaded && pick(8) == 0) {
        elsewhere(settle, &it);
    } else {
        settle(&it);
    }
    if (it.expected != TB_OK && it.value != NULL) {
        token_destroy(it.value);
    }
    tb_error_drop(&it.error);
}

void drop_promise(void)
{
    slot *promise = any(PROMISE_HANDLE);
    tb_promise *handle;
    if (promise == NULL) {
        return;
    }
    handle = promise->handle;
    bury(PROMISE_HANDLE, handle);
    if (!promise->number) {
        promise->node->outcome = error_outcome(-TB_ERROR_ABANDONED);
    }
    memset(promise, 0, sizeof *promise);
    tb_promise_drop(&handle);
    CHECK(handle == NULL);
}

void settled_task(void)
{
    slot *task = empty(TASK), *error;
    tb_task *out = NULL;
    node *made;
    if (task == NULL) {
        return;
    }
    error = any(ERROR_HANDLE);
    made = node_new(PROMISE, NULL);
    if (error != NULL) {
        tb_error *given = error->handle;
        made->outcome = error_outcome(error->number);
        OK(tb_task_rejected(&given, &out));
        CHECK(given == NULL);
        bury(ERROR_HANDLE, error->handle);
        memset(error, 0, sizeof *error);
    } else {
        void *value = token_new();
        GIVES(TB_NULL, tb_task_resolved(value, token_destroy, NULL));
        made->outcome = value_outcome(token_number(value));
        OK(tb_task_resolved(value, token_destroy, &out));
    }
    keep(task, out, made);
}

/* A closure for a verb: what it will do, and where. */
static node *closure(node_kind kind, node *source, place place)
{
    node *made = node_new(kind, source);
    slot *gift;
    made->has_closure = true;
    made->on_main = place.on_main;
    made->bound = place.bound;
    made->act = (act)pick(threaded ? NESTS : ACTS);
    if (made->act == RETURNS_TASK && kind != INSPECT) {
        gift = any(TASK);
        if (gift == NULL || gift->node == source) {
            made->act = NEW_VALUE;
        } else {
            made->gift = gift->handle;
            made->gift_node = gift->node;
            memset(gift, 0, sizeof *gift);
        }
    }
    return made;
}

void run_closure(void)
{
    slot *task = empty(TASK);
    place place = somewhere();
    tb_task *out = NULL;
    node *made;
    if (task == NULL) {
        return;
    }
    made = closure(RUN, NULL, place);
    GIVES(TB_NULL, tb_run(NULL, on_run, made, node_destroy, &out));
    OK(tb_run(place.context, on_run, made, node_destroy, &out));
    keep(task, out, made);
}

tb_status attach(node_kind kind, tb_task **task, place place, node *made)
{
    switch (kind) {
    case AND_THEN:
        return tb_and_then(task, place.context, on_value, made, node_destroy);
    case OR_ELSE:
        return tb_or_else(task, place.context, on_error, made, node_destroy);
    case THEN:
        return tb_then(task, place.context, on_outcome, made, node_destroy);
    default:
        return tb_inspect(task, place.context, on_look, made, node_destroy);
    }
}

void verb(void)
{
    slot *task = any(TASK);
    node_kind kind = (node_kind)(AND_THEN + pick(4));
    place place = somewhere(), nowhere = {NULL, false, false};
    tb_task *handle;
    node *made;
    if (task == NULL) {
        return;
    }
    handle = task->handle;
    made = closure(kind, task->node, place);
    if (pick(8) == 0) {
        tb_task *none = NULL;
        GIVES(TB_NULL, attach(kind, &handle, nowhere, made));
        GIVES(TB_NULL, attach(kind, &none, place, made));
        CHECK(handle == task->handle);
    }
    bury(TASK, handle);
    task->handle = NULL;
    OK(attach(kind, &handle, place, made));
    keep(task, handle, made);
}

void take(void)
{
    slot *task = any(TASK);
    tb_task *handle;
    void *value = &value;
    tb_error *error = NULL;
    bool settled;
    tb_status status;
    if (task == NULL) {
        return;
    }
    handle = task->handle;
    settled = tb_task_is_settled(handle);
    status = settled && pick(2) ? tb_task_wait(&handle, &value, &error) : tb_task_take(&handle, &value, &error);
    if (status == TB_PENDING) {
        CHECK(!settled && handle == task->handle && value == NULL && error == NULL);
        return;
    }
    CHECK((settled || threaded) && handle == NULL);
    bury(TASK, task->handle);
    task->handle = NULL;
    observe_taken(task->node, status, value, error);
}

/* On one thread nobody else can settle it, and the library is told so. */
void wait_in_main(void)
{
    slot *task = any(TASK);
    tb_main_thread *here = mains[0];
    tb_task *handle;
    node *node;
    void *value = NULL;
    tb_error *error = NULL;
    tb_status status;
    if (task == NULL || here == NULL || threaded) {
        return;
    }
    handle = task->handle;
    node = task->node;
    bury(TASK, handle);
    memset(task, 0, sizeof *task);
    status = tb_main_thread_wait(here, &handle, &value, &error);
    CHECK(handle == NULL);
    if (status == TB_REJECTED && is_deadlock(error_outcome(error_number(error)))) {
        tb_error_drop(&error);
    } else {
        observe_taken(node, status, value, error);
    }
}

void drop_task(void)
{
    slot *task = any(TASK);
    tb_task *handle;
    if (task == NULL) {
        return;
    }
    handle = task->handle;
    bury(TASK, handle);
    memset(task, 0, sizeof *task);
    if (pick(2)) {
        tb_task_drop(&handle);
    } else {
        OK(tb_task_detach(&handle));
    }
    CHECK(handle == NULL);
}

typedef tb_status (*combinator)(tb_task **, size_t, tb_task **);

void combine(void)
{
    static const combinator each[] = {tb_all, tb_race, tb_any};
    static const node_kind kinds[] = {ALL, RACE, ANY};
    tb_task *inputs[INPUTS], *out = NULL;
    slot *slots[INPUTS];
    size_t count = 0, index, wanted = pick(INPUTS + 1);
    uint32_t which = pick(3);
    node *made, *collects;
    slot *place;
    for (index = 0; index < TASKS && count < wanted; index++) {
        if (tasks[index].handle != NULL && pick(2)) {
            slots[count] = &tasks[index];
            inputs[count++] = tasks[index].handle;
        }
    }
    if (count == 0) {
        return;
    }
    if (pick(4) == 0) {
        tb_task *hole[INPUTS + 1];
        memcpy(hole, inputs, count * sizeof *hole);
        hole[count] = NULL;
        GIVES(TB_NULL, each[which](hole, count + 1, &out));
        CHECK(memcmp(hole, inputs, count * sizeof *hole) == 0);
        if (tb_is_checked()) {
            hole[count] = hole[0];
            CHECK(each[which](hole, count + 1, &out) != TB_OK);
            CHECK(out == NULL && memcmp(hole, inputs, count * sizeof *hole) == 0);
        }
    }
    made = node_new(kinds[which], NULL);
    made->count = count;
    for (index = 0; index < count; index++) {
        made->inputs[index] = slots[index]->node;
        bury(TASK, inputs[index]);
        memset(slots[index], 0, sizeof *slots[index]);
    }
    OK(each[which](inputs, count, &out));
    for (index = 0; index < count; index++) {
        CHECK(inputs[index] == NULL);
    }
    place = slots[0];
    if (which == 0 && pick(8) == 0) {
        tb_task_drop(&out);
    } else if (which == 0) {
        struct place where = somewhere();
        collects = closure(AND_THEN, made, where);
        collects->collects = true;
        OK(tb_and_then(&out, where.context, on_value, collects, node_destroy));
        keep(place, out, collects);
    } else {
        keep(place, out, made);
    }
}

static void peek(const slot *shared)
{
    void *value = &value;
    tb_error *error = NULL;
    bool settled = tb_shared_is_settled(shared->handle);
    tb_status status = tb_shared_peek(shared->handle, &value, &error);
    if (status == TB_PENDING) {
        CHECK(!settled && value == NULL && error == NULL);
    } else {
        observe_taken(node_new(FORK, shared->node), status, value, error);
    }
}

void share(void)
{
    slot *task = any(TASK), *made = empty(SHARED_HANDLE), *fork = empty(TASK);
    tb_task *handle;
    tb_shared *out = NULL, *clone = NULL;
    if (made != NULL && task != NULL && pick(3) == 0) {
        handle = task->handle;
        GIVES(TB_NULL, tb_task_share(&handle, NULL, &out));
        OK(tb_task_share(&handle, token_clone, &out));
        bury(TASK, task->handle);
        keep(made, out, task->node);
        memset(task, 0, sizeof *task);
        return;
    }
    task = any(SHARED_HANDLE);
    if (task == NULL) {
        return;
    }
    peek(task);
    if (fork != NULL) {
        handle = NULL;
        OK(tb_shared_fork(task->handle, &handle));
        keep(fork, handle, node_new(FORK, task->node));
    }
    if (made != NULL && made != task && pick(4) == 0) {
        OK(tb_shared_clone(task->handle, &clone));
        keep(made, clone, task->node);
    } else if (pick(4) == 0) {
        out = task->handle;
        bury(SHARED_HANDLE, out);
        memset(task, 0, sizeof *task);
        tb_shared_drop(&out);
        CHECK(out == NULL);
    }
}
