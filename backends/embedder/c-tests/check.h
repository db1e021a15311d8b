/* What all tests use: checks, values that count themselves, closures that tell what became of them, a host with a queue.
 * A check that does not hold says so and ends the program. */
#ifndef TB_CHECK_H
#define TB_CHECK_H

#include <pthread.h>
#include <threadbare.h>

#define CHECK(holds) check_holds((holds), __FILE__, __LINE__, #holds)
#define CHECK_EQ(left, right) check_equal((long long)(left), (long long)(right), __FILE__, __LINE__, #left " == " #right)
/* A call that must end with this status. */
#define GIVES(status, call) check_status((status), (call), __FILE__, __LINE__, #call)
#define OK(call) GIVES(TB_OK, call)

void check_holds(int holds, const char *file, int line, const char *what);
void check_equal(long long left, long long right, const char *file, int line, const char *what);
void check_status(tb_status expected, tb_status status, const char *file, int line, const char *what);

/* What is being tested, for messages. */
extern const char *check_current;

/* One test: it must leave no thing behind. */
typedef struct check_test {
    const char *name;
    void (*run)(void);
} check_test;

extern const check_test error_tests[], promise_tests[], verb_tests[], context_tests[], combine_tests[], main_tests[],
    pool_tests[], thread_tests[], misuse_tests[], guest_tests[], timer_tests[];

/* ---- Values */

void *thing(long number);
void thing_destroy(void *thing);
long thing_number(const void *thing);
/* Destroys it and returns its number. */
long thing_take(void *thing);
long things_alive(void);
/* A `tb_clone`. */
void *thing_clone(const void *thing);

/* An error with this text. */
tb_error *trouble(const char *message);
/* Checks the kind, and drops it. */
void expect_error(tb_error **error, tb_error_kind kind);
/* Take the outcome of a settled task, and check it. */
void expect_number(tb_task **task, long number);
void expect_rejected(tb_task **task, tb_error_kind kind);

/* ---- Closures */

/* What became of a closure; `destroyed` counts the calls of its destructor. */
typedef struct note {
    int called, destroyed;
    pthread_t called_on, destroyed_on;
    long number;      /* what it saw: the value's number, or a NULL value's 0 */
    tb_error_kind kind; /* or the kind of the error */
    tb_task *task;    /* what `note_returns_task` answers with */
    const tb_context *context;
    tb_promise *promise;
} note;

void note_destroy(void *note);
/* Answers with a thing: the number in `note`, which it looks up before it is overwritten. */
void note_run(void *note, tb_reply *reply);
/* Answer with the value's number plus one. */
void note_adds_one(void *note, void *value, tb_reply *reply);
/* Answers with thing 100, and drops the error. */
void note_recovers(void *note, tb_error *error, tb_reply *reply);
/* Passes either outcome on. */
void note_passes_on(void *note, void *value, tb_error *error, tb_reply *reply);
void note_looks(void *note, const void *value, const tb_error *error);
/* Says nothing: the task is abandoned. */
void note_is_silent(void *note, tb_reply *reply);
/* Rejects with "no". */
void note_rejects(void *note, void *value, tb_reply *reply);
/* Answers with `task`. */
void note_returns_task(void *note, tb_reply *reply);
/* Checks that it was called and destroyed this often; it never is destroyed twice. */
void note_expect(const note *note, int called, int destroyed);

/* ---- A host: a queue that the test runs by hand, or a thread of its own */

typedef struct host {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    tb_runnable *queue[256];
    size_t first, count;
    int closing, refuses, released, destroyed;
    pthread_t thread;
    const tb_context *serves; /* a worker that its thread is marked as */
} host;

void host_init(host *host);
tb_processor host_processor(host *host);
/* From now on it drops what it gets, or takes it again. */
void host_refuse(host *host, bool refuses);
/* Runs one; false if there is none. */
bool host_run_one(host *host);
size_t host_run(host *host);
/* Takes the oldest without running it, or NULL. */
tb_runnable *host_take(host *host);
/* A thread runs what is queued until `host_stop`, which joins it. */
void host_start(host *host, const tb_context *serves);
void host_stop(host *host);
void host_free(host *host);
/* Calls `f` on another thread, and waits for it. */
void elsewhere(void *(*f)(void *), void *data);

#endif
