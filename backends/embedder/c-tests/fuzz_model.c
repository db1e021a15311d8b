#include "fuzz_model.h"

#include <stdlib.h>
#include <string.h>

node nodes[NODES];
size_t node_count;
pthread_t main_id;
tb_reply *kept_reply;
bool threaded;

static long numbers, alive;
static const char tag;

node *node_new(node_kind kind, node *source)
{
    node *made;
    CHECK(node_count < NODES);
    made = &nodes[node_count++];
    memset(made, 0, sizeof *made);
    made->kind = kind;
    made->source = source;
    return made;
}

void nodes_clear(void)
{
    size_t index;
    for (index = 0; index < node_count; index++) {
        node *node = &nodes[index];
        CHECK_EQ(__atomic_load_n(&node->destroyed, __ATOMIC_ACQUIRE), node->has_closure);
        CHECK(node->gift == NULL);
    }
    node_count = 0;
    kept_reply = NULL;
}

/* ---- Values and errors */

typedef struct token {
    long number;
} token;

long next_number(void)
{
    return __atomic_add_fetch(&numbers, 1, __ATOMIC_RELAXED);
}

static void *token_with(long number)
{
    token *made = malloc(sizeof *made);
    CHECK(made != NULL);
    made->number = number;
    __atomic_add_fetch(&alive, 1, __ATOMIC_RELAXED);
    return made;
}

void *token_new(void)
{
    return token_with(next_number());
}

void token_destroy(void *data)
{
    token *token = data;
    CHECK(token->number > 0);
    token->number = -1;
    __atomic_sub_fetch(&alive, 1, __ATOMIC_RELAXED);
    free(token);
}

void *token_clone(const void *data)
{
    return token_with(token_number(data));
}

long token_number(const void *data)
{
    CHECK(((const token *)data)->number > 0);
    return ((const token *)data)->number;
}

long tokens_alive(void)
{
    return __atomic_load_n(&alive, __ATOMIC_RELAXED);
}

tb_error *error_new(long number)
{
    tb_error *error = NULL;
    OK(tb_error_create_with(TB_ERROR_OTHER, "fuzzed", &tag, token_with(number), token_destroy, &error));
    return error;
}

long error_number(const tb_error *error)
{
    const void *payload = tb_error_payload(error, &tag);
    return payload != NULL ? token_number(payload) : -(long)tb_error_get_kind(error);
}

outcome value_outcome(long number)
{
    outcome made;
    made.state = VALUE;
    made.number = number;
    return made;
}

outcome error_outcome(long number)
{
    outcome made;
    made.state = ERROR;
    made.number = number;
    return made;
}

/* ---- What must come of a task */

static bool same(outcome left, outcome right)
{
    return left.state == right.state && left.number == right.number;
}

static bool was_called(const node *node)
{
    return __atomic_load_n(&node->called, __ATOMIC_RELAXED) != 0;
}

static outcome expected(const node *node)
{
    for (;;) {
        if (node->outcome.state != UNKNOWN) {
            return node->outcome;
        }
        if (node->forward != NULL) {
            node = node->forward;
        } else if (node->kind == FORK || (node->kind == INSPECT && was_called(node))) {
            node = node->source;
        } else if (node->has_closure && !was_called(node) && node->source != NULL) {
            int state = expected(node->source).state;
            if (!(node->kind == AND_THEN && state == ERROR) && !(node->kind == OR_ELSE && state == VALUE)) {
                return node->outcome;
            }
            node = node->source;
        } else {
            return node->outcome;
        }
    }
}

bool is_deadlock(outcome outcome)
{
    return outcome.state == ERROR && outcome.number == -TB_ERROR_DEADLOCK;
}

/* What a task may be rejected with whose closure no host ran. */
static bool is_refusal(outcome outcome)
{
    return outcome.state == ERROR && (outcome.number == -TB_ERROR_CLOSED || outcome.number >= REFUSALS);
}

static bool can_be(const node *node, outcome seen)
{
    size_t index;
    outcome must = expected(node);
    if (must.state != UNKNOWN) {
        return same(must, seen);
    }
    if (node->forward != NULL) {
        return can_be(node->forward, seen);
    }
    switch (node->kind) {
    case FORK:
        return can_be(node->source, seen);
    case ALL:
        for (index = 0; index < node->count && seen.state == ERROR; index++) {
            /* The first by position; of those about which nothing is known, each can be it. */
            int state = expected(node->inputs[index]).state;
            if (state != VALUE && can_be(node->inputs[index], seen)) {
                return true;
            }
            if (state == ERROR) {
                return false;
            }
        }
        return seen.state == VALUE;
    case ANY:
    case RACE:
        if (threaded) {
            /* The losers may be running just now. */
            return true;
        }
        if (node->kind == ANY && seen.state == ERROR) {
            /* One of its own, about all of theirs. */
            return seen.number == -TB_ERROR_OTHER;
        }
        for (index = 0; index < node->count; index++) {
            if (can_be(node->inputs[index], seen)) {
                return true;
            }
        }
        return false;
    case PROMISE:
        return false;
    default:
        if (was_called(node)) {
            /* `INSPECT`, of something that can be more than one thing. */
            return can_be(node->source, seen);
        }
        return is_refusal(seen) || (node->source != NULL && can_be(node->source, seen));
    }
}

void observe(node *node, outcome seen)
{
    CHECK(can_be(node, seen));
    if (node->outcome.state == UNKNOWN) {
        node->outcome = seen;
    }
}

void observe_taken(node *node, tb_status status, void *value, tb_error *error)
{
    if (status == TB_OK) {
        CHECK(value != NULL && error == NULL);
        observe(node, value_outcome(token_number(value)));
        token_destroy(value);
    } else {
        CHECK_EQ(status, TB_REJECTED);
        CHECK(value == NULL && error != NULL);
        observe(node, error_outcome(error_number(error)));
        tb_error_drop(&error);
    }
}

/* ---- Closures */

void node_destroy(void *data)
{
    node *node = data;
    CHECK(!node->bound || pthread_equal(pthread_self(), main_id));
    CHECK_EQ(__atomic_add_fetch(&node->destroyed, 1, __ATOMIC_RELEASE), 1);
    if (node->gift != NULL) {
        tb_task_drop(&node->gift);
    }
}

static void enter(node *node)
{
    CHECK(!node->on_main || pthread_equal(pthread_self(), main_id));
    CHECK_EQ(__atomic_add_fetch(&node->called, 1, __ATOMIC_RELAXED), 1);
    CHECK_EQ(__atomic_load_n(&node->destroyed, __ATOMIC_RELAXED), 0);
}

static void let_go(void *value, tb_error *error)
{
    if (value != NULL) {
        token_destroy(value);
    }
    tb_error_drop(&error);
}

static void reply_new(node *node, tb_reply *reply)
{
    void *value = token_new();
    node->outcome = value_outcome(token_number(value));
    OK(tb_reply_resolve(reply, value, token_destroy));
}

static void reply_again(tb_reply *reply)
{
    void *value = token_new();
    tb_error *error = error_new(next_number());
    GIVES(TB_SETTLED, tb_reply_resolve(reply, value, token_destroy));
    GIVES(TB_SETTLED, tb_reply_reject(reply, &error));
    CHECK(error != NULL);
    let_go(value, error);
}

static void nest(void)
{
    tb_promise *promise = NULL;
    tb_task *task = NULL;
    void *value = token_new(), *taken = NULL;
    tb_error *error = NULL;
    OK(tb_promise_create(&promise, &task));
    GIVES(TB_PENDING, tb_task_take(&task, &taken, &error));
    OK(tb_promise_resolve(promise, value, token_destroy));
    OK(tb_task_take(&task, &taken, &error));
    CHECK(taken == value);
    GIVES(TB_SETTLED, tb_promise_resolve(promise, value, token_destroy));
    tb_promise_drop(&promise);
    token_destroy(taken);
}

static void answer(node *node, void *value, tb_error *error, tb_reply *reply)
{
    switch (node->act) {
    case PASSES_ON:
        if (error != NULL) {
            node->outcome = error_outcome(error_number(error));
            OK(tb_reply_reject(reply, &error));
        } else if (value != NULL) {
            node->outcome = value_outcome(token_number(value));
            OK(tb_reply_resolve(reply, value, token_destroy));
        } else {
            reply_new(node, reply);
        }
        return;
    case FAILS:
        let_go(value, error);
        error = error_new(next_number());
        node->outcome = error_outcome(error_number(error));
        OK(tb_reply_reject(reply, &error));
        CHECK(error == NULL);
        return;
    case SILENT:
        let_go(value, error);
        node->outcome = error_outcome(-TB_ERROR_ABANDONED);
        return;
    case RETURNS_TASK:
        let_go(value, error);
        node->forward = node->gift_node;
        OK(tb_reply_task(reply, &node->gift));
        CHECK(node->gift == NULL);
        return;
    case REPLIES_TWICE:
        let_go(value, error);
        reply_new(node, reply);
        reply_again(reply);
        return;
    case REPLIES_WITH_NULL:
        let_go(value, error);
        error = NULL;
        GIVES(TB_NULL, tb_reply_reject(reply, &error));
        GIVES(TB_NULL, tb_reply_task(reply, NULL));
        GIVES(TB_NULL, tb_reply_resolve(NULL, &error, token_destroy));
        reply_new(node, reply);
        return;
    case NESTS:
        nest();
        break;
    case KEEPS_REPLY:
        kept_reply = reply;
        break;
    default:
        break;
    }
    let_go(value, error);
    reply_new(node, reply);
}

void on_run(void *data, tb_reply *reply)
{
    enter(data);
    answer(data, NULL, NULL, reply);
}

/* The values of `tb_all`, each compared; in the end they are one token. */
static void *collect(node *all, void *data)
{
    tb_values *values = data;
    size_t index;
    CHECK_EQ(tb_values_count(values), all->count);
    for (index = 0; index < all->count; index++) {
        void *value = tb_values_take(values, index);
        CHECK(tb_values_take(values, index) == NULL);
        observe(all->inputs[index], value_outcome(token_number(value)));
        token_destroy(value);
    }
    CHECK(tb_values_take(values, all->count) == NULL);
    tb_values_drop(&values);
    return token_new();
}

void on_value(void *data, void *value, tb_reply *reply)
{
    node *node = data;
    enter(node);
    if (node->collects) {
        value = collect(node->source, value);
    } else {
        observe(node->source, value_outcome(token_number(value)));
    }
    answer(node, value, NULL, reply);
}

void on_error(void *data, tb_error *error, tb_reply *reply)
{
    node *node = data;
    enter(node);
    observe(node->source, error_outcome(error_number(error)));
    answer(node, NULL, error, reply);
}

void on_outcome(void *data, void *value, tb_error *error, tb_reply *reply)
{
    if (error != NULL) {
        CHECK(value == NULL);
        on_error(data, error, reply);
    } else {
        on_value(data, value, reply);
    }
}

void on_look(void *data, const void *value, const tb_error *error)
{
    node *node = data;
    enter(node);
    observe(node->source, error != NULL ? error_outcome(error_number(error)) : value_outcome(token_number(value)));
}
