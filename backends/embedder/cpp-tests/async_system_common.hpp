// What the tests of AsyncSystem's interface share.
#pragma once

#include <threadbare_async_system.hpp>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common.hpp"

/// A thread for each task.
class Threads : public CesiumAsync::ITaskProcessor {
public:
    void startTask(std::function<void()> f) override {
        ++started;
        std::thread(std::move(f)).detach();
    }
    std::atomic<int> started{0};
};

/// Runs what it has when the test says so.
class Deferred : public CesiumAsync::ITaskProcessor {
public:
    void startTask(std::function<void()> f) override {
        std::lock_guard lock(mutex_);
        queue_.push_back(std::move(f));
    }
    size_t run() {
        std::vector<std::function<void()>> taken = take();
        for (auto& f : taken) f();
        return taken.size();
    }
    std::vector<std::function<void()>> take() {
        std::lock_guard lock(mutex_);
        return std::exchange(queue_, {});
    }

private:
    std::mutex mutex_;
    std::vector<std::function<void()>> queue_;
};

/// The message of the std::exception that a call throws.
template <class F>
static std::string thrown(F&& f) {
    try {
        f();
    } catch (const std::exception& exception) {
        return exception.what();
    }
    return "";
}
