// The engine's own job system: threads, and a queue for each priority. It was here before Threadbare.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <threadbare.hpp>

enum class Priority { Frame, Streaming };

class JobSystem {
public:
    explicit JobSystem(std::size_t threads);
    /// Runs what is queued, and joins.
    ~JobSystem();

    /// False, and the job is destroyed, if the end has begun.
    bool push(Priority priority, std::function<void()> job);
    std::size_t threads() const { return threads_.size(); }

private:
    void work();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> queues_[2];
    bool closing_ = false;
    std::vector<std::thread> threads_;
};

/// All that Threadbare has to know of it: how to start a job. Loading is what it does here, so that waits behind the frame's
/// own jobs.
class StreamingJobs final : public threadbare::Processor {
public:
    /// The job system outlives every system on it.
    explicit StreamingJobs(JobSystem& jobs) : jobs_(jobs) {}
    void start_task(threadbare::Runnable runnable) override;

private:
    JobSystem& jobs_;
};
