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
