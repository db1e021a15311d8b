// Time.
#pragma once

#include <threadbare.h>

#include <chrono>
#include <cstdint>
#include <utility>

#include "error.hpp"
#include "handle.hpp"
#include "mode.hpp"
#include "processor.hpp"
#include "task.hpp"

THREADBARE_BEGIN

#if !defined(TB_NO_THREADS)
namespace detail {

/// None if it is negative; of what is longer than centuries the most there is.
template <class Rep, class Period>
std::uint64_t nanoseconds(std::chrono::duration<Rep, Period> duration) noexcept {
    const std::chrono::duration<double> seconds = duration;
    if (!(seconds.count() > 0)) return 0;
    if (seconds.count() > 9e9) return UINT64_MAX;
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count());
}

} // namespace detail

/// A clock on the system's time, with a thread that settles tasks when theirs has come: continuations in `immediate` run
/// there, and delay the others; name a context for more than a few instructions. Copies are the same clock, for any thread;
/// the last one closes it as `close` does. If it cannot be made, the constructor throws; without exceptions the clock is
/// empty, and its tasks are rejected.
///
/// What still runs while the last one is destroyed must not use this object, which is going: `close` first.
class Clock {
public:
    /// Begins now.
    Clock() { detail::created(tb_clock_create(handle_.out())); }

    explicit operator bool() const noexcept { return handle_.get() != nullptr; }
    /// How long ago it began. It never goes back.
    std::chrono::nanoseconds now() const noexcept {
        return std::chrono::nanoseconds(static_cast<std::int64_t>(tb_clock_now(handle_.get())));
    }

    /// Resolves after this time, at the earliest, or is rejected with `TB_ERROR_CLOSED` if the clock is closed before. The clock
    /// keeps it until then, also if the task is dropped.
    template <class Rep, class Period>
    Task<void> delay(std::chrono::duration<Rep, Period> duration) const noexcept {
        return started([&](tb_task** out) { return tb_delay(handle_.get(), detail::nanoseconds(duration), out); });
    }
    /// Resolves when `now()` has come to this, at once if it has: for ticks that do not drift.
    template <class Rep, class Period>
    Task<void> delay_until(std::chrono::duration<Rep, Period> deadline) const noexcept {
        return started([&](tb_task** out) { return tb_delay_until(handle_.get(), detail::nanoseconds(deadline), out); });
    }
    /// Settles as the task does, if it does so in time; otherwise it is rejected with `TB_ERROR_TIMED_OUT` when the time is
    /// over, or with `TB_ERROR_CLOSED` if the clock is closed meanwhile. The work goes on all the same: a value that comes
    /// too late is destroyed on the thread that settles with it.
    template <class T, class Rep, class Period>
    Task<T> timeout(Task<T> task, std::chrono::duration<Rep, Period> limit) const noexcept {
        tb_task* raw = task.release();
        if (tb_timeout(handle_.get(), detail::nanoseconds(limit), &raw) == TB_OK) return Task<T>::adopt(raw);
        Error error = Error::last();
        tb_task_drop(&raw);
        return Task<T>::rejected(std::move(error));
    }

    /// Rejects what is pending, on this thread or the clock's, and what comes later, with `TB_ERROR_CLOSED`; waits until the
    /// clock's thread has ended, unless it is the calling one. From any thread, again and again.
    void close() noexcept { static_cast<void>(tb_clock_close(handle_.get())); }

private:
    template <class Start>
    static Task<void> started(Start start) noexcept {
        tb_task* raw = nullptr;
        if (start(&raw) != TB_OK) return Task<void>::rejected(Error::last());
        return Task<void>::adopt(raw);
    }

    detail::SharedHandle<tb_clock, tb_clock_drop, tb_clock_clone> handle_;
};
#endif

THREADBARE_END
