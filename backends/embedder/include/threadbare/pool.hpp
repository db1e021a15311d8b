// What a thread pool is made of.
#pragma once

#include <threadbare.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "clock.hpp"
#include "handle.hpp"
#include "mode.hpp"

#if THREADBARE_EXCEPTIONS
#include <exception>
#endif

THREADBARE_BEGIN

#if !defined(TB_NO_THREADS)
/// A thread that a pool wants, before it is one: moved to a thread of the host's, and run there. Dropped unrun, the pool does
/// without; one that has lost all its threads so closes, and rejects what is queued.
class PoolThread {
public:
    /// False once it was run, released or moved from: then the functions do nothing.
    explicit operator bool() const noexcept { return handle_.get() != nullptr; }
    /// Is the thread: runs the pool's work on the calling one, and returns when the pool has closed and all that was queued
    /// has run. The thread is the host's again then.
    void run() && noexcept { static_cast<void>(tb_pool_thread_run(handle_.out())); }
    /// Which of the pool's threads it is, from 0 on.
    size_t index() const noexcept { return tb_pool_thread_index(handle_.get()); }
    /// What it is to be called: the pool's name, a dash and the index.
    std::string name() const {
        const char* name = tb_pool_thread_name(handle_.get());
        return name == nullptr ? std::string() : std::string(name);
    }
    /// How many bytes of stack it is to have; 0 if nobody has said.
    size_t stack_size() const noexcept { return tb_pool_thread_stack_size(handle_.get()); }

    /// The C handle: whoever has it must run or drop it.
    static PoolThread adopt(tb_pool_thread* raw) noexcept { return PoolThread(raw); }
    tb_pool_thread* release() noexcept { return handle_.release(); }

private:
    explicit PoolThread(tb_pool_thread* raw) noexcept : handle_(raw) {}

    detail::Handle<tb_pool_thread, tb_pool_thread_drop> handle_;
};

/// Settings for a `ThreadPool`. Hooks for its threads' beginnings and ends are in the C header's `tb_pool_options`.
struct PoolOptions {
    /// How many threads; one per core if nothing is said. 0 is none, if there is room for guests: then work runs while one is
    /// attached, and what is left when the pool closes runs on the thread that closes it.
    std::optional<size_t> threads = std::nullopt;
    /// Room for so many threads of the host's at a time: see `ThreadPool::attach_until`.
    size_t guests = 0;
    /// What the threads are called, before a dash and their index. UTF-8.
    std::string name = {};
    /// How many bytes of stack each has; 0: the system's choice.
    size_t stack_size = 0;
    /// For how long a thread that has run out of work looks for more before it sleeps: what comes meanwhile starts sooner.
    /// Zero spares the processor. 20 microseconds if nothing is said.
    std::optional<std::chrono::nanoseconds> spin = std::nullopt;
    /// Makes the threads, if it is there: called once for each, on the thread that makes the pool, before that is made. It has
    /// the `PoolThread` run on a thread of its own, not inside of this call. Closing the pool waits for `run` to return, not for
    /// that thread to end. What it throws comes out of the pool's constructor, when the threads that were made have been run to
    /// the end.
    std::function<void(PoolThread)> spawn = nullptr;
};

namespace detail {

/// The `spawn` of some options, while a pool is made.
struct Spawning {
    const std::function<void(PoolThread)>& spawn;
#if THREADBARE_EXCEPTIONS
    std::exception_ptr thrown = nullptr;
    /// Without the thread that was to be: whoever had it has dropped it on the way out.
    void finish() const {
        if (thrown) std::rethrow_exception(thrown);
    }
#else
    void finish() const noexcept {}
#endif

    static tb_status call(void* data, tb_pool_thread* raw) noexcept {
        Spawning& self = *static_cast<Spawning*>(data);
        PoolThread thread = PoolThread::adopt(raw);
#if THREADBARE_EXCEPTIONS
        if (self.thrown) return TB_OK;
        try {
            self.spawn(std::move(thread));
        } catch (...) {
            self.thrown = std::current_exception();
        }
#else
        self.spawn(std::move(thread));
#endif
        return TB_OK;
    }

    /// The options for C; they refer to these, and to this.
    tb_pool_options describe(const PoolOptions& options) noexcept {
        tb_pool_options raw{};
        raw.size = sizeof raw;
        if (options.threads) raw.threads = *options.threads == 0 ? TB_NONE : *options.threads;
        raw.guests = options.guests;
        raw.name = options.name.empty() ? nullptr : options.name.c_str();
        raw.stack_size = options.stack_size;
        if (options.spin) {
            const std::uint64_t spin = nanoseconds(*options.spin), most = TB_NONE - 1;
            raw.spin_nanos = spin == 0 ? TB_NONE : static_cast<size_t>(spin < most ? spin : most);
        }
        if (options.spawn) {
            raw.spawn = &call;
            raw.spawn_data = this;
        }
        return raw;
    }
};

} // namespace detail
#endif

THREADBARE_END
