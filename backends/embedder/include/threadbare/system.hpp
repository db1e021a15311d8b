// A system, its main thread, and thread pools.
#pragma once

#include <threadbare.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include "context.hpp"
#include "handle.hpp"
#include "mode.hpp"
#include "processor.hpp"
#include "result.hpp"
#include "task.hpp"

THREADBARE_BEGIN

/// The proof of being on the main thread: used and dropped there, where it was made. As a context it is for closures that
/// must run *and be destroyed* on the main thread, skipped or not; only usable from there (elsewhere the task is
/// rejected). Dropping it is to leave: the main queue closes, and rejects what it holds.
class MainThread {
public:
    operator Context() const noexcept { return Context(tb_main_thread_context(handle_.get())); }

    /// Runs what was queued when it was called. The number of what ran, as in the others.
    size_t dispatch() noexcept { return counted([&](size_t* ran) { return tb_dispatch(handle_.get(), ran); }); }
    /// Runs one piece of work, and what follows from it at once. False if there was none.
    bool dispatch_one() noexcept {
        bool ran = false;
        static_cast<void>(tb_dispatch_one(handle_.get(), &ran));
        return ran;
    }
    /// Runs what is queued, and what is added meanwhile, for as long as `more()`. It must not throw.
    template <class More>
    size_t dispatch_while(More&& more) noexcept {
        using F = std::remove_reference_t<More>;
        auto call = [](void* data) noexcept -> bool { return (*static_cast<F*>(data))(); };
        void* data = const_cast<std::remove_const_t<F>*>(&more);
        return counted([&](size_t* ran) { return tb_dispatch_while(handle_.get(), call, data, ran); });
    }
    /// True if nothing is queued: costs next to nothing.
    bool is_idle() const noexcept { return tb_main_thread_is_idle(handle_.get()); }

    /// Dispatches until the outcome is there, and sleeps while there is nothing to do.
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
        const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(budget).count();
        const std::uint64_t limit = nanoseconds < 0 ? 0 : static_cast<std::uint64_t>(nanoseconds);
        return counted([&](size_t* ran) { return tb_dispatch_for(handle_.get(), limit, ran); });
    }
#endif

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
/// Threads of the library's own. Copies are the same pool; the last one closes it. As a context: its threads.
/// If it cannot be made, the constructors throw; without exceptions the pool is empty, and its work is rejected.
class ThreadPool {
public:
    /// A thread per core.
    ThreadPool() { detail::created(tb_pool_create(nullptr, handle_.out())); }
    explicit ThreadPool(size_t threads) : ThreadPool(with(threads)) {}
    /// Set `size` to `sizeof(tb_pool_options)`; names and callbacks are in the C header.
    explicit ThreadPool(const tb_pool_options& options) { detail::created(tb_pool_create(&options, handle_.out())); }

    explicit operator bool() const noexcept { return handle_.get() != nullptr; }
    operator Context() const noexcept { return worker(); }
    Context worker() const noexcept { return Context(tb_pool_worker(handle_.get())); }

    /// Lets nothing in any more, runs what is queued, and joins. From any thread, again and again; on one of the pool's
    /// own it returns at once.
    void close() noexcept { static_cast<void>(tb_pool_close(handle_.get())); }
    /// The same, but what has not started is rejected.
    void close_now() noexcept { static_cast<void>(tb_pool_close_now(handle_.get())); }

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

/// A worker and a main queue. Copies are the same system. When the last has gone, what is queued for it is rejected.
/// If it cannot be made, the constructors throw; without exceptions the system is empty, and its work is rejected.
class System {
public:
    /// On the host's job system: a (shared or unique) pointer to a `Processor`, or a closure `void(Runnable)`.
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
    /// The processor's threads.
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
