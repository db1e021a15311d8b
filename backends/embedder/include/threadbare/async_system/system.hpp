// The system itself.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "../../threadbare.hpp"
#include "future.hpp"
#include "processor.hpp"

namespace threadbare::async_system {

/// Starts work, and dispatches the main thread's. Copies are the same system, for any thread. Closures are called and destroyed
/// on the threads that a function names; what they throw rejects the future. The last copy, of those that futures hold, too,
/// closes the main queue: what waits in it is rejected.
class AsyncSystem final {
public:
    /// The processor must not be null.
    AsyncSystem(const std::shared_ptr<ITaskProcessor>& pTaskProcessor)
        : state_(std::make_shared<impl::State>(pTaskProcessor)) {}

    /// Calls `f` with the promise, at once, here. What it throws rejects the future.
    template <class T, class F>
    Future<T> createFuture(F&& f) const {
        Promise<T> promise = createPromise<T>();
        Future<T> future = promise.getFuture();
        try {
            std::forward<F>(f)(promise);
        } catch (...) {
            promise.reject(std::current_exception());
        }
        return future;
    }
    /// A promise, whose `getFuture` may be called once.
    template <class T>
    Promise<T> createPromise() const {
        return Promise<T>(state_);
    }
    /// A future that has its value.
    template <class T>
    Future<std::decay_t<T>> createResolvedFuture(T&& value) const {
        return adopt(Task<std::decay_t<T>>::resolved(std::forward<T>(value)));
    }
    Future<void> createResolvedFuture() const { return adopt(Task<void>::resolved()); }

    /// Queues `f` for the task processor. If that throws, or drops the task, the future is rejected.
    template <class F>
    auto runInWorkerThread(F&& f) const {
        const impl::StateRef state = state_; // the closure may own this system
        return impl::future(state, run(state->worker, closure(std::forward<F>(f))));
    }
    /// Queues `f` for the main thread, or calls it at once if this is it.
    template <class F>
    auto runInMainThread(F&& f) const {
        const impl::StateRef state = state_; // as above
        if (!state->queue->is_current()) return impl::future(state, run(state->main, closure(std::forward<F>(f))));
        return impl::future(state, Task<void>::resolved().and_then(immediate, closure(std::forward<F>(f))));
    }
    /// Queues `f` for a pool. If that is gone, the future is rejected.
    template <class F>
    auto runInThreadPool(const ThreadPool& threadPool, F&& f) const {
        const impl::StateRef state = state_; // as above
        return impl::future(state, run(threadPool.worker(), closure(std::forward<F>(f))));
    }

    template <class T>
    using AllValueType = std::conditional_t<std::is_void_v<T>, void, std::vector<T>>;
    template <class... Futures>
    using AllTupleType = std::tuple<impl::unwrapped<Futures>...>;

    /// The values in order, when all have settled; or the first error by position.
    template <class T>
    Future<AllValueType<T>> all(std::vector<Future<T>>&& futures) const {
        return gather<T>(std::move(futures));
    }
    template <class T>
    Future<AllValueType<T>> all(std::vector<SharedFuture<T>>&& futures) const {
        return gather<T>(std::move(futures));
    }
    /// The same for futures of different types; none of `void`.
    template <class... Futures, class = std::enable_if_t<(!impl::Unwrapped<std::decay_t<Futures>>::plain && ...)>>
    Future<AllTupleType<Futures...>> all(Futures&&... futures) const {
        return adopt(join(std::move(futures).task()...));
    }

    /// Runs main work until there is none, on the calling thread, which is the main thread meanwhile.
    void dispatchMainThreadTasks() const {
        while (dispatchOneMainThreadTask()) {
        }
    }
    /// Runs one piece of main work, and what follows from it at once. False if there was none.
    bool dispatchOneMainThreadTask() const { return state_->queue->dispatch_one(); }

    /// While it lives, its thread is the main thread. Destroyed on that thread.
    class [[nodiscard]] MainThreadScope {
    public:
        explicit MainThreadScope(std::shared_ptr<impl::MainQueue> queue)
            : queue_(std::move(queue)), scope_(std::make_unique<impl::MainQueue::Scope>(queue_.get())) {}

    private:
        std::shared_ptr<impl::MainQueue> queue_;
        std::unique_ptr<impl::MainQueue::Scope> scope_;
    };
    /// Makes the calling thread the main thread for a while: main closures run at once then.
    MainThreadScope enterMainThread() const { return MainThreadScope(state_->queue); }

    /// Throws if there are no more threads.
    ThreadPool createThreadPool(std::int32_t numberOfThreads) const { return ThreadPool(numberOfThreads); }

    bool operator==(const AsyncSystem& other) const noexcept { return state_ == other.state_; }
    bool operator!=(const AsyncSystem& other) const noexcept { return !(*this == other); }

    /// A task of Threadbare's as a future, and the contexts for its verbs.
    template <class T>
    Future<T> adopt(Task<T> task) const noexcept {
        return Future<T>(state_, std::move(task));
    }
    Context worker() const noexcept { return state_->worker; }
    Context main() const noexcept { return state_->main; }

private:
    template <class F>
    static auto closure(F&& f) {
        return [f = std::forward<F>(f)]() mutable { return impl::call(f); };
    }
    template <class T, class Futures>
    Future<AllValueType<T>> gather(Futures&& futures) const {
        std::vector<Task<T>> tasks;
        tasks.reserve(futures.size());
        for (auto& future : futures) tasks.push_back(std::move(future).task());
        futures.clear();
        return adopt(threadbare::all(std::move(tasks)));
    }

    impl::StateRef state_;
};

} // namespace threadbare::async_system
