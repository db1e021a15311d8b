// A system, its main thread, and thread pools.
#pragma once

#include <threadbare.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include "clock.hpp"
#include "context.hpp"
#include "handle.hpp"
#include "mode.hpp"
#include "pool.hpp"
#include "processor.hpp"
#include "result.hpp"
#include "task.hpp"

THREADBARE_BEGIN

/// The proof of being on the main thread: used and dropped there, where it was made. As a context it is for closures that
/// must run *and be destroyed* on the main thread, skipped or not; only usable from there (elsewhere the task is
/// rejected). Dropping the last is to leave: the main queue closes, rejects what it holds, and destroys that here; such closures
/// as are skipped on another thread after that are leaked, so dispatch until their tasks have settled. On another thread
/// dropping it does nothing, and the dispatches run nothing.
class MainThread {
public:
    /// As a context, for as long as this lives.
    operator Context() const noexcept { return Context(tb_main_thread_context(handle_.get())); }

    /// Runs what was queued when it was called, and what follows from it at once. The number of what ran, as in the others.
    size_t dispatch() noexcept { return counted([&](size_t* ran) { return tb_dispatch(handle_.get(), ran); }); }
    /// Runs one piece of work, and what follows from it at once. False if there was none.
    bool dispatch_one() noexcept {
        bool ran = false;
        static_cast<void>(tb_dispatch_one(handle_.get(), &ran));
        return ran;
    }
    /// Runs what is queued, and what is added meanwhile, for as long as `more()`, which is asked before each; it must not throw.
    template <class More>
    size_t dispatch_while(More&& more) noexcept {
        using F = std::remove_reference_t<More>;
        auto call = [](void* data) noexcept -> bool { return (*static_cast<F*>(data))(); };
        void* data = const_cast<std::remove_const_t<F>*>(&more);
        return counted([&](size_t* ran) { return tb_dispatch_while(handle_.get(), call, data, ran); });
    }
    /// True if nothing is queued: costs next to nothing.
    bool is_idle() const noexcept { return tb_main_thread_is_idle(handle_.get()); }

    /// Dispatches until the outcome is there, and sleeps while there is nothing to do. Errors as those of `Task::try_wait`.
    template <class T>
    Result<T> try_wait(Task<T> task) {
        void* value = nullptr;
        tb_error* error = nullptr;
        tb_task* raw = task.release();
        const tb_status status = tb_main_thread_wait(handle_.get(), &raw, &value, &error);
        task = Task<T>::adopt(raw);
        return detail::received<T>(status, value, error);
    }
    /// The same: the value, or it throws as `Task::wait`. Without exceptions a Result.
    template <class T>
    detail::Waited<T> wait(Task<T> task) {
        return detail::waited(try_wait(std::move(task)));
    }
#if !defined(TB_NO_THREADS)
    /// Runs what is queued, and what is added meanwhile, within a budget; the first in any case.
    template <class Rep, class Period>
    size_t dispatch_for(std::chrono::duration<Rep, Period> budget) noexcept {
        const std::uint64_t limit = detail::nanoseconds(budget);
        return counted([&](size_t* ran) { return tb_dispatch_for(handle_.get(), limit, ran); });
    }
#endif

    /// The C handle.
    static MainThread adopt(tb_main_thread* raw) noexcept { return MainThread(raw); }
    tb_main_thread* release() noexcept { return handle_.release(); }

private:
    explicit MainThread(tb_main_thread* raw) noexcept : handle_(raw) {}

    template <class Dispatch>
    static size_t counted(Dispatch dispatch) noexcept {
        size_t ran = 0;
        static_cast<void>(dispatch(&ran));
        return ran;
    }

    detail::Handle<tb_main_thread, tb_main_thread_drop> handle_;
};

#if !defined(TB_NO_THREADS)
/// Threads of the library's own. Copies are the same pool, for any thread; the last one, of all that systems have as well,
/// closes it as `close` does. As a context: its threads, where closures run and are destroyed. If it cannot be made, the
/// constructors throw; without exceptions the pool is empty, and its work is rejected.
///
/// What still runs while the last one is destroyed must not use this object, which is going: give it `worker().keep()`, or
/// `close` first.
class ThreadPool {
public:
    /// A thread per core.
    ThreadPool() { detail::created(tb_pool_create(nullptr, handle_.out())); }
    /// So many threads; 0, as in C: one per core. (A pool with none has `PoolOptions` that say so.)
    explicit ThreadPool(size_t threads) : ThreadPool(with(threads)) {}
    /// Set `size` to `sizeof(tb_pool_options)`; names and callbacks are in the C header.
    explicit ThreadPool(const tb_pool_options& options) { detail::created(tb_pool_create(&options, handle_.out())); }
    /// With settings; what is not set is the library's choice.
    explicit ThreadPool(const PoolOptions& options) {
        detail::Spawning spawning{options.spawn};
        const tb_pool_options raw = spawning.describe(options);
        detail::created(tb_pool_create(&raw, handle_.out()));
        spawning.finish();
    }

    explicit operator bool() const noexcept { return handle_.get() != nullptr; }
    operator Context() const noexcept { return worker(); }
    Context worker() const noexcept { return Context(tb_pool_worker(handle_.get())); }

    /// Lets nothing in any more, runs what is queued, and joins; helps meanwhile, as a wait does. From any thread, again and
    /// again; on one of the pool's own it returns at once. What comes later is rejected with `TB_ERROR_CLOSED`.
    void close() noexcept { static_cast<void>(tb_pool_close(handle_.get())); }
    /// The same, but what has not started is rejected, and destroyed here.
    void close_now() noexcept { static_cast<void>(tb_pool_close_now(handle_.get())); }

    /// Lends the calling thread to the pool: runs its work, asleep while there is none, until `stop` has settled; what it has
    /// then. For the host's own threads, if there is room (`PoolOptions::guests`). Meanwhile continuations for the pool run at
    /// once on this thread, and waits help. The pool stays open until it returns.
    ///
    /// `TB_ERROR_FULL`: there was no room, nothing was run. `TB_ERROR_CLOSED`: the pool was closed before `stop` had settled, and
    /// what was queued has been run or rejected. With either, `stop` is not consumed.
    template <class T>
    Result<T> try_attach_until(Task<T>&& stop) const {
        void* value = nullptr;
        tb_error* error = nullptr;
        tb_task* raw = stop.release();
        const tb_status status = tb_pool_attach_until(handle_.get(), &raw, &value, &error);
        stop = Task<T>::adopt(raw);
        if (status == TB_FULL) return Error(TB_ERROR_FULL, tb_last_error());
        if (status == TB_CLOSED) return Error(TB_ERROR_CLOSED, tb_last_error());
        return detail::received<T>(status, value, error);
    }
    /// The same: the value, or it throws as `Task::wait`. Without exceptions a Result.
    template <class T>
    detail::Waited<T> attach_until(Task<T>&& stop) const {
        return detail::waited(try_attach_until(std::move(stop)));
    }
    /// Lends the calling thread to the pool: runs its work for as long as `more()`, which is asked before each, and there is
    /// some; it must not throw. The number of what ran; nothing if there is no room.
    template <class More>
    std::optional<size_t> attach_while(More&& more) const noexcept {
        using F = std::remove_reference_t<More>;
        auto call = [](void* data) noexcept -> bool { return (*static_cast<F*>(data))(); };
        size_t ran = 0;
        void* data = const_cast<std::remove_const_t<F>*>(&more);
        if (tb_pool_attach_while(handle_.get(), call, data, &ran) != TB_OK) return std::nullopt;
        return ran;
    }

    tb_pool* raw() const noexcept { return handle_.get(); }

private:
    static tb_pool_options with(size_t threads) noexcept {
        tb_pool_options options{};
        options.size = sizeof options;
        options.threads = threads;
        return options;
    }

    detail::SharedHandle<tb_pool, tb_pool_drop, tb_pool_clone> handle_;
};
#endif

/// A worker and a main queue. Copies are the same system, for any thread. The last releases the processor (a pool drains and
/// joins, on this thread), and closes the main queue if no main thread attends: what comes later is rejected. If it cannot
/// be made, the constructors throw; without exceptions the system is empty, and its work is rejected.
///
/// What still runs while the last one is destroyed must not use this object, which is going: give it `worker().keep()` and
/// `main().keep()`.
class System {
public:
    /// On the host's job system: a (shared or unique) pointer to a `Processor`, not null, or a closure `void(Runnable)`, which
    /// is called on any thread, by several at once.
    template <class P, class = decltype(detail::as_processor(std::declval<P>()))>
    explicit System(P processor) {
        tb_processor raw = detail::ProcessorData::describe(detail::as_processor(std::move(processor)));
        const tb_status status = tb_system_create(&raw, handle_.out());
        if (status != TB_OK) raw.destroy(raw.data);
        detail::created(status);
    }
#if !defined(TB_NO_THREADS)
    /// On a pool, which the system keeps open.
    explicit System(const ThreadPool& pool) { detail::created(tb_system_create_on_pool(pool.raw(), handle_.out())); }
#endif

    explicit operator bool() const noexcept { return handle_.get() != nullptr; }
    /// The processor's threads. A skipped closure is destroyed on the thread that settles.
    Context worker() const noexcept { return Context(tb_system_worker(handle_.get())); }
    /// The main thread when it dispatches, from anywhere. A skipped closure is destroyed on the thread that settles.
    Context main() const noexcept { return Context(tb_system_main(handle_.get())); }
    /// Makes the calling thread the main thread. The first that enters is it for good: none on any other.
    std::optional<MainThread> enter() const noexcept {
        tb_main_thread* raw = nullptr;
        if (tb_main_enter(handle_.get(), &raw) != TB_OK) return std::nullopt;
        return MainThread::adopt(raw);
    }

    friend bool operator==(const System& a, const System& b) noexcept { return a.main() == b.main(); }
    friend bool operator!=(const System& a, const System& b) noexcept { return !(a == b); }

private:
    detail::SharedHandle<tb_system, tb_system_drop, tb_system_clone> handle_;
};

THREADBARE_END
