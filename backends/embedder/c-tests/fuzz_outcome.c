/* What must come of a task, as far as the model knows. */
#include "fuzz_model.h"

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
