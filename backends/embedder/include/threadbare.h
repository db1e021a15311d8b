/*
 * Threadbare's C ABI: tasks, promises and continuations, with or without threads.
 *
 * Made by `cargo xtask header` of backends/embedder: change the comments there.
 *
 * CONVENTIONS
 *
 * Answers. Functions return a tb_status; TB_OK is 0. On any other nothing was consumed or changed: what was given stays the
 * caller's, out-parameters are NULL or 0, and tb_last_error() says why. Where it is otherwise, the function says so.
 *
 * Handles. All are opaque pointers. A function that consumes a handle takes a pointer to it, and sets it to NULL or to what
 * replaces it. A NULL handle is TB_NULL; the drop functions take NULL and do nothing. In checked builds (debug builds, or
 * feature `checked`) a handle that is not alive is TB_STALE, and a drop function does nothing but set tb_last_error(); in
 * others it is undefined behaviour. Handles are for any thread, and may be used by several at once, unless their type says
 * otherwise; a call that consumes or drops one must be the last. What a call was given has to outlive that call, also if
 * callbacks run inside of it; but a dispatch or a wait may drop its tb_main_thread, what is settled its tb_promise, and what
 * runs while a pool or a clock closes, or a thread is attached to a pool, its tb_pool or tb_clock.
 *
 * Values. A value is a `void *` with a tb_destroy, which is called once, if it is not NULL (also where the pointer is NULL),
 * by whoever has the value last: on any thread. Who receives a value (a callback, or the caller of tb_task_take) owns it, and
 * knows how to destroy it: its tb_destroy is not called any more. Values cross threads.
 *
 * Callbacks. Each comes with `data` and a `destroy` for that, which is called once: after the callback has returned, or
 * instead of it; on the thread on which the callback ran, or, if it is skipped, on the thread that settles the task. With
 * tb_main_thread_context both happen on the main thread; once that has left, `data` that is skipped elsewhere is leaked.
 * Callbacks are called under no lock of the library, and may call all of its functions. They must not let an exception out: the
 * process is aborted if one does. longjmp out of one is undefined behaviour.
 *
 * Tasks are eager: work starts when it is scheduled, and goes on whether or not anybody holds its task. Each task is settled
 * exactly once: what is refused, dropped or abandoned rejects it with an error that says so.
 *
 * Interrupt handlers (without std) may settle promises and queue work; not in a checked library, which takes a spin lock.
 *
 * Panics. A panic of the library's own ends in the function that was called, which returns TB_PANICKED.
 */


#ifndef THREADBARE_H
#define THREADBARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Pools and clocks are not in every build of the library: define TB_NO_THREADS if they are not in yours. */
#if !defined(TB_NO_THREADS)
#define TB_THREADS
#endif

/** None at all, in settings where 0 is the library's choice. */
#define TB_NONE SIZE_MAX



/**
 * The library's version: major << 24 | minor << 12 | patch. `tb_version` says what was linked.
 */
#define TB_VERSION 4096

#if defined(TB_THREADS)
/**
 * A clock on the system's time, with a thread that settles tasks when theirs has come: continuations with tb_immediate run
 * there, and delay the others; name a context for more than a few instructions. All its times are in nanoseconds. For any
 * thread.
 */
typedef struct tb_clock tb_clock;
#endif

/**
 * Where a closure runs: on a job system's threads, on the main thread when it dispatches, or wherever its task is settled.
 * A clone is the same context.
 */
typedef struct tb_context tb_context;

/**
 * Why a task was rejected: reference-counted, immutable, for any thread.
 */
typedef struct tb_error tb_error;

/**
 * The main thread of a system. For its thread alone: elsewhere its functions return TB_WRONG_THREAD (with std; without, that
 * is yours to see to). Keep it for as long as the main loop runs.
 */
typedef struct tb_main_thread tb_main_thread;

#if defined(TB_THREADS)
/**
 * A pool of threads. For any thread.
 */
typedef struct tb_pool tb_pool;
#endif

#if defined(TB_THREADS)
/**
 * A thread that a pool wants, before it is one. Whoever has it must run or drop it, once, on any thread: until then the pool
 * cannot be closed to the end.
 */
typedef struct tb_pool_thread tb_pool_thread;
#endif

/**
 * The write side of a task: settles it, once. For any thread, several at once included; the first of them settles. It is
 * there until it is dropped, which must come after the last call.
 */
typedef struct tb_promise tb_promise;

/**
 * A callback's answer: a value, an error, or a task that will have either. It is there until the callback returns, and for
 * its thread alone. A callback that gives none rejects its task with TB_ERROR_ABANDONED; of two, the second is refused
 * with TB_SETTLED.
 */
typedef struct tb_reply tb_reply;

/**
 * One piece of work: run it once, on a thread of the context it was queued for. Whoever has it must run, reject or drop it.
 */
typedef struct tb_runnable tb_runnable;

/**
 * A task whose outcome many may have. For any thread.
 */
typedef struct tb_shared tb_shared;

/**
 * A worker and a main queue that belong together: what an engine makes once and passes around. For any thread.
 */
typedef struct tb_system tb_system;

/**
 * The read side: a value or an error that is there, or will be. One owner, who may pass it on to any thread.
 */
typedef struct tb_task tb_task;

/**
 * A thread that may sleep in a wait: for the before_park of a job system, and whoever wakes what that has noted.
 */
typedef struct tb_thread tb_thread;

/**
 * The values of tb_all, in the order of its tasks. It is itself the value of that task.
 */
typedef struct tb_values tb_values;

/**
 * How a function answers. On anything but TB_OK nothing was consumed or changed, and what it should have returned is
 * NULL or 0, unless it says otherwise.
 */
typedef int32_t tb_status;

/**
 * What a job system has to say to a thread that is about to sleep in a wait.
 */
typedef int32_t tb_outlook;

/**
 * The host's job system. Set `size` to sizeof(tb_processor) and what you do not need to NULL. The functions must not let an
 * exception out. `data` is used from any thread until `destroy` is called.
 */
typedef struct {
    /**
     * sizeof(tb_processor): what lies beyond is taken as NULL.
     */
    size_t size;
    /**
     * Handed to each of the functions.
     */
    void *data;
    /**
     * Required. Takes charge of `runnable`, and has it run on some thread, soon, but not inside this call. Called on any
     * thread, under no lock.
     */
    void (*start_task)(void *data, tb_runnable *runnable);
    /**
     * Is the calling thread one of yours? A continuation for this processor then runs at once. The library knows so itself
     * inside of the runnables that it runs.
     */
    bool (*is_current)(void *data);
    /**
     * Runs one queued runnable on the calling thread, false if there is none: for a wait on one of your threads, or on the
     * main thread (answer false there if main must not). Needs before_park.
     */
    bool (*run_one)(void *data);
    /**
     * The calling thread waits, has nothing to do, and is about to sleep.
     */
    tb_outlook (*before_park)(void *data);
    /**
     * It is up again: called after each before_park that did not return TB_OUTLOOK_WORK.
     */
    void (*after_park)(void *data);
    /**
     * The last system on this processor is gone: run or drop what is queued. Called once, on the thread that dropped the
     * system. Runnables may still come: drop them.
     */
    void (*release)(void *data);
    /**
     * The last call: nothing refers to `data` any more. On any thread.
     */
    void (*destroy)(void *data);
    /**
     * The system's main queue went from empty to non-empty: wake the event loop. Called on the thread that queues; must not
     * block. Not called while the main thread sleeps in a wait, which takes what comes.
     */
    void (*main_ready)(void *data);
} tb_processor;

/**
 * What sort of trouble an error is.
 */
typedef int32_t tb_error_kind;

/**
 * Destroys what `data` points to. May be NULL where one is asked for: then nothing is done. Called on any thread, unless it
 * is said which.
 */
typedef void (*tb_destroy)(void *data);

#if defined(TB_THREADS)
/**
 * Settings for a pool. Set `size` to sizeof(tb_pool_options), and the rest to 0 or NULL where you have no wish.
 */
typedef struct {
    /**
     * sizeof(tb_pool_options): what lies beyond is taken as 0 and NULL.
     */
    size_t size;
    /**
     * How many threads; 0: as many as the machine can run at once; TB_NONE: none, if there is room for guests: then work runs
     * while one is attached, and what is left when the pool closes runs on the thread that closes it.
     */
    size_t threads;
    /**
     * What they are called, before a dash and their index. UTF-8, copied.
     */
    const char *name;
    /**
     * How many bytes of stack each has; 0: the system's choice.
     */
    size_t stack_size;
    /**
     * Called on each thread before its first work.
     */
    void (*on_start)(void *data, size_t index);
    /**
     * Called on each thread after its last work.
     */
    void (*on_stop)(void *data, size_t index);
    /**
     * For these two. It must live until the pool's threads have ended.
     */
    void *data;
    /**
     * Room for so many threads of the host's at a time: see tb_pool_attach_until.
     */
    size_t guests;
    /**
     * For how many nanoseconds a thread that has run out of work looks for more before it sleeps: what comes meanwhile starts
     * sooner. One thread of the pool at a time does so. 0: the library's choice, 20 microseconds, or none on a machine with one
     * core; TB_NONE: none, which spares the processor, and the battery.
     */
    size_t spin_nanos;
    /**
     * The host makes the threads: with names, affinities or priorities of its own, or memory of its own for stacks. Called once
     * for each of `threads`, one after the other, on the thread that calls tb_pool_create, before that returns. It takes charge
     * of `thread`, and has tb_pool_thread_run called on a thread of its own, not inside this call. If it returns anything but
     * TB_OK the library has the handle back: no more threads are asked for, and tb_pool_create returns TB_SYSTEM, when the
     * threads that were made have been run, which they still must be, or dropped. Closing the pool waits for tb_pool_thread_run
     * to return, not for the host's thread to end.
     */
    tb_status (*spawn)(void *data, tb_pool_thread *thread);
    /**
     * For `spawn`.
     */
    void *spawn_data;
    /**
     * Destroys `spawn_data`, when tb_pool_create succeeds, before it returns: `spawn` is not called any more then. When it
     * fails, `spawn_data` stays yours.
     */
    tb_destroy spawn_destroy;
} tb_pool_options;
#endif

/**
 * Makes the value that a fork gets, which is destroyed as the original is. Called on any thread, by several at once.
 */
typedef void *(*tb_clone)(const void *value);

/**
 * Work of its own.
 */
typedef void (*tb_on_run)(void *data, tb_reply *reply);

/**
 * Goes on with a value, which is the callback's now.
 */
typedef void (*tb_on_value)(void *data, void *value, tb_reply *reply);

/**
 * Goes on with an error, which is the callback's now: to be dropped, or passed on.
 */
typedef void (*tb_on_error)(void *data, tb_error *error, tb_reply *reply);

/**
 * Goes on with either, which is the callback's now; `error` is NULL if the task has resolved.
 */
typedef void (*tb_on_outcome)(void *data, void *value, tb_error *error, tb_reply *reply);

/**
 * Looks at either, which is lent; `error` is NULL if the task has resolved.
 */
typedef void (*tb_on_look)(void *data, const void *value, const tb_error *error);

/**
 * Anything that is none of the others.
 */
#define TB_ERROR_OTHER 0

/**
 * The promise was dropped unsettled, or a callback gave no reply.
 */
#define TB_ERROR_ABANDONED 1

/**
 * A closure of a Rust part of the program panicked.
 */
#define TB_ERROR_PANICKED 2

/**
 * The work was called off.
 */
#define TB_ERROR_CANCELED 3

/**
 * The context was closed, or dropped the work, before it ran.
 */
#define TB_ERROR_CLOSED 4

/**
 * A wait that would have been for ever.
 */
#define TB_ERROR_DEADLOCK 5

/**
 * The context had no room for the work.
 */
#define TB_ERROR_FULL 6

/**
 * It took longer than it was allowed to.
 */
#define TB_ERROR_TIMED_OUT 7

/**
 * From now on, until after_park, new work wakes this thread (tb_thread_unpark).
 */
#define TB_OUTLOOK_SLEEP 0

/**
 * Do not sleep: there is, or may be, work already.
 */
#define TB_OUTLOOK_WORK 1

/**
 * There is nothing to do, and nothing will come but from this thread itself: if all say so, the wait ends with
 * TB_ERROR_DEADLOCK.
 */
#define TB_OUTLOOK_NEVER 2

/**
 * Done.
 */
#define TB_OK 0

/**
 * A pointer is NULL that must not be.
 */
#define TB_NULL 1

/**
 * Checked builds: not a handle, or one that was consumed or dropped already, or one of another type.
 */
#define TB_STALE 2

/**
 * An argument makes no sense: a size, a number, text that is not UTF-8.
 */
#define TB_INVALID 3

/**
 * The promise is settled already, the reply is given already, the hook is set already.
 */
#define TB_SETTLED 4

/**
 * The task ended with an error, which is handed out.
 */
#define TB_REJECTED 5

/**
 * The task is not settled yet.
 */
#define TB_PENDING 6

/**
 * For the main thread only, and this is another one.
 */
#define TB_WRONG_THREAD 7

/**
 * Not in this build of the library.
 */
#define TB_UNSUPPORTED 8

/**
 * The operating system refused: a thread cannot be started.
 */
#define TB_SYSTEM 9

/**
 * A fault of the library itself.
 */
#define TB_PANICKED 10

/**
 * The pool has no room for one thread more.
 */
#define TB_FULL 11

/**
 * The pool is closed.
 */
#define TB_CLOSED 12

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

#if defined(TB_THREADS)
/**
 * A clock that begins now. TB_SYSTEM if its thread cannot be had.
 */
tb_status tb_clock_create(tb_clock **out);
#endif

#if defined(TB_THREADS)
/**
 * Another handle of the same clock.
 */
tb_status tb_clock_clone(const tb_clock *clock, tb_clock **out);
#endif

#if defined(TB_THREADS)
/**
 * How long ago the clock began. It never goes back; 0 of NULL.
 */
uint64_t tb_clock_now(const tb_clock *clock);
#endif

#if defined(TB_THREADS)
/**
 * Rejects what is pending, on this thread or the clock's, and what comes later, with TB_ERROR_CLOSED; waits until the clock's
 * thread has ended, and helps meanwhile as tb_task_wait does. Can be called again, and by several threads. On the clock's own
 * thread it does not wait. The handle stays.
 */
tb_status tb_clock_close(const tb_clock *clock);
#endif

#if defined(TB_THREADS)
/**
 * Lets the handle go. The last one closes the clock as tb_clock_close does.
 */
void tb_clock_drop(tb_clock **clock);
#endif

#if defined(TB_THREADS)
/**
 * A task that resolves with NULL after this time, at the earliest, or is rejected with TB_ERROR_CLOSED if the clock is closed
 * before. The clock keeps it until then, also if the task is dropped.
 */
tb_status tb_delay(const tb_clock *clock,
                   uint64_t nanoseconds,
                   tb_task **out);
#endif

#if defined(TB_THREADS)
/**
 * As tb_delay, but resolves when tb_clock_now has come to `deadline`, at once if it has: for ticks that do not drift.
 */
tb_status tb_delay_until(const tb_clock *clock, uint64_t deadline, tb_task **out);
#endif

#if defined(TB_THREADS)
/**
 * Sets a limit to a task: *task is replaced by one that settles as it does, if it does so within this time, and otherwise is
 * rejected with TB_ERROR_TIMED_OUT when that is over, or with TB_ERROR_CLOSED if the clock is closed meanwhile. The work goes
 * on all the same; a value that comes too late is destroyed by the thread that settles with it, and an error is dropped.
 */
tb_status tb_timeout(const tb_clock *clock,
                     uint64_t nanoseconds,
                     tb_task **task);
#endif

/**
 * The context of whichever thread settles the task, or attaches to a settled one: the closure runs at once, there. Static:
 * never dropped.
 */
const tb_context *tb_immediate(void);

/**
 * Another handle of the same context, to keep: of a borrowed one, too.
 */
tb_status tb_context_clone(const tb_context *context, tb_context **out);

/**
 * Lets a clone, or a worker of tb_worker_create, go. Not for borrowed ones.
 */
void tb_context_drop(tb_context **context);

/**
 * Are they the same context? The main thread's own is another than the main queue's.
 */
bool tb_context_equal(const tb_context *one, const tb_context *other);

/**
 * A worker by itself, without a system: one more job system. The struct is copied.
 */
tb_status tb_worker_create(const tb_processor *processor, tb_context **out);

/**
 * Calls `f` with the calling thread marked as one of the worker's, until `f` returns: for the main function of a job
 * system's thread. Inside, continuations for this worker run at once, and waits run its work (run_one). TB_UNSUPPORTED in a
 * library without std, which then does not call `f`.
 */
tb_status tb_worker_serve(const tb_context *worker,
                          void (*f)(void *data),
                          void *data);

/**
 * Makes an error. `message` is UTF-8, and copied.
 */
tb_status tb_error_create(tb_error_kind kind, const char *message, tb_error **out);

/**
 * Makes an error that carries something. `tag` tells what: the address of a static of yours. The payload is destroyed
 * with the last handle of the error, on any thread, and may be looked at by several at once.
 */
tb_status tb_error_create_with(tb_error_kind kind,
                               const char *message,
                               const void *tag,
                               void *payload,
                               tb_destroy destroy,
                               tb_error **out);

/**
 * What sort of trouble it is; TB_ERROR_OTHER of NULL.
 */
tb_error_kind tb_error_get_kind(const tb_error *error);

/**
 * Writes the error's text, and a NUL, as far as `size` bytes go, and returns how long the whole text is without the NUL, as
 * snprintf does. Text that is cut short ends between two characters. `buffer` may be NULL if `size` is 0.
 */
size_t tb_error_message(const tb_error *error,
                        char *buffer,
                        size_t size);

/**
 * As tb_error_message, with each cause on a line of its own below: what tb_error_context was called on.
 */
size_t tb_error_trace(const tb_error *error, char *buffer, size_t size);

/**
 * What the error carries, if it was made with this tag, or an error that it was made from was; else NULL. Lives as long as
 * the handle.
 */
const void *tb_error_payload(const tb_error *error,
                             const void *tag);

/**
 * Adds a line about what was going on: that is the text then, and the error its cause; kind and payload stay. *error is
 * replaced. `line` is UTF-8, and copied.
 */
tb_status tb_error_context(tb_error **error, const char *line);

/**
 * Another handle of the same error.
 */
tb_status tb_error_clone(const tb_error *error, tb_error **out);

/**
 * Lets it go.
 */
void tb_error_drop(tb_error **error);

/**
 * Sets where an error goes that nobody can see: that of a rejected task which was dropped or detached. Once per process, best
 * before the first task; TB_SETTLED after that. Without a hook such errors are printed to standard error, where there is one.
 * The hook is called on the thread that settles or drops the task; the error is lent. `data` must live as long as the process.
 */
tb_status tb_set_error_hook(void (*hook)(void *data, const tb_error *error),
                            void *data);

#if defined(TB_THREADS)
/**
 * Lends the calling thread to the pool: runs its work, asleep while there is none, until `stop` has settled; returns as
 * tb_task_take does then, but never TB_PENDING. For the host's own threads: there must be room (`guests`).
 *
 * Meanwhile the thread is one of the pool's: continuations for the pool run at once, and waits help. Of what it has queued
 * there it may leave some behind, for others. on_start and on_stop are not called. It can be called on a main thread and
 * inside of other pools' work, which then waits; hold no lock that the work may want. The pool stays open until it returns,
 * also if the last handle is dropped: it is then closed here, at the end.
 *
 * TB_FULL: there is no room, nothing was run. TB_CLOSED: the pool was closed before `stop` had settled, and what was queued has
 * been run or rejected. With either, *stop is yours still: a task that settles as the one that it replaces.
 */
tb_status tb_pool_attach_until(const tb_pool *pool,
                               tb_task **stop,
                               void **value,
                               tb_error **error);
#endif

#if defined(TB_THREADS)
/**
 * Lends the calling thread to the pool: runs its work while `more` says so, until there is none. `more` is asked on this thread
 * before each runnable: for a thread with a little time left in its frame. `ran` gets how many were run, and may be NULL.
 * Otherwise as tb_pool_attach_until; a pool that is closed has nothing to run.
 */
tb_status tb_pool_attach_while(const tb_pool *pool,
                               bool (*more)(void *data),
                               void *data,
                               size_t *ran);
#endif

/**
 * A library that was built without std, with feature `host`, calls this and the next two, and the host defines them; no
 * other library does. Memory: for any thread, and for interrupt handlers if those settle promises or queue work. Called
 * under a lock of the library's in checked ones: it must not call the library. NULL ends in tb_host_abort.
 */
extern void *tb_host_alloc(size_t size, size_t align);

/**
 * Gives memory back, with the size and alignment that it was asked for. It must not call the library either.
 */
extern void tb_host_free(void *pointer, size_t size, size_t align);

/**
 * The library cannot go on: reports the message, and must not return.
 */
extern void tb_host_abort(const char *message);

/**
 * Makes the calling thread the main thread of a system. The first thread to enter is it for good; on others this is
 * TB_WRONG_THREAD. On that thread it can be called again, also inside of main work and after the last one was dropped, which
 * opens the queue again. (Without std only the first call gets one.)
 */
tb_status tb_main_enter(const tb_system *system,
                        tb_main_thread **out);

/**
 * On its thread: when the last one is dropped the main thread has left, and the main queue is closed: what it holds is
 * rejected and destroyed here. What comes later is rejected; `data` given with tb_main_thread_context, which no other thread may
 * destroy, is leaked if it is then skipped on one (without std: on any). Where that matters, dispatch until such tasks have
 * settled before you leave. On another thread it does nothing, and tb_last_error says so.
 */
void tb_main_thread_drop(tb_main_thread **main_thread);

/**
 * The main thread's own context: its closures may touch what belongs to the main thread, since they run there, and are
 * destroyed there even if they are skipped (or leaked: see tb_main_thread_drop). Using it elsewhere is TB_WRONG_THREAD, and a
 * clone without std once the main thread has left. Borrowed: lives as long as this handle.
 */
const tb_context *tb_main_thread_context(const tb_main_thread *main_thread);

/**
 * Is nothing queued? What is queued at the same time may or may not be seen.
 */
bool tb_main_thread_is_idle(const tb_main_thread *main_thread);

/**
 * Runs what was queued when it was called, and what follows from it in the main context. What is queued meanwhile waits for
 * the next call. `ran` gets how many were run, and may be NULL.
 */
tb_status tb_dispatch(const tb_main_thread *main_thread,
                      size_t *ran);

/**
 * Runs one queued runnable, and what follows from it in the main context; `ran` gets whether there was one, and may be NULL.
 */
tb_status tb_dispatch_one(const tb_main_thread *main_thread,
                          bool *ran);

/**
 * Runs what is queued, also meanwhile, until nothing is left or `more` says false, which is asked before each runnable and
 * each continuation that would run at once. `ran` gets how many were run, and may be NULL.
 */
tb_status tb_dispatch_while(const tb_main_thread *main_thread,
                            bool (*more)(void *data),
                            void *data,
                            size_t *ran);

/**
 * As tb_dispatch_while, for so long at most. The first runs in any case, and the last may overrun it by what it takes.
 * TB_UNSUPPORTED in a library without std.
 */
tb_status tb_dispatch_for(const tb_main_thread *main_thread, uint64_t nanoseconds, size_t *ran);

/**
 * Dispatches until the task has settled, and sleeps while there is nothing to run (without std it spins). As tb_task_wait.
 */
tb_status tb_main_thread_wait(const tb_main_thread *main_thread,
                              tb_task **task,
                              void **value,
                              tb_error **error);

/**
 * Waits for all of the tasks; resolves to a tb_values. It waits for every one, also after a rejection; the error is then the
 * first by position, and the others go to the error hook. Of no tasks it resolves at once. All entries are consumed and
 * set to NULL; if one is NULL, nothing is.
 */
tb_status tb_all(tb_task **tasks,
                 size_t count,
                 tb_task **out);

/**
 * Settles as the first of the tasks to settle does. The others go on; what comes of them is destroyed. Of no tasks it is
 * rejected. Consumes as tb_all.
 */
tb_status tb_race(tb_task **tasks,
                  size_t count,
                  tb_task **out);

/**
 * Settles with the value of the first of the tasks to resolve. The others go on; what comes of them is destroyed. If none
 * resolves it is rejected, and the error's text has all of theirs. Consumes as tb_all.
 */
tb_status tb_any(tb_task **tasks,
                 size_t count,
                 tb_task **out);

/**
 * How many there are, taken ones included.
 */
size_t tb_values_count(const tb_values *values);

/**
 * Moves a value out: it is yours then. NULL if it was taken before, or there are not so many. For one thread at a time.
 */
void *tb_values_take(tb_values *values, size_t index);

/**
 * Destroys it, and the values that were not taken.
 */
void tb_values_drop(tb_values **values);

#if defined(TB_THREADS)
/**
 * A pool. `options` may be NULL, and is copied. TB_SYSTEM if the threads cannot be had.
 */
tb_status tb_pool_create(const tb_pool_options *options, tb_pool **out);
#endif

#if defined(TB_THREADS)
/**
 * Another handle of the same pool.
 */
tb_status tb_pool_clone(const tb_pool *pool, tb_pool **out);
#endif

#if defined(TB_THREADS)
/**
 * The context of its threads. Borrowed: lives as long as this handle; clone it to keep it.
 */
const tb_context *tb_pool_worker(const tb_pool *pool);
#endif

#if defined(TB_THREADS)
/**
 * Lets nothing in any more, runs what is queued, and waits until the threads have ended; helps meanwhile as tb_task_wait
 * does. Can be called again, and by several threads. On one of the pool's own threads, or an attached one, it does not wait.
 * The handle stays.
 */
tb_status tb_pool_close(const tb_pool *pool);
#endif

#if defined(TB_THREADS)
/**
 * As tb_pool_close, but rejects what has not started with TB_ERROR_CLOSED.
 */
tb_status tb_pool_close_now(const tb_pool *pool);
#endif

#if defined(TB_THREADS)
/**
 * Lets the handle go. The last one, of all that systems have as well, closes the pool as tb_pool_close does.
 */
void tb_pool_drop(tb_pool **pool);
#endif

#if defined(TB_THREADS)
/**
 * A system whose workers are the pool's threads. The pool is closed when the last of its handles and systems is gone.
 */
tb_status tb_system_create_on_pool(const tb_pool *pool, tb_system **out);
#endif

/**
 * Makes a promise and the task that it settles.
 */
tb_status tb_promise_create(tb_promise **promise, tb_task **task);

/**
 * Settles the task with a value. TB_SETTLED if it is settled already: then the value stays yours. Continuations that are
 * where the caller is already run before this returns: not under a lock of yours.
 */
tb_status tb_promise_resolve(const tb_promise *promise,
                             void *value,
                             tb_destroy destroy);

/**
 * Settles the task with an error, which is consumed. TB_SETTLED, and nothing is consumed, if it is settled already.
 */
tb_status tb_promise_reject(const tb_promise *promise, tb_error **error);

/**
 * Frees the handle. If the task is not settled, it is rejected with TB_ERROR_ABANDONED.
 */
void tb_promise_drop(tb_promise **promise);

/**
 * Answers with a value.
 */
tb_status tb_reply_resolve(tb_reply *reply, void *value, tb_destroy destroy);

/**
 * Answers with an error, which is consumed.
 */
tb_status tb_reply_reject(tb_reply *reply, tb_error **error);

/**
 * Answers with a task, which is consumed: the callback's task settles as that one does. Not with the callback's own task, nor
 * with one that waits for that: neither would ever settle.
 */
tb_status tb_reply_task(tb_reply *reply,
                        tb_task **task);

/**
 * Runs it, and what follows from it in the same context. Sets *runnable to NULL before it runs. Not under a lock.
 */
tb_status tb_runnable_run(tb_runnable **runnable);

/**
 * Runs it, and what follows from it in the same context while `more` says so. `more` is asked on this thread before each
 * continuation that would run at once; when it has said false, what would follow is queued. For a thread with a
 * frame to finish.
 */
tb_status tb_runnable_run_while(tb_runnable **runnable,
                                bool (*more)(void *data),
                                void *data);

/**
 * Drops it unrun; its task is rejected with this error, unless an error was on its way already. For a queue that refuses.
 * Consumes both. Continuations that follow at once run on this thread.
 */
tb_status tb_runnable_reject(tb_runnable **runnable,
                             tb_error **error);

/**
 * Drops it unrun; its task is rejected with TB_ERROR_CLOSED.
 */
void tb_runnable_drop(tb_runnable **runnable);

/**
 * Lets many have the outcome of a task, which is consumed. Each fork gets what `clone` makes of the value; an error is
 * the same for all.
 */
tb_status tb_task_share(tb_task **task, tb_clone clone, tb_shared **out);

/**
 * A task with a clone of the outcome. Forks that wait settle in the order in which they were made, on the thread that settles
 * the shared task, which also clones.
 */
tb_status tb_shared_fork(const tb_shared *shared,
                         tb_task **out);

/**
 * A clone of the outcome, if it is there, as tb_task_take gives it; else TB_PENDING. For code that looks every frame: no task
 * is made.
 */
tb_status tb_shared_peek(const tb_shared *shared,
                         void **value,
                         tb_error **error);

/**
 * Another handle of the same shared task.
 */
tb_status tb_shared_clone(const tb_shared *shared, tb_shared **out);

/**
 * Lets the handle go. The original value is destroyed with the last one.
 */
void tb_shared_drop(tb_shared **shared);

/**
 * Is the outcome there?
 */
bool tb_shared_is_settled(const tb_shared *shared);

#if defined(TB_THREADS)
/**
 * Is the thread: runs the pool's work on the calling thread, and returns when the pool has closed and all that was queued has
 * run. Sets *thread to NULL first. The calling thread is the host's again then, and may go on, or end. The pool's on_start and
 * on_stop are called inside.
 */
tb_status tb_pool_thread_run(tb_pool_thread **thread);
#endif

#if defined(TB_THREADS)
/**
 * Which of the pool's threads it is, from 0 on; 0 of NULL.
 */
size_t tb_pool_thread_index(const tb_pool_thread *thread);
#endif

#if defined(TB_THREADS)
/**
 * What it is to be called, in UTF-8: the name in the pool's options, a dash and its index. NULL of NULL. Lives as long as the
 * handle: until tb_pool_thread_run is called.
 */
const char *tb_pool_thread_name(const tb_pool_thread *thread);
#endif

#if defined(TB_THREADS)
/**
 * How many bytes of stack it is to have, as in the pool's options; 0 if they do not say, and of NULL.
 */
size_t tb_pool_thread_stack_size(const tb_pool_thread *thread);
#endif

#if defined(TB_THREADS)
/**
 * Lets it go unrun: the pool does without. One that has lost all its threads so closes, and rejects what is queued with
 * TB_ERROR_CLOSED, on this thread; room for guests does not keep it open.
 */
void tb_pool_thread_drop(tb_pool_thread **thread);
#endif

/**
 * The version of the library that is linked, to be compared with TB_VERSION.
 */
uint32_t tb_version(void);

/**
 * Is this a checked library, which answers a handle that is not alive with TB_STALE?
 */
bool tb_is_checked(void);

/**
 * Why the last call on this thread that failed did so; "" if none has. Calls that succeed leave it. The text is static:
 * never free it. In a library without std: the last call on any thread.
 */
const char *tb_last_error(void);

/**
 * The name of a status, as in this header. Static; of an unknown one "TB_?".
 */
const char *tb_status_name(tb_status status);

/**
 * A system on the host's job system. The struct is copied; its `destroy` is called when nothing refers to `data` any more,
 * also if that is later than the system's end.
 */
tb_status tb_system_create(const tb_processor *processor,
                           tb_system **out);

/**
 * Another handle of the same system.
 */
tb_status tb_system_clone(const tb_system *system, tb_system **out);

/**
 * Lets it go. The last handle releases the processor (a pool then drains and joins, on this thread), and closes the main
 * queue if no main thread attends. Tasks, promises and clones of contexts may outlive the system: what they queue is rejected.
 */
void tb_system_drop(tb_system **system);

/**
 * The context of the processor's threads. Borrowed: lives as long as this handle; clone it to keep it.
 */
const tb_context *tb_system_worker(const tb_system *system);

/**
 * The main queue, to be used on any thread: runs closures on the main thread when that dispatches. Borrowed, as above.
 */
const tb_context *tb_system_main(const tb_system *system);

/**
 * A task that has its value.
 */
tb_status tb_task_resolved(void *value, tb_destroy destroy, tb_task **out);

/**
 * A task that has an error, which is consumed.
 */
tb_status tb_task_rejected(tb_error **error, tb_task **out);

/**
 * Is the outcome there? If so, what was done before the task was settled can be seen.
 */
bool tb_task_is_settled(const tb_task *task);

/**
 * The outcome, if it is there. TB_OK: *value is yours, *task NULL. TB_REJECTED: *error is yours, *task NULL. TB_PENDING: not
 * yet, the task stays. Where `value` or `error` is NULL, what it would get is destroyed.
 */
tb_status tb_task_take(tb_task **task,
                       void **value,
                       tb_error **error);

/**
 * Blocks the calling thread until the task has settled; returns as tb_task_take does, but never TB_PENDING. What the thread
 * could do meanwhile it does: on a main thread it dispatches, on a thread of a pool, or one that serves, it runs
 * that one's work; on top of your stack: hold no lock that the work may want. A wait that would be for ever ends with
 * TB_ERROR_DEADLOCK where that can be known. TB_UNSUPPORTED in a library without std: see tb_main_thread_wait.
 */
tb_status tb_task_wait(tb_task **task,
                       void **value,
                       tb_error **error);

/**
 * Lets the task go: its work goes on, its value is destroyed by the thread that settles it, its error goes to the error hook.
 */
tb_status tb_task_detach(tb_task **task);

/**
 * The same; NULL is fine.
 */
void tb_task_drop(tb_task **task);

/**
 * The calling thread. TB_UNSUPPORTED in a library without std, where waits do not sleep.
 */
tb_status tb_thread_current(tb_thread **out);

/**
 * Wakes it if it sleeps in a wait, or keeps it from the next sleep. From any thread.
 */
tb_status tb_thread_unpark(const tb_thread *thread);

/**
 * Lets the handle go.
 */
void tb_thread_drop(tb_thread **thread);

/**
 * Runs a callback in a context; the task settles as it replies. It is always queued, never run at once, so that forks
 * spread over the workers (tb_immediate has no queue: there it runs now).
 */
tb_status tb_run(const tb_context *context, tb_on_run call, void *data, tb_destroy destroy, tb_task **out);

/**
 * Goes on with the value: *task is replaced by the task that settles as the callback replies. An error passes the callback by.
 *
 * This and the other verbs: the callback runs once, in the context: at once, if the thread that settles the task (or calls
 * the verb, if it is settled) is already there, else when the context's queue gets to it.
 */
tb_status tb_and_then(tb_task **task,
                      const tb_context *context,
                      tb_on_value call,
                      void *data,
                      tb_destroy destroy);

/**
 * Goes on with an error: *task is replaced by the task that settles as the callback replies. A value passes the callback by.
 */
tb_status tb_or_else(tb_task **task,
                     const tb_context *context,
                     tb_on_error call,
                     void *data,
                     tb_destroy destroy);

/**
 * Goes on with the outcome, whichever it is: *task is replaced by the task that settles as the callback replies.
 */
tb_status tb_then(tb_task **task, const tb_context *context, tb_on_outcome call, void *data, tb_destroy destroy);

/**
 * Looks at the outcome, which passes on: *task is replaced by the task that has it after the callback has returned.
 */
tb_status tb_inspect(tb_task **task, const tb_context *context, tb_on_look call, void *data, tb_destroy destroy);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* THREADBARE_H */
