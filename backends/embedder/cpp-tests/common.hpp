// What the tests share.
#pragma once

#include <threadbare.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "check.hpp"

/// How often `operator new` was called, by any thread.
inline std::atomic<long> allocations{0};

/// Not so under a sanitizer or Valgrind, which have operators of their own.
inline bool allocations_are_counted() {
    const long before = allocations;
    ::operator delete(::operator new(1));
    if (allocations == before) std::printf("SKIPPED: how often is allocated (operator new is not ours)\n");
    return allocations != before;
}

/// A value that counts what is done with it. Larger than a pointer.
struct Tracked {
    static inline std::atomic<int> live{0};
    static inline std::atomic<int> copies{0};
    static inline std::atomic<int> moves{0};
    static void reset() { live = copies = moves = 0; }

    explicit Tracked(int the_number) : number(the_number) { ++live; }
    Tracked(const Tracked& other) : number(other.number) { ++live, ++copies; }
    Tracked(Tracked&& other) noexcept : number(std::exchange(other.number, -1)) { ++live, ++moves; }
    Tracked& operator=(const Tracked&) = delete;
    ~Tracked() { --live; }

    int number;
    long filler[4] = {};
};

/// Says on which thread it was destroyed, if it was not moved from.
struct Witness {
    explicit Witness(std::atomic<std::thread::id>* the_place) : place(the_place) {}
    Witness(Witness&& other) noexcept : place(std::exchange(other.place, nullptr)) {}
    Witness& operator=(Witness&&) = delete;
    ~Witness() {
        if (place != nullptr) *place = std::this_thread::get_id();
    }
    std::atomic<std::thread::id>* place;
};

/// Opened once; waited for by any.
class Gate {
public:
    void open() {
        std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return open_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
};

/// A host that runs what it was given when the test says so.
class Manual : public threadbare::Processor {
public:
    explicit Manual(std::atomic<int>* destroyed = nullptr) : destroyed_(destroyed) {}
    ~Manual() override {
        if (destroyed_ != nullptr) ++*destroyed_;
    }
    void start_task(threadbare::Runnable runnable) override {
        std::lock_guard lock(mutex_);
        queue_.push_back(std::move(runnable));
        ++started;
    }
    void release() override { ++released; }
    void main_ready() override { ++ready; }
    /// All, with what comes meanwhile. How many there were.
    int run_all() {
        int ran = 0;
        for (std::deque<threadbare::Runnable> taken = take(); !taken.empty(); taken = take()) {
            for (threadbare::Runnable& runnable : taken) std::move(runnable).run(), ++ran;
        }
        return ran;
    }
    std::deque<threadbare::Runnable> take() {
        std::lock_guard lock(mutex_);
        return std::exchange(queue_, {});
    }

    std::atomic<int> started{0};
    std::atomic<int> released{0};
    std::atomic<int> ready{0};

private:
    std::mutex mutex_;
    std::deque<threadbare::Runnable> queue_;
    std::atomic<int>* destroyed_;
};

/// The errors that the hook was told.
struct Unseen {
    static inline std::mutex mutex;
    static inline std::vector<std::string> messages;
    static void hook(const threadbare::Error& error) {
        std::lock_guard lock(mutex);
        messages.push_back(error.message());
    }
    static std::vector<std::string> take() {
        std::lock_guard lock(mutex);
        return std::exchange(messages, {});
    }
};
