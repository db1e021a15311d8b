/* What the fuzzer knows: of each task where its outcome comes from, of each closure what became of it. A callback compares
 * what it is given with what it must be given. */
#ifndef TB_FUZZ_MODEL_H
#define TB_FUZZ_MODEL_H

#include "check.h"

typedef enum node_kind { PROMISE, RUN, AND_THEN, OR_ELSE, THEN, INSPECT, FORK, ALL, RACE, ANY } node_kind;

/* What a closure does; those from `NESTS` on only where all runs on one thread. */
typedef enum act { NEW_VALUE, PASSES_ON, FAILS, SILENT, RETURNS_TASK, REPLIES_TWICE, REPLIES_WITH_NULL, NESTS, KEEPS_REPLY, ACTS } act;

enum { UNKNOWN, VALUE, ERROR };

/* A value's number, an error's, or minus the kind of an error that the library made. */
typedef struct outcome {
    int state;
    long number;
} outcome;

enum { INPUTS = 4, NODES = 2048 };

/* A task, and the closure that settles it, if there is one. */
typedef struct node {
    node_kind kind;
    act act;
    struct node *source, *forward, *inputs[INPUTS];
    size_t count;
    bool collects; /* its value is what `tb_all` made of its source's inputs */
    bool on_main, bound;
    outcome outcome;
    bool has_closure;
    int called, destroyed;
    tb_task *gift; /* what `RETURNS_TASK` answers with */
    struct node *gift_node;
} node;

extern node nodes[NODES];
extern size_t node_count;
extern pthread_t main_id;
extern tb_reply *kept_reply;
/* Are there threads that take part? */
extern bool threaded;

/* From this number on an error is one that a host rejected a runnable with. */
enum { REFUSALS = 1000000000 };

node *node_new(node_kind kind, node *source);
void nodes_clear(void);

void *token_new(void);
void token_destroy(void *token);
void *token_clone(const void *token);
long token_number(const void *token);
long tokens_alive(void);
tb_error *error_new(long number);
long error_number(const tb_error *error);
long next_number(void);

outcome value_outcome(long number);
outcome error_outcome(long number);
/* A task was seen to settle with this: is that what it must settle with? */
void observe(node *node, outcome seen);
/* Takes hold of a task's outcome, compares it, and destroys it. */
void observe_taken(node *node, tb_status status, void *value, tb_error *error);
/* Makes the reasons of a task that was not called a wider choice: its wait was given up. */
bool is_deadlock(outcome outcome);

void node_destroy(void *node);
void on_run(void *node, tb_reply *reply);
void on_value(void *node, void *value, tb_reply *reply);
void on_error(void *node, tb_error *error, tb_reply *reply);
void on_outcome(void *node, void *value, tb_error *error, tb_reply *reply);
void on_look(void *node, const void *value, const tb_error *error);

#endif
