// The host's threads, and the queue of the main thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "../../threadbare.hpp"

namespace threadbare::async_system {

/// What an engine implements to run work on threads of its own.
class ITaskProcessor {
public:
    virtual ~ITaskProcessor() = default;
    /// Calls `f` on some thread, soon. Any thread calls this, several at once, under no lock. If it throws, or `f` is destroyed
    /// uncalled, what depends on `f` is rejected; `f` itself never throws, and counts once.
    virtual void startTask(std::function<void()> f) = 0;
};

namespace impl {

/// Runs what is queued by calling the host.
class HostProcessor final : public Processor {
public:
    explicit HostProcessor(std::shared_ptr<ITaskProcessor> host) noexcept : host_(std::move(host)) {}

    void start_task(Runnable runnable) override {
        auto job = std::make_shared<Job>(std::move(runnable));
        try {
            host_->startTask([job] {
                if (!job->taken.exchange(true)) std::move(job->runnable).run();
            });
        } catch (...) {
            if (!job->taken.exchange(true)) std::move(job->runnable).reject(Error::current());
        }
    }

private:
    /// Functions are copied and called as often as a host likes; the first call counts. Never called, it is dropped.
    struct Job {
        explicit Job(Runnable work) noexcept : runnable(std::move(work)) {}
        Runnable runnable;
        std::atomic<bool> taken{false};
    };

    std::shared_ptr<ITaskProcessor> host_;
};

/// The main thread's queue. "Main thread" is whichever thread is in a scope of it.
class MainQueue final : public Processor, public std::enable_shared_from_this<MainQueue> {
public:
    /// While it lives, its thread is in the main thread's context.
    class Scope {
    public:
        explicit Scope(const MainQueue* queue) noexcept : queue_(queue), outer_(std::exchange(innermost(), this)) {}
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;
        ~Scope() {
            Scope** place = &innermost();
            while (*place != this) place = &(*place)->outer_;
            *place = outer_;
        }

    private:
        friend class MainQueue;
        static Scope*& innermost() noexcept {
            static thread_local Scope* scope = nullptr;
            return scope;
        }

        const MainQueue* queue_;
        Scope* outer_;
    };

    void start_task(Runnable runnable) override {
        std::lock_guard lock(mutex_);
        if (closed_) return; // the runnable is dropped by the caller, outside of the lock
        queue_.push_back(std::move(runnable));
        changed_.notify_all();
    }

    bool is_current() override {
        const Scope* scope = Scope::innermost();
        while (scope != nullptr && scope->queue_ != this) scope = scope->outer_;
        return scope != nullptr;
    }

    bool dispatch_one() {
        std::unique_lock lock(mutex_);
        if (queue_.empty()) return false;
        run_next(lock);
        return true;
    }

    /// Runs what is queued until the task settles, and sleeps in between.
    template <class T>
    T wait(Task<T> task) {
        bool done = false; // as long as it is not set we are here
        auto tell = [self = shared_from_this(), &done](const View<T>&) {
            std::lock_guard lock(self->mutex_);
            done = true;
            self->changed_.notify_all();
        };
        Task<T> told = std::move(task).inspect(immediate, std::move(tell));
        if (!told.is_settled()) {
            for (;;) {
                std::unique_lock lock(mutex_);
                changed_.wait(lock, [&] { return done || !queue_.empty(); });
                if (done) break;
                run_next(lock);
            }
        }
        return std::move(told).wait();
    }

    /// Rejects what is queued, and what comes.
    void close() {
        std::deque<Runnable> rejected;
        std::lock_guard lock(mutex_);
        closed_ = true;
        rejected.swap(queue_);
    }

private:
    void run_next(std::unique_lock<std::mutex>& lock) {
        Runnable next = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        Scope scope(this);
        std::move(next).run();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Runnable> queue_;
    bool closed_ = false;
};

/// What all copies of a system share, and its futures refer to.
struct State {
    explicit State(std::shared_ptr<ITaskProcessor> host)
        : queue(std::make_shared<MainQueue>()), worker(threadbare::worker(std::make_shared<HostProcessor>(std::move(host)))),
          main(threadbare::worker(queue)) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { queue->close(); }

    std::shared_ptr<MainQueue> queue;
    KeptContext worker;
    KeptContext main;
};

using StateRef = std::shared_ptr<State>;

} // namespace impl

/// Threads for `runInThreadPool` and `thenInThreadPool`. Copies are the same pool; the last runs what is queued, and joins.
class ThreadPool {
public:
    ThreadPool(std::int32_t numberOfThreads)
        : pool_(static_cast<size_t>(numberOfThreads < 1 ? 1 : numberOfThreads)) {}

    Context worker() const noexcept { return pool_.worker(); }

private:
    threadbare::ThreadPool pool_;
};

} // namespace threadbare::async_system
