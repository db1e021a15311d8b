// What stands between a closure and the C interface's callbacks.
#pragma once

#include <threadbare.h>

#include <type_traits>
#include <utility>

#include "context.hpp"
#include "error.hpp"
#include "mode.hpp"
#include "result.hpp"
#include "value.hpp"

THREADBARE_BEGIN

template <class T>
class Task;

/// The outcome of a task, lent to a closure of `inspect` for the call. To look at the one that is not there is an error in
/// the program.
template <class T>
class View {
public:
    View(const void* value, const tb_error* error) noexcept : value_(value), error_(copy(error)) {}

    bool has_value() const noexcept { return error_.raw() == nullptr; }
    explicit operator bool() const noexcept { return has_value(); }
    const Error& error() const noexcept { return error_; }
    template <class U = T, class = std::enable_if_t<!std::is_void_v<U>>>
    const U& operator*() const noexcept {
        return value_.get();
    }
    template <class U = T, class = std::enable_if_t<!std::is_void_v<U>>>
    const U* operator->() const noexcept {
        return &value_.get();
    }

private:
    static Error copy(const tb_error* error) noexcept {
        tb_error* raw = nullptr;
        if (error != nullptr) static_cast<void>(tb_error_clone(error, &raw));
        return Error::adopt(raw);
    }

    mutable typename detail::Slot<T>::Lent value_;
    Error error_;
};

namespace detail {

/// What a closure gives when it is called with a T, or with nothing for `void`.
template <class F, class T>
struct Called {
    using type = std::invoke_result_t<F&&, T&&>;
};
template <class F>
struct Called<F, void> {
    using type = std::invoke_result_t<F&&>;
};
template <class F, class T>
using called = std::decay_t<typename Called<std::decay_t<F>, T>::type>;

/// The T of a `Task<T>` or `Result<T>`; all else is itself.
template <class R>
struct Unwrapped {
    using type = R;
    static constexpr bool plain = true;
};
template <class T>
struct Unwrapped<Task<T>> {
    using type = T;
    static constexpr bool plain = false;
};
template <class T>
struct Unwrapped<Result<T>> {
    using type = T;
    static constexpr bool plain = false;
};
template <class R>
using unwrapped = typename Unwrapped<R>::type;

inline void reject(tb_reply* reply, Error error) noexcept {
    tb_error* raw = rejection(std::move(error));
    if (tb_reply_reject(reply, &raw) != TB_OK) tb_error_drop(&raw);
}

/// Constructs the task's T in place.
template <class T, class... Args>
void resolve(tb_reply* reply, Args&&... args) {
    void* value = Slot<T>::put(std::forward<Args>(args)...);
    if (tb_reply_resolve(reply, value, Slot<T>::destroy) != TB_OK) Slot<T>::free(value);
}

template <class T>
void answer(tb_reply* reply, Task<T>&& task) noexcept {
    tb_task* raw = task.release();
    if (tb_reply_task(reply, &raw) == TB_OK) return;
    reject(reply, Error::last());
    tb_task_drop(&raw);
}

template <class T>
void answer(tb_reply* reply, Result<T>&& result) {
    if (!result) return reject(reply, std::move(result).error());
    if constexpr (std::is_void_v<T>) {
        resolve<void>(reply);
    } else {
        resolve<T>(reply, *std::move(result));
    }
}

/// Calls `f` and answers with what it gives: the value of a task of T, or a task or result of one. What it throws is a
/// rejection.
template <class T, class F>
void answer_with(tb_reply* reply, F&& f) noexcept {
    using R = std::decay_t<decltype(f())>;
    auto answered = [&] {
        if constexpr (!Unwrapped<R>::plain) {
            static_assert(std::is_same_v<unwrapped<R>, T>, "the closure returns a task or result of another type");
            answer(reply, f());
        } else if constexpr (std::is_void_v<T>) {
            static_assert(std::is_void_v<R>, "a value for a task of void");
            f();
            resolve<void>(reply);
        } else {
            static_assert(std::is_convertible_v<decltype(f()), T>, "the closure returns a value of another type");
            resolve<T>(reply, f());
        }
    };
#if THREADBARE_EXCEPTIONS
    try {
        answered();
    } catch (...) {
        reject(reply, Error::current());
    }
#else
    answered();
#endif
}

/// The callbacks of the C interface for a closure F. The library destroys the closure, when the callback has returned.
template <class F, class U>
struct OnRun {
    static void call(void* data, tb_reply* reply) noexcept {
        typename Slot<F>::Lent f(data);
        answer_with<U>(reply, [&]() -> decltype(auto) { return std::move(f.get())(); });
    }
};

template <class F, class T, class U>
struct OnValue {
    static void call(void* data, void* value, tb_reply* reply) noexcept {
        typename Slot<F>::Lent f(data);
        if constexpr (std::is_void_v<T>) {
            static_cast<void>(value);
            answer_with<U>(reply, [&]() -> decltype(auto) { return std::move(f.get())(); });
        } else {
            typename Slot<T>::Owned owned(value);
            answer_with<U>(reply, [&]() -> decltype(auto) { return std::move(f.get())(std::move(owned.get())); });
        }
    }
};

template <class F, class U>
struct OnError {
    static void call(void* data, tb_error* raw, tb_reply* reply) noexcept {
        typename Slot<F>::Lent f(data);
        Error error = Error::adopt(raw);
        answer_with<U>(reply, [&]() -> decltype(auto) { return std::move(f.get())(std::move(error)); });
    }
};

template <class F, class T, class U>
struct OnOutcome {
    static void call(void* data, void* value, tb_error* error, tb_reply* reply) noexcept {
        typename Slot<F>::Lent f(data);
        answer_with<U>(reply, [&]() -> decltype(auto) {
            return std::move(f.get())(received<T>(error == nullptr ? TB_OK : TB_REJECTED, value, error));
        });
    }
};

template <class F, class T>
struct OnLook {
    static void call(void* data, const void* value, const tb_error* error) noexcept {
        typename Slot<F>::Lent f(data);
        const View<T> view(value, error);
#if THREADBARE_EXCEPTIONS
        try {
            std::move(f.get())(view);
        } catch (...) { // the outcome passes on, so this error is one that nobody can see
            tb_error* raw = Error::current().release();
            tb_task* unseen = nullptr;
            if (tb_task_rejected(&raw, &unseen) != TB_OK) tb_error_drop(&raw);
            tb_task_drop(&unseen);
        }
#else
        std::move(f.get())(view);
#endif
    }
};

} // namespace detail
THREADBARE_END
