// One task, many that want its value.
#pragma once

#include <threadbare.h>

#include <optional>
#include <type_traits>
#include <utility>

#include "handle.hpp"
#include "mode.hpp"
#include "result.hpp"
#include "task.hpp"
#include "value.hpp"

THREADBARE_BEGIN

/// A task that many can have, from any thread, several at once. Copies are the same task; each fork is an ordinary one, with
/// a copy of the value. The original is destroyed on the thread that drops the last copy of this.
template <class T>
class SharedTask {
public:
    /// One more task. Forks settle in the order in which they were made, on the thread that settles the original, or here if
    /// it is settled; that thread also copies the value, which must not throw.
    Task<T> fork() const noexcept {
        tb_task* task = nullptr;
        if (tb_shared_fork(handle_.get(), &task) != TB_OK) return Task<T>::rejected(Error::last());
        return Task<T>::adopt(task);
    }
    /// A copy of the outcome, if it is there, made on the calling thread: for code that looks every frame.
    std::optional<Result<T>> peek() const {
        void* value = nullptr;
        tb_error* error = nullptr;
        const tb_status status = tb_shared_peek(handle_.get(), &value, &error);
        if (status == TB_PENDING) return std::nullopt;
        return detail::received<T>(status, value, error);
    }
    /// Is the outcome there? Not in an empty one.
    bool is_settled() const noexcept { return tb_shared_is_settled(handle_.get()); }

    /// The C handle, as in `Task`.
    static SharedTask adopt(tb_shared* raw) noexcept { return SharedTask(raw); }
    tb_shared* release() noexcept { return handle_.release(); }

private:
    explicit SharedTask(tb_shared* raw) noexcept : handle_(raw) {}

    detail::SharedHandle<tb_shared, tb_shared_drop, tb_shared_clone> handle_;
};

template <class T>
SharedTask<T> Task<T>::share() && {
    static_assert(std::is_void_v<T> || std::is_copy_constructible_v<T>, "each fork gets a copy: share a task of a shared_ptr");
    auto copy = [](const void* value) noexcept -> void* {
        if constexpr (std::is_void_v<T> || detail::fits<T>) {
            return const_cast<void*>(value);
        } else {
            return detail::Slot<T>::put(*static_cast<const T*>(value));
        }
    };
    tb_shared* shared = nullptr;
    static_cast<void>(tb_task_share(handle_.out(), copy, &shared));
    return SharedTask<T>::adopt(shared);
}

THREADBARE_END
