// What a host supplies: threads of its own.
#pragma once

#include <threadbare.h>

#include <memory>
#include <type_traits>
#include <utility>

#include "context.hpp"
#include "error.hpp"
#include "handle.hpp"
#include "mode.hpp"
#include "thread.hpp"
#include "value.hpp"

THREADBARE_BEGIN

/// A piece of work, to be run once, on a thread of the processor's. Dropped unrun, on any thread, its closure is destroyed
/// there, and what depends on it rejected with `TB_ERROR_CLOSED`. Run and drop it under no lock: continuations may follow.
class Runnable {
public:
    /// False once it was run, rejected, released or moved from: then the functions do nothing.
    explicit operator bool() const noexcept { return handle_.get() != nullptr; }
    /// Runs it on the calling thread, and the continuations for the same processor that follow.
    void run() && noexcept { static_cast<void>(tb_runnable_run(handle_.out())); }
    /// Runs it, and the continuations that would follow at once for as long as `more()`, which is asked on the calling thread
    /// and must not throw; the others are queued.
    template <class More>
    void run_while(More&& more) && {
        using F = std::remove_reference_t<More>;
        auto call = [](void* data) noexcept -> bool { return (*static_cast<F*>(data))(); };
        static_cast<void>(tb_runnable_run_while(handle_.out(), call, const_cast<std::remove_const_t<F>*>(&more)));
    }
    /// Rejects what depends on it, unless an error was on its way already. The closure is destroyed on the calling thread.
    void reject(Error error) && noexcept {
        tb_error* raw = detail::rejection(std::move(error));
        if (tb_runnable_reject(handle_.out(), &raw) != TB_OK) tb_error_drop(&raw);
    }

    /// The C handle: whoever has it must run, reject or drop it.
    static Runnable adopt(tb_runnable* raw) noexcept { return Runnable(raw); }
    tb_runnable* release() noexcept { return handle_.release(); }

private:
    explicit Runnable(tb_runnable* raw) noexcept : handle_(raw) {}

    detail::Handle<tb_runnable, tb_runnable_drop> handle_;
};

/// The host's job system. Called on any thread, by several at once, under no lock of the library; the last call is the
/// destructor's, on whichever thread lets go of the last thing that refers to it: a system, a kept context, a queued
/// runnable. Nothing but `start_task` may throw: the process ends.
class Processor {
public:
    virtual ~Processor() = default;

    /// Runs it on some thread, soon, not inside of this call. What cannot be run, drop. (If this throws, it is dropped.)
    virtual void start_task(Runnable runnable) = 0;
    /// Is the calling thread one of mine? A continuation for this processor then runs at once. (Inside of a runnable the
    /// library knows so itself.)
    virtual bool is_current() { return false; }
    /// May waits on my threads run my work? Asked once. If so, the next three are called.
    virtual bool helps() { return false; }
    /// Runs one piece of queued work on the calling thread, if there is one.
    virtual bool run_one() { return false; }
    /// The calling thread found nothing and is about to park: from now on, until `after_park`, new work must `unpark` its
    /// `Thread::current()` (`TB_OUTLOOK_SLEEP`); or there is work (`TB_OUTLOOK_WORK`); or nothing will ever come
    /// (`TB_OUTLOOK_NEVER`): then the wait fails with `TB_ERROR_DEADLOCK` if all say so. Called under no lock.
    virtual tb_outlook before_park() { return TB_OUTLOOK_WORK; }
    /// It is up again: called on the same thread, after each `before_park` that did not say `TB_OUTLOOK_WORK`.
    virtual void after_park() {}
    /// The last system is gone: run or drop what is queued, and refuse what comes. Once, on the thread that dropped it.
    virtual void release() {}
    /// The main queue is no longer empty: wake the main loop. On the thread that queues; must not block.
    virtual void main_ready() {}
};

namespace detail {

/// The shared pointer behind the `data` of a C processor.
struct ProcessorData {
    using Slot = detail::Slot<std::shared_ptr<Processor>>;
    static Processor& get(void* data) noexcept { return **static_cast<std::shared_ptr<Processor>*>(data); }

    static void start_task(void* data, tb_runnable* raw) noexcept {
        Runnable runnable = Runnable::adopt(raw);
#if THREADBARE_EXCEPTIONS
        try {
            get(data).start_task(std::move(runnable));
        } catch (...) { // whoever has the runnable has dropped it on the way out, and its task is rejected
        }
#else
        get(data).start_task(std::move(runnable));
#endif
    }
    static bool is_current(void* data) noexcept { return get(data).is_current(); }
    static bool run_one(void* data) noexcept { return get(data).run_one(); }
    static tb_outlook before_park(void* data) noexcept { return get(data).before_park(); }
    static void after_park(void* data) noexcept { get(data).after_park(); }
    static void release(void* data) noexcept { get(data).release(); }
    static void main_ready(void* data) noexcept { get(data).main_ready(); }

    static tb_processor describe(std::shared_ptr<Processor> processor) {
        const bool helps = processor->helps();
        tb_processor raw{};
        raw.size = sizeof raw;
        raw.data = Slot::put(std::move(processor));
        raw.start_task = &start_task;
        raw.is_current = &is_current;
        if (helps) {
            raw.run_one = &run_one;
            raw.before_park = &before_park;
            raw.after_park = &after_park;
        }
        raw.release = &release;
        raw.destroy = Slot::destroy;
        raw.main_ready = &main_ready;
        return raw;
    }
};

/// A closure as a processor.
template <class F>
class ClosureProcessor final : public Processor {
public:
    explicit ClosureProcessor(F start) : start_(std::move(start)) {}
    void start_task(Runnable runnable) override { start_(std::move(runnable)); }

private:
    F start_;
};

template <class P>
std::shared_ptr<Processor> as_processor(std::shared_ptr<P> processor) noexcept {
    return processor;
}
template <class P>
std::shared_ptr<Processor> as_processor(std::unique_ptr<P> processor) {
    return std::shared_ptr<Processor>(std::move(processor));
}
template <class F, class = std::enable_if_t<std::is_invocable_v<F&, Runnable>>>
std::shared_ptr<Processor> as_processor(F start) {
    return std::make_shared<ClosureProcessor<F>>(std::move(start));
}

/// Without exceptions the handle stays empty, and every use of it is rejected with the reason.
inline void created(tb_status status) {
#if THREADBARE_EXCEPTIONS
    if (status != TB_OK) throw Exception(Error::last());
#else
    static_cast<void>(status);
#endif
}

} // namespace detail

/// A worker by itself, without a system: the threads of one processor. Takes a (shared or unique) pointer to a `Processor`,
/// not null, or a closure `void(Runnable)`: a `start_task`, so called on any thread, by several at once. It is never
/// released, and destroyed with the last thing that refers to it, which what it has queued does, too: run or drop that.
/// Throws if it cannot be made; without exceptions it is empty then, and its work rejected.
template <class P>
KeptContext worker(P processor) {
    tb_processor raw = detail::ProcessorData::describe(detail::as_processor(std::move(processor)));
    tb_context* context = nullptr;
    const tb_status status = tb_worker_create(&raw, &context);
    if (status != TB_OK) raw.destroy(raw.data);
    detail::created(status);
    return KeptContext::adopt(context);
}

/// Calls `f`, inside of which the calling thread is one of the worker's: for the main function of a host's thread.
/// Continuations for the worker then run at once, and waits run its work if the processor helps. `f` must not throw. False,
/// and `f` is not called, if this is no worker of a processor's or a pool's, or the library is one without std.
template <class F>
bool serve(Context worker, F&& f) {
    using G = std::remove_reference_t<F>;
    auto call = [](void* data) noexcept { (*static_cast<G*>(data))(); };
    return tb_worker_serve(worker.raw(), call, const_cast<std::remove_const_t<G>*>(&f)) == TB_OK;
}

THREADBARE_END
