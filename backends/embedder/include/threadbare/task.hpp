// Tasks and their verbs.
#pragma once

#include <threadbare.h>

#include <optional>
#include <type_traits>
#include <utility>

#include "context.hpp"
#include "error.hpp"
#include "handle.hpp"
#include "mode.hpp"
#include "result.hpp"
#include "value.hpp"
#include "verbs.hpp"

THREADBARE_BEGIN

template <class T>
class SharedTask;

/// A T or an `Error` that is there, or will be. Moved, never copied; T need not be copyable. Dropping it neither cancels
/// nor blocks.
///
/// A verb consumes the task and gives the one of what follows. Its closure is called at most once, on the threads of the
/// context, and destroyed right after, there. If it is skipped, it is destroyed on the thread that settles the task, or
/// on the main thread if it was given to a `MainThread`. Values are moved into the closure; one that nobody takes is
/// destroyed on the thread that drops its task. A closure that throws rejects what follows with its exception.
///
/// Closures that are trivially copyable and no larger than a pointer need no allocation, others one; so do values. What
/// moving a closure in throws comes out of the verb, and the task stays as it was.
///
/// An empty task (moved from, released, taken) is never settled; what a verb makes of it, and a wait for it, is an error.
/// One thread at a time may use a task; that may be another each time.
template <class T>
class [[nodiscard]] Task {
    static_assert(!std::is_same_v<T, Error>, "an error is no value: return a Result");

public:
    using Value = T;

    /// A task that has its value, which is made of the arguments, here. What its constructor throws comes out.
    template <class... Args>
    static Task resolved(Args&&... args) {
        void* value = detail::Slot<T>::put(std::forward<Args>(args)...);
        Task task(nullptr);
        if (tb_task_resolved(value, detail::Slot<T>::destroy, task.handle_.out()) == TB_OK) return task;
        detail::Slot<T>::free(value);
        return rejected(Error::last());
    }
    /// A task that has an error. If it is dropped, that goes to the error hook.
    static Task rejected(Error error) noexcept {
        tb_error* raw = detail::rejection(std::move(error));
        Task task(nullptr);
        if (tb_task_rejected(&raw, task.handle_.out()) != TB_OK) tb_error_drop(&raw);
        return task;
    }

    /// `T -> U`. What it returns is the value, as it is. An error passes the closure by.
    template <class F>
    auto map(Context where, F&& f) && {
        using U = detail::called<F, T>;
        static_assert(detail::Unwrapped<U>::plain, "a closure that returns a Task or Result is for and_then");
        return follow<U, detail::OnValue<std::decay_t<F>, T, U>>(tb_and_then, where, std::forward<F>(f));
    }
    /// `T -> Task<U>`, `Result<U>` or `U`: unwrapped. An error passes the closure by.
    template <class F>
    auto and_then(Context where, F&& f) && {
        using U = detail::unwrapped<detail::called<F, T>>;
        return follow<U, detail::OnValue<std::decay_t<F>, T, U>>(tb_and_then, where, std::forward<F>(f));
    }
    /// `Error -> T`. A value passes the closure by.
    template <class F>
    Task catch_(Context where, F&& f) && {
        static_assert(detail::Unwrapped<detail::called<F, Error>>::plain,
                      "a closure that returns a Task or Result is for or_else");
        return std::move(*this).or_else(where, std::forward<F>(f));
    }
    /// `Error -> Task<T>`, `Result<T>` or `T`: unwrapped. A value passes the closure by.
    template <class F>
    Task or_else(Context where, F&& f) && {
        return follow<T, detail::OnError<std::decay_t<F>, T>>(tb_or_else, where, std::forward<F>(f));
    }
    /// `Result<T> -> Task<U>`, `Result<U>` or `U`: unwrapped. Called with either; skipped only if the context is closed.
    template <class F>
    auto then(Context where, F&& f) && {
        using U = detail::unwrapped<detail::called<F, Result<T>>>;
        return follow<U, detail::OnOutcome<std::decay_t<F>, T, U>>(tb_then, where, std::forward<F>(f));
    }
    /// `const View<T>& -> void`: looks on while the outcome passes. What it throws goes to the error hook.
    template <class F>
    Task inspect(Context where, F&& f) && {
        return follow<T, detail::OnLook<std::decay_t<F>, T>>(tb_inspect, where, std::forward<F>(f));
    }

    /// Is the outcome there? If so, all that was done before the task was settled can be seen.
    bool is_settled() const noexcept { return tb_task_is_settled(handle_.get()); }
    /// The outcome if it is there; the task is empty then. Of an empty task an error.
    std::optional<Result<T>> try_take() {
        void* value = nullptr;
        tb_error* error = nullptr;
        const tb_status status = tb_task_take(handle_.out(), &value, &error);
        if (status == TB_PENDING) return std::nullopt;
        return detail::received<T>(status, value, error);
    }
#if !defined(TB_NO_THREADS)
    /// Blocks until the outcome is there. On the main thread it dispatches, on a pool's it runs the pool's work, on top of the
    /// caller's stack: hold no lock that the work may want. A wait that would be for ever is `TB_ERROR_DEADLOCK` where that
    /// can be known.
    Result<T> try_wait() && {
        void* value = nullptr;
        tb_error* error = nullptr;
        const tb_status status = tb_task_wait(handle_.out(), &value, &error);
        return detail::received<T>(status, value, error);
    }
    /// The same: the value, or it throws the exception that was the cause (else `Exception`). Without exceptions a Result.
    detail::Waited<T> wait() && { return detail::waited(std::move(*this).try_wait()); }
#endif
    /// Lets it go on by itself: the same as dropping it, said aloud. Its error goes to the error hook.
    void detach() && noexcept { static_cast<void>(tb_task_detach(handle_.out())); }

    /// Makes many of one: each fork gets a copy of the value. Copies are made on the threads that settle, fork or peek, perhaps
    /// on several at once, and must not throw: the process ends.
    SharedTask<T> share() &&;

    /// The C handle, for code on the other side of the C interface, or of another mode; whose T is the same type.
    static Task adopt(tb_task* raw) noexcept { return Task(raw); }
    tb_task* release() noexcept { return handle_.release(); }

private:
    using Handle = detail::Handle<tb_task, tb_task_drop>;
    explicit Task(tb_task* raw) noexcept : handle_(raw) {}

    template <class U, class Callback, class Verb, class F>
    Task<U> follow(Verb verb, Context where, F&& f) {
        using Closure = detail::Slot<std::decay_t<F>>;
        void* data = Closure::put(std::forward<F>(f));
        tb_task* task = handle_.release(); // a closure that runs at once may own what this task lives in
        if (verb(&task, where.raw(), &Callback::call, data, Closure::destroy) == TB_OK) return Task<U>::adopt(task);
        Error error = Error::last();
        handle_ = Handle(task);
        Closure::free(data);
        return Task<U>::rejected(std::move(error));
    }

    Handle handle_;
};

/// Runs a closure in a context: always queued, never at once (`immediate` has no queue: now). What it returns is unwrapped
/// as in `and_then`. It is called and destroyed on a thread of the context; if that is closed, destroyed here, and the task
/// rejected with `TB_ERROR_CLOSED`.
template <class F>
auto run(Context where, F&& f) {
    using Closure = detail::Slot<std::decay_t<F>>;
    using U = detail::unwrapped<detail::called<F, void>>;
    void* data = Closure::put(std::forward<F>(f));
    tb_task* task = nullptr;
    if (tb_run(where.raw(), &detail::OnRun<std::decay_t<F>, U>::call, data, Closure::destroy, &task) == TB_OK) {
        return Task<U>::adopt(task);
    }
    Error error = Error::last();
    Closure::free(data);
    return Task<U>::rejected(std::move(error));
}

THREADBARE_END
