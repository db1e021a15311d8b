// Futures and promises.
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>

#include "../../threadbare.hpp"
#include "processor.hpp"

namespace threadbare::async_system {

template <class T>
class Future;
template <class T>
class SharedFuture;

namespace impl {

/// The T of a future; all else is itself.
template <class R>
struct Unwrapped {
    using type = R;
    static constexpr bool plain = true;
};
template <class T>
struct Unwrapped<Future<T>> {
    using type = T;
    static constexpr bool plain = false;
};
template <class T>
struct Unwrapped<SharedFuture<T>> : Unwrapped<Future<T>> {};
template <class R>
using unwrapped = typename Unwrapped<std::decay_t<R>>::type;

/// Calls `f`; of a future that it returns, the task.
template <class F, class... Args>
auto call(F& f, Args&&... args) {
    using R = std::decay_t<std::invoke_result_t<F&, Args&&...>>;
    if constexpr (Unwrapped<R>::plain) {
        return std::invoke(f, std::forward<Args>(args)...);
    } else {
        return std::invoke(f, std::forward<Args>(args)...).task();
    }
}

/// What a closure of a catch gets: the exception that was the cause.
template <class F>
auto catching(F&& f) {
    return [f = std::forward<F>(f)](Error error) mutable {
        try {
            error.rethrow();
        } catch (std::exception& exception) {
            return call(f, std::move(exception));
        } catch (...) {
            std::runtime_error unknown("Unknown exception");
            return call(f, static_cast<std::exception&&>(unknown));
        }
    };
}

/// A task as a future. A verb's closure has given `Task<U>` or `U`: both are `Task<U>` by now.
template <class U>
Future<U> future(const StateRef& state, Task<U> task) noexcept {
    return Future<U>(state, std::move(task));
}

/// The verbs of both sorts of future. `Self` gives `attach(context, closure)`, whose closures get the value in the way
/// of that sort, and `owned()`, a task of the T itself.
template <class Self, class T>
class Verbs {
public:
    bool isReady() const { return self().isSettled(); }

protected:
    explicit Verbs(StateRef state) noexcept : state_(std::move(state)) {}

    template <class F>
    auto inWorker(F&& f) {
        return self().attach(state_->worker, std::forward<F>(f));
    }
    template <class F>
    auto inMain(F&& f) {
        return self().attach(state_->main, std::forward<F>(f));
    }
    template <class F>
    Future<T> caught(Context where, F&& f) {
        const StateRef state = state_; // the closure may own this future
        return future<T>(state, self().owned().or_else(where, catching(std::forward<F>(f))));
    }
    T waitInMain() {
        const StateRef state = state_; // as above: what is dispatched
        return state->queue->wait(self().owned());
    }

    StateRef state_;

private:
    Self& self() noexcept { return static_cast<Self&>(*this); }
    const Self& self() const noexcept { return static_cast<const Self&>(*this); }
};

} // namespace impl

/// A value that will be there. Moved, and consumed by what continues it.
///
/// Closures run in the context of the verb's name, at once if the thread that settles (or attaches to what is settled) is
/// in it, and are destroyed right after, there; skipped ones on the thread that settles. They may throw, and return a
/// future, which is unwrapped.
template <class T>
class Future final : impl::Verbs<Future<T>, T> {
    using Verbs = impl::Verbs<Future<T>, T>;
    friend Verbs;

public:
    Future(impl::StateRef state, Task<T> task) noexcept : Verbs(std::move(state)), task_(std::move(task)) {}

    template <class F>
    auto thenInWorkerThread(F&& f) && {
        return this->inWorker(std::forward<F>(f));
    }
    template <class F>
    auto thenInMainThread(F&& f) && {
        return this->inMain(std::forward<F>(f));
    }
    template <class F>
    auto thenInThreadPool(const ThreadPool& threadPool, F&& f) && {
        return attach(threadPool.worker(), std::forward<F>(f));
    }
    template <class F>
    auto thenImmediately(F&& f) && {
        return attach(immediate, std::forward<F>(f));
    }
    template <class F>
    Future catchInMainThread(F&& f) && {
        return this->caught(this->state_->main, std::forward<F>(f));
    }
    template <class F>
    Future catchImmediately(F&& f) && {
        return this->caught(immediate, std::forward<F>(f));
    }
    /// A tuple of the values given, and this future's.
    template <class... Values>
    auto thenPassThrough(Values&&... values) && {
        std::tuple<std::decay_t<Values>...> kept(std::forward<Values>(values)...);
        return attach(immediate, [kept = std::move(kept)](T&& value) mutable {
            return std::tuple_cat(std::move(kept), std::tuple<T>(std::move(value)));
        });
    }

    /// Blocks; gives the value, or throws what rejected it.
    T wait() {
        if (this->state_->queue->is_current()) return waitInMainThread();
        return std::move(task_).wait();
    }
    /// Runs queued main work until it is there.
    T waitInMainThread() { return this->waitInMain(); }
    using Verbs::isReady;
    SharedFuture<T> share() &&;

    /// The task inside, to go on in Threadbare's own words. (A future of a task: `AsyncSystem::adopt`.)
    Task<T> task() && { return std::move(task_); }

private:
    template <class F>
    auto attach(Context where, F&& f) {
        auto closure = [f = std::forward<F>(f)](auto&&... value) mutable { return impl::call(f, std::move(value)...); };
        const impl::StateRef state = this->state_; // the closure may own this future; `where` is in the state
        return impl::future(state, std::move(task_).and_then(where, std::move(closure)));
    }
    Task<T> owned() { return std::move(task_); }
    bool isSettled() const noexcept { return task_.is_settled(); }

    Task<T> task_;
};

/// A future that many can continue, from any thread: closures get a `const T&`, which others may have at the same time, and run
/// where those of a `Future` do, in the order in which they were attached. Copies are the same; the value is destroyed on
/// the thread that lets the last one go.
template <class T>
class SharedFuture final : impl::Verbs<SharedFuture<T>, T> {
    using Verbs = impl::Verbs<SharedFuture<T>, T>;
    using Held = std::conditional_t<std::is_void_v<T>, void, std::shared_ptr<const T>>;
    friend Verbs;

public:
    SharedFuture(impl::StateRef state, SharedTask<Held> shared) noexcept
        : Verbs(std::move(state)), shared_(std::move(shared)) {}

    template <class F>
    auto thenInWorkerThread(F&& f) {
        return this->inWorker(std::forward<F>(f));
    }
    template <class F>
    auto thenInMainThread(F&& f) {
        return this->inMain(std::forward<F>(f));
    }
    template <class F>
    auto thenInThreadPool(const ThreadPool& threadPool, F&& f) {
        return attach(threadPool.worker(), std::forward<F>(f));
    }
    template <class F>
    auto thenImmediately(F&& f) {
        return attach(immediate, std::forward<F>(f));
    }
    template <class F>
    Future<T> catchInMainThread(F&& f) {
        return this->caught(this->state_->main, std::forward<F>(f));
    }
    template <class F>
    Future<T> catchImmediately(F&& f) {
        return this->caught(immediate, std::forward<F>(f));
    }
    /// A tuple of the values given, and a copy of this future's.
    template <class... Values>
    auto thenPassThrough(Values&&... values) {
        std::tuple<std::decay_t<Values>...> kept(std::forward<Values>(values)...);
        return attach(immediate, [kept = std::move(kept)](const T& value) mutable {
            return std::tuple_cat(std::move(kept), std::tuple<T>(value));
        });
    }

    /// Blocks; gives the value, which lives as long as the last copy of this future, or throws.
    decltype(auto) wait() const {
        auto held = [this] {
            auto fork = shared_.fork();
            return this->state_->queue->is_current() ? this->state_->queue->wait(std::move(fork)) : std::move(fork).wait();
        };
        if constexpr (std::is_void_v<T>) {
            held();
        } else {
            return *held();
        }
    }
    /// Runs queued main work until it is there.
    T waitInMainThread() { return this->waitInMain(); }
    using Verbs::isReady;

    /// A task of its own, with a copy of the value.
    Task<T> task() const {
        if constexpr (std::is_void_v<T>) {
            return shared_.fork();
        } else {
            return shared_.fork().map(immediate, [](Held&& held) { return T(*held); });
        }
    }

private:
    template <class F>
    auto attach(Context where, F&& f) {
        auto closure = [f = std::forward<F>(f)](auto&&... held) mutable { return impl::call(f, *held...); };
        const impl::StateRef state = this->state_; // as in `Future`
        return impl::future(state, shared_.fork().and_then(where, std::move(closure)));
    }
    Task<T> owned() { return task(); }
    bool isSettled() const noexcept { return shared_.is_settled(); }

    SharedTask<Held> shared_;
};

template <class T>
SharedFuture<T> Future<T>::share() && {
    if constexpr (std::is_void_v<T>) {
        return SharedFuture<T>(this->state_, std::move(task_).share());
    } else {
        auto held = std::move(task_).map(immediate, [](T&& value) { return std::make_shared<const T>(std::move(value)); });
        return SharedFuture<T>(this->state_, std::move(held).share());
    }
}

namespace impl {

/// Copies of a promise are one: the first to settle it wins, the last to go rejects it.
template <class T>
class PromiseOf {
public:
    explicit PromiseOf(StateRef state) : state_(std::move(state)), pair_(std::make_shared<Pair>()) {}

    /// With an exception of this type.
    template <class E>
    void reject(E error) const {
        reject(std::make_exception_ptr(std::move(error)));
    }
    void reject(const std::exception_ptr& error) const { pair_->both.promise.reject(Error::from(error)); }
    /// Once.
    Future<T> getFuture() const {
        if (pair_->taken.exchange(true)) throw std::logic_error("the future of this promise has been taken");
        return Future<T>(state_, std::move(pair_->both.task));
    }

protected:
    template <class... Value>
    void settle(Value&&... value) const {
        pair_->both.promise.resolve(std::forward<Value>(value)...);
    }

private:
    struct Pair {
        PromiseAndTask<T> both = threadbare::promise<T>();
        std::atomic<bool> taken{false};
    };
    StateRef state_;
    std::shared_ptr<Pair> pair_;
};

} // namespace impl

/// The other side of a future, for any thread. Copies are the same promise; only the first call of any of them counts. What
/// follows immediately, or in a context that the calling thread is in, runs inside of the call. The last copy that goes
/// rejects the future if none was made.
template <class T>
class Promise : public impl::PromiseOf<T> {
public:
    using impl::PromiseOf<T>::PromiseOf;
    void resolve(T&& value) const { this->settle(std::move(value)); }
    void resolve(const T& value) const { this->settle(value); }
};
template <>
class Promise<void> : public impl::PromiseOf<void> {
public:
    using PromiseOf::PromiseOf;
    void resolve() const { settle(); }
};

} // namespace threadbare::async_system
