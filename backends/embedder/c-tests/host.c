/* A host with one queue: what an engine's job system looks like to the library. */
#include "check.h"

#include <string.h>

static void start_task(void *data, tb_runnable *runnable)
{
    host *host = data;
    pthread_mutex_lock(&host->lock);
    if (host->refuses || host->count == sizeof host->queue / sizeof *host->queue) {
        pthread_mutex_unlock(&host->lock);
        tb_runnable_drop(&runnable);
        return;
    }
    host->queue[(host->first + host->count++) % (sizeof host->queue / sizeof *host->queue)] = runnable;
    pthread_cond_signal(&host->changed);
    pthread_mutex_unlock(&host->lock);
}

static void release(void *data)
{
    host *host = data;
    pthread_mutex_lock(&host->lock);
    host->released++;
    pthread_mutex_unlock(&host->lock);
}

static void destroyed(void *data)
{
    host *host = data;
    pthread_mutex_lock(&host->lock);
    host->destroyed++;
    pthread_mutex_unlock(&host->lock);
}

void host_init(host *host)
{
    memset(host, 0, sizeof *host);
    pthread_mutex_init(&host->lock, NULL);
    pthread_cond_init(&host->changed, NULL);
}

void host_free(host *host)
{
    CHECK_EQ(host->count, 0);
    pthread_cond_destroy(&host->changed);
    pthread_mutex_destroy(&host->lock);
}

tb_processor host_processor(host *host)
{
    tb_processor processor;
    memset(&processor, 0, sizeof processor);
    processor.size = sizeof processor;
    processor.data = host;
    processor.start_task = start_task;
    processor.release = release;
    processor.destroy = destroyed;
    return processor;
}

void host_refuse(host *host, bool refuses)
{
    pthread_mutex_lock(&host->lock);
    host->refuses = refuses;
    pthread_mutex_unlock(&host->lock);
}

static tb_runnable *take(host *host)
{
    tb_runnable *runnable = NULL;
    if (host->count > 0) {
        runnable = host->queue[host->first];
        host->first = (host->first + 1) % (sizeof host->queue / sizeof *host->queue);
        host->count--;
    }
    return runnable;
}

tb_runnable *host_take(host *host)
{
    tb_runnable *runnable;
    pthread_mutex_lock(&host->lock);
    runnable = take(host);
    pthread_mutex_unlock(&host->lock);
    return runnable;
}

bool host_run_one(host *host)
{
    tb_runnable *runnable = host_take(host);
    if (runnable == NULL) {
        return false;
    }
    OK(tb_runnable_run(&runnable));
    CHECK(runnable == NULL);
    return true;
}

size_t host_run(host *host)
{
    size_t ran = 0;
    while (host_run_one(host)) {
        ran++;
    }
    return ran;
}

static void work(void *data)
{
    host *host = data;
    pthread_mutex_lock(&host->lock);
    for (;;) {
        tb_runnable *runnable = take(host);
        if (runnable != NULL) {
            pthread_mutex_unlock(&host->lock);
            OK(tb_runnable_run(&runnable));
            pthread_mutex_lock(&host->lock);
        } else if (host->closing) {
            break;
        } else {
            pthread_cond_wait(&host->changed, &host->lock);
        }
    }
    pthread_mutex_unlock(&host->lock);
}

static void *worker_thread(void *data)
{
    host *host = data;
    if (host->serves != NULL) {
        OK(tb_worker_serve(host->serves, work, host));
    } else {
        work(host);
    }
    return NULL;
}

void host_start(host *host, const tb_context *serves)
{
    host->serves = serves;
    host->closing = 0;
    CHECK_EQ(pthread_create(&host->thread, NULL, worker_thread, host), 0);
}

void host_stop(host *host)
{
    pthread_mutex_lock(&host->lock);
    host->closing = 1;
    pthread_cond_signal(&host->changed);
    pthread_mutex_unlock(&host->lock);
    CHECK_EQ(pthread_join(host->thread, NULL), 0);
}

void elsewhere(void *(*f)(void *), void *data)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, f, data), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}
