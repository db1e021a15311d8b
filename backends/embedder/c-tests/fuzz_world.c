#include "fuzz_world.h"

#include <string.h>

enum { DEAD = 8 };

slot tasks[TASKS], promises[PROMISES], shared[SHARED], errors[ERRORS], contexts[CONTEXTS];
host hosts[SYSTEMS];
tb_system *systems[SYSTEMS], *system_clones[SYSTEMS];
tb_main_thread *mains[SYSTEMS];
tb_pool *pool;

static struct {
    slot *slots;
    size_t count;
} const all_slots[TYPES] = {
    {tasks, TASKS}, {promises, PROMISES}, {shared, SHARED}, {errors, ERRORS}, {contexts, CONTEXTS}};
static void *dead[TYPES][DEAD];
static size_t died[TYPES];

/* ---- Chance */

static uint64_t state;
static const uint8_t *bytes;
static size_t bytes_left;

uint32_t pick(uint32_t below)
{
    if (bytes != NULL) {
        uint32_t byte = bytes_left > 0 ? *bytes : 0;
        bytes += bytes_left > 0;
        bytes_left -= bytes_left > 0;
        return byte % below;
    }
    state += 0x9e3779b97f4a7c15u;
    {
        uint64_t z = state;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return (uint32_t)((z ^ (z >> 31)) >> 32) % below;
    }
}

void chance_seed(uint64_t seed)
{
    state = seed;
}

void chance_bytes(const uint8_t *data, size_t count)
{
    bytes = data;
    bytes_left = count;
}

bool chance_left(void)
{
    return bytes == NULL || bytes_left > 0;
}

/* ---- Slots */

slot *any(type type)
{
    slot *one = &all_slots[type].slots[pick((uint32_t)all_slots[type].count)];
    return one->handle != NULL ? one : NULL;
}

slot *empty(type type)
{
    slot *one = &all_slots[type].slots[pick((uint32_t)all_slots[type].count)];
    return one->handle == NULL ? one : NULL;
}

void bury(type type, void *handle)
{
    dead[type][died[type]++ % DEAD] = handle;
}

/* Is it one that a live handle lends? */
static bool is_borrowed(const void *context)
{
    uint32_t which;
    for (which = 0; which < SYSTEMS; which++) {
        tb_system *both[2] = {systems[which], system_clones[which]};
        size_t index;
        for (index = 0; index < 2; index++) {
            if (context == tb_system_worker(both[index]) || context == tb_system_main(both[index])) {
                return true;
            }
        }
        if (context == tb_main_thread_context(mains[which])) {
            return true;
        }
    }
    return context == tb_pool_worker(pool);
}

void *stale(type type)
{
    void *handle = dead[type][pick(DEAD)];
    size_t index;
    for (index = 0; handle != NULL && index < all_slots[type].count; index++) {
        if (all_slots[type].slots[index].handle == handle) {
            return NULL;
        }
    }
    if (handle == NULL || (type == CONTEXT && is_borrowed(handle))) {
        return NULL;
    }
    for (index = 0; type == TASK && index < node_count; index++) {
        if (nodes[index].has_closure && nodes[index].act == RETURNS_TASK) {
            return NULL;
        }
    }
    return tb_is_checked() && !threaded ? handle : NULL;
}

void keep(slot *slot, void *handle, node *node)
{
    CHECK(handle != NULL);
    slot->handle = handle;
    slot->node = node;
}

void forget_all(void)
{
    size_t type;
    memset(dead, 0, sizeof dead);
    for (type = 0; type < TYPES; type++) {
        memset(all_slots[type].slots, 0, all_slots[type].count * sizeof *all_slots[type].slots);
    }
}

/* ---- Where */

place somewhere(void)
{
    place place = {NULL, false, false};
    uint32_t which = pick(SYSTEMS);
    slot *clone;
    switch (pick(6)) {
    case 0:
        place.context = systems[which] != NULL ? tb_system_main(systems[which]) : NULL;
        place.on_main = true;
        break;
    case 1:
        place.context = mains[which] != NULL ? tb_main_thread_context(mains[which]) : NULL;
        place.on_main = place.bound = true;
        break;
    case 2:
        clone = any(CONTEXT);
        if (clone != NULL) {
            place.context = clone->handle;
            place.on_main = clone->on_main;
        }
        break;
    case 3:
        place.context = pool != NULL ? tb_pool_worker(pool) : NULL;
        break;
    case 4:
        place.context = systems[which] != NULL ? tb_system_worker(systems[which]) : NULL;
        break;
    default:
        break;
    }
    if (place.context == NULL) {
        place.context = tb_immediate();
        place.on_main = place.bound = false;
    }
    return place;
}
