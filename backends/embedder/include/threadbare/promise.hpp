// The write side.
#pragma once

#include <threadbare.h>

#include <utility>

#include "error.hpp"
#include "handle.hpp"
#include "mode.hpp"
#include "task.hpp"
#include "value.hpp"

THREADBARE_BEGIN

/// Settles one task, once, from any thread; of several at once the first does. Dropped unsettled, the task is rejected with
/// `TB_ERROR_ABANDONED`. What follows in `immediate`, or in a context that the calling thread is in, runs inside of the call
/// that settles (of the destructor, too) and is destroyed there: make it under no lock.
template <class T>
class Promise {
public:
    /// Makes the T of the arguments, on the calling thread. False if the task was settled already; the value is destroyed then,
    /// here. What the T's constructor throws comes out, and the task is not settled.
    template <class... Args>
    bool resolve(Args&&... args) const {
        void* value = detail::Slot<T>::put(std::forward<Args>(args)...);
        if (tb_promise_resolve(handle_.get(), value, detail::Slot<T>::destroy) == TB_OK) return true;
        detail::Slot<T>::free(value);
        return false;
    }
    /// False if the task was settled already; the error is dropped then.
    bool reject(Error error) const noexcept {
        tb_error* raw = detail::rejection(std::move(error));
        if (tb_promise_reject(handle_.get(), &raw) == TB_OK) return true;
        tb_error_drop(&raw);
        return false;
    }

    /// The C handle, as in `Task`: whoever has it must drop it.
    static Promise adopt(tb_promise* raw) noexcept { return Promise(raw); }
    tb_promise* release() noexcept { return handle_.release(); }

private:
    explicit Promise(tb_promise* raw) noexcept : handle_(raw) {}

    detail::Handle<tb_promise, tb_promise_drop> handle_;
};

/// The two sides of one promise.
template <class T>
struct PromiseAndTask {
    Promise<T> promise;
    Task<T> task;
};

/// Both sides: `auto [promise, task] = threadbare::promise<int>();`
template <class T>
PromiseAndTask<T> promise() noexcept {
    tb_promise* promise = nullptr;
    tb_task* task = nullptr;
    static_cast<void>(tb_promise_create(&promise, &task));
    return {Promise<T>::adopt(promise), Task<T>::adopt(task)};
}

THREADBARE_END
