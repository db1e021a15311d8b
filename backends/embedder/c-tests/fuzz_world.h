/* The fuzzer's world: what handles there are, where closures can run, and chance. */
#ifndef TB_FUZZ_WORLD_H
#define TB_FUZZ_WORLD_H

#include "fuzz_model.h"

enum { TASKS = 24, PROMISES = 12, SHARED = 6, ERRORS = 6, CONTEXTS = 6, SYSTEMS = 2 };

typedef struct slot {
    void *handle;
    node *node;
    long number;         /* of an error; of a promise, whether it is settled */
    bool on_main, bound; /* of a context */
} slot;

typedef enum type { TASK, PROMISE_HANDLE, SHARED_HANDLE, ERROR_HANDLE, CONTEXT, TYPES } type;

extern slot tasks[TASKS], promises[PROMISES], shared[SHARED], errors[ERRORS], contexts[CONTEXTS];
extern host hosts[SYSTEMS];
extern tb_system *systems[SYSTEMS], *system_clones[SYSTEMS];
extern tb_main_thread *mains[SYSTEMS];
extern tb_pool *pool;

/* Chance is a seed's, or a string of bytes; of those `chance_left` says whether there are more. */
void chance_seed(uint64_t seed);
void chance_bytes(const uint8_t *bytes, size_t count);
bool chance_left(void);
uint32_t pick(uint32_t below);

/* One of them, or NULL; and a place for one more. */
slot *any(type type);
slot *empty(type type);
void keep(slot *slot, void *handle, node *node);
void forget_all(void);
/* Remembers a handle that is dead from now on. */
void bury(type type, void *handle);
/* A handle that was alive once, and that no live one has the address of; NULL if there is none, or none can be told. */
void *stale(type type);

typedef struct place {
    const tb_context *context;
    bool on_main, bound;
} place;

place somewhere(void);
/* Counts a `uint32_t` down: for dispatches that end early. */
bool a_few(void *data);

/* What can be done next. */
void new_promise(void), settle_promise(void), drop_promise(void), settled_task(void), run_closure(void), verb(void), take(void),
    wait_in_main(void), drop_task(void), combine(void), share(void), change_errors(void), change_contexts(void),
    host_works(void), change_systems(void), dispatch(void), wrong_thread(void), misuse(void), change_pool(void);

void make_system(uint32_t which);
void make_pool(void);
void enter_main(uint32_t which);
tb_status attach(node_kind kind, tb_task **task, place place, node *made);

#endif
