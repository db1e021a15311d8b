/* The same in C: two threads with one queue, a main loop with a budget, textures that are made up. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <threadbare.h>

enum { TEXTURES = 200, SIDE = 256, THREADS = 2, BUDGET = 2000000, FRAME = 16666667 };

/* ---- The engine's job system */
typedef struct jobs {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    tb_runnable *queue[TEXTURES]; /* each texture has one job at a time */
    size_t first, count;
    bool closing;
} jobs;

static void start_task(void *data, tb_runnable *runnable)
{
    jobs *jobs = data;
    pthread_mutex_lock(&jobs->lock);
    if (!jobs->closing && jobs->count < TEXTURES) {
        jobs->queue[(jobs->first + jobs->count++) % TEXTURES] = runnable;
        runnable = NULL;
    }
    pthread_cond_signal(&jobs->changed);
    pthread_mutex_unlock(&jobs->lock);
    tb_runnable_drop(&runnable); /* what was refused; not under the lock */
}

static void *work(void *data)
{
    jobs *jobs = data;
    pthread_mutex_lock(&jobs->lock);
    while (jobs->count > 0 || !jobs->closing) {
        if (jobs->count > 0) {
            tb_runnable *runnable = jobs->queue[jobs->first];
            jobs->first = (jobs->first + 1) % TEXTURES;
            jobs->count--;
            pthread_mutex_unlock(&jobs->lock);
            tb_runnable_run(&runnable);
            pthread_mutex_lock(&jobs->lock);
        } else {
            pthread_cond_wait(&jobs->changed, &jobs->lock);
        }
    }
    pthread_mutex_unlock(&jobs->lock);
    return NULL;
}

/* ---- Loading: decoded on a worker, uploaded on the main thread */
typedef struct image { uint32_t pixels[SIDE * SIDE]; } image;
static struct { pthread_t thread; unsigned uploaded, placeholders, wrong; bool seen[TEXTURES]; } renderer; /* main's alone */

static uint32_t texel(uint32_t seed, uint32_t at) { return (at / 8 % (seed + 3)) * 0x10305u ^ at >> 7; }

static void decode(void *data, tb_reply *reply)
{
    uint32_t seed = *(uint32_t *)data, at;
    tb_error *error = NULL;
    image *image = malloc(sizeof *image);
    if (image == NULL || seed % 50 == 49) {
        free(image);
        tb_error_create(TB_ERROR_OTHER, "the file ends too early", &error);
        tb_reply_reject(reply, &error);
        return;
    }
    for (at = 0; at < SIDE * SIDE; at++) image->pixels[at] = texel(seed, at);
    tb_reply_resolve(reply, image, free);
}

static void upload(void *data, void *value, tb_error *error, tb_reply *reply)
{
    image *image = value;
    uint32_t at, seed = *(uint32_t *)data;
    for (at = 0; error == NULL && at < SIDE * SIDE; at++) renderer.wrong += image->pixels[at] != texel(seed, at);
    renderer.wrong += renderer.seen[seed] || (error == NULL) == (seed % 50 == 49);
    renderer.wrong += !pthread_equal(renderer.thread, pthread_self());
    renderer.seen[seed] = true;
    renderer.uploaded++;
    renderer.placeholders += error != NULL;
    tb_error_drop(&error);
    free(image);
    tb_reply_resolve(reply, NULL, NULL);
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int ascending(const void *left, const void *right)
{
    uint64_t one = *(const uint64_t *)left, other = *(const uint64_t *)right;
    return (one > other) - (one < other);
}

int main(void)
{
    static jobs jobs = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, {NULL}, 0, 0, false};
    static uint32_t seeds[TEXTURES];
    static uint64_t times[4096];
    tb_processor processor = {sizeof processor, &jobs, start_task, NULL, NULL, NULL, NULL, NULL, NULL, NULL};
    tb_system *system = NULL;
    tb_main_thread *here = NULL;
    tb_task *tasks[TEXTURES], *loading = NULL;
    pthread_t threads[THREADS];
    uint32_t index, frames = 0, wrong;
    renderer.thread = pthread_self();
    for (index = 0; index < THREADS; index++) {
        if (pthread_create(&threads[index], NULL, work, &jobs) != 0) return 1;
    }
    if (tb_system_create(&processor, &system) != TB_OK || tb_main_enter(system, &here) != TB_OK) return 1;
    for (index = 0; index < TEXTURES; index++) {
        seeds[index] = index;
        if (tb_run(tb_system_worker(system), decode, &seeds[index], NULL, &tasks[index]) != TB_OK) return 1;
        if (tb_then(&tasks[index], tb_main_thread_context(here), upload, &seeds[index], NULL) != TB_OK) return 1;
    }
    if (tb_all(tasks, TEXTURES, &loading) != TB_OK) return 1;
    while (!tb_task_is_settled(loading)) {
        uint64_t start = now(), spent;
        struct timespec rest = {0, 0};
        tb_dispatch_for(here, BUDGET, NULL);
        times[frames++ % 4096] = spent = now() - start;
        rest.tv_nsec = spent < FRAME ? (long)(FRAME - spent) : 0;
        nanosleep(&rest, NULL);
    }
    wrong = tb_task_take(&loading, NULL, NULL) != TB_OK || renderer.wrong > 0 || renderer.uploaded != TEXTURES ||
            renderer.placeholders != TEXTURES / 50;
    /* The main thread leaves, the system goes, then the threads. */
    tb_main_thread_drop(&here);
    tb_system_drop(&system);
    pthread_mutex_lock(&jobs.lock);
    jobs.closing = true;
    pthread_cond_broadcast(&jobs.changed);
    pthread_mutex_unlock(&jobs.lock);
    for (index = 0; index < THREADS; index++) pthread_join(threads[index], NULL);
    frames = frames < 4096 ? frames : 4096;
    qsort(times, frames, sizeof *times, ascending);
    printf("loading on the main thread: p50 %.2f ms, worst %.2f ms, budget %.2f ms\n", (double)times[frames / 2] / 1e6,
           (double)times[frames - 1] / 1e6, BUDGET / 1e6);
    printf("%u textures, %u of them placeholders\n", renderer.uploaded, renderer.placeholders);
    puts(wrong ? "WRONG" : "the engine in C: all right");
    return wrong != 0;
}
