// A thread to wake.
#pragma once

#include <threadbare.h>

#include "handle.hpp"
#include "mode.hpp"

THREADBARE_BEGIN

/// A thread that may sleep in a wait, for a processor that `helps`: `before_park` notes the calling one, and whoever brings
/// work wakes it. Used and dropped on any thread, by several at once.
class Thread {
public:
    /// The calling thread. Empty in a library without std, where waits do not sleep.
    static Thread current() noexcept {
        Thread thread;
        static_cast<void>(tb_thread_current(thread.handle_.out()));
        return thread;
    }
    explicit operator bool() const noexcept { return handle_.get() != nullptr; }
    /// Ends its sleep in a wait, or keeps it from the next one. Does nothing to an empty one.
    void unpark() const noexcept { static_cast<void>(tb_thread_unpark(handle_.get())); }

private:
    Thread() noexcept = default;

    detail::Handle<tb_thread, tb_thread_drop> handle_;
};

THREADBARE_END
