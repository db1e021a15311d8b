#include "jobs.hpp"

#include <utility>

JobSystem::JobSystem(std::size_t threads) {
    for (std::size_t i = 0; i < threads; ++i) {
        threads_.emplace_back([this] { work(); });
    }
}

JobSystem::~JobSystem() {
    {
        std::lock_guard lock(mutex_);
        closing_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

bool JobSystem::push(Priority priority, std::function<void()> job) {
    {
        std::lock_guard lock(mutex_);
        if (closing_) return false;
        queues_[static_cast<std::size_t>(priority)].push_back(std::move(job));
    }
    changed_.notify_one();
    return true;
}

void JobSystem::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        auto& queue = !queues_[0].empty() ? queues_[0] : queues_[1];
        if (!queue.empty()) {
            std::function<void()> job = std::move(queue.front());
            queue.pop_front();
            lock.unlock();
            job();
            job = nullptr; // not under the lock: a destructor may queue the next
            lock.lock();
        } else if (closing_) {
            return;
        } else {
            changed_.wait(lock);
        }
    }
}

void StreamingJobs::start_task(threadbare::Runnable runnable) {
    // std::function copies what it holds, and a Runnable is moved only: it travels in a shared pointer. Refused, it is
    // dropped, which rejects the task that waits for it.
    auto job = std::make_shared<threadbare::Runnable>(std::move(runnable));
    jobs_.push(Priority::Streaming, [job] { std::move(*job).run(); });
}
