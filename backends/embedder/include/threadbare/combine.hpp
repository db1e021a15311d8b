// Many tasks into one.
#pragma once

#include <threadbare.h>

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "context.hpp"
#include "error.hpp"
#include "mode.hpp"
#include "task.hpp"
#include "value.hpp"
#include "verbs.hpp"

THREADBARE_BEGIN

/// The place of a `Task<void>` in the tuple of `join`.
struct Unit {};

namespace detail {

using Combine = tb_status (*)(tb_task**, size_t, tb_task**);

/// Combines them all, or drops them all and gives a rejected task.
inline tb_task* combined(Combine combine, tb_task** tasks, size_t count) noexcept {
    tb_task* task = nullptr;
    if (combine(tasks, count, &task) == TB_OK) return task;
    Error error = Error::last();
    for (size_t i = 0; i < count; ++i) tb_task_drop(&tasks[i]);
    return Task<void>::rejected(std::move(error)).release();
}

template <class T>
tb_task* combined(Combine combine, std::vector<Task<T>>&& tasks) {
    std::vector<tb_task*> raw;
    raw.reserve(tasks.size());
    for (Task<T>& task : tasks) raw.push_back(task.release());
    return combined(combine, raw.data(), raw.size());
}

/// The values of `tb_all`, one by one.
class Values {
public:
    explicit Values(void* raw) noexcept : handle_(static_cast<tb_values*>(raw)) {}
    size_t count() const noexcept { return tb_values_count(handle_.get()); }
    template <class T>
    auto take(size_t index) {
        void* value = tb_values_take(handle_.get(), index);
        if constexpr (std::is_void_v<T>) {
            static_cast<void>(value);
            return Unit{};
        } else {
            typename Slot<T>::Owned owned(value);
            return T(std::move(owned.get()));
        }
    }

private:
    Handle<tb_values, tb_values_drop> handle_;
};

template <class T>
struct IntoVector {
    using Value = std::vector<T>;
    static Value from(Values values) {
        Value all;
        const size_t count = values.count();
        all.reserve(count);
        for (size_t i = 0; i < count; ++i) all.push_back(values.take<T>(i));
        return all;
    }
};
template <>
struct IntoVector<void> {
    using Value = void;
    static void from(Values) noexcept {}
};

template <class... T>
struct IntoTuple {
    using Value = std::tuple<std::conditional_t<std::is_void_v<T>, Unit, T>...>;
    static Value from(Values values) { return take(values, std::index_sequence_for<T...>{}); }
    template <size_t... I>
    static Value take(Values& values, std::index_sequence<I...>) {
        return Value{values.template take<T>(I)...};
    }
};

/// The task of `tb_all`, as one of what its values are made into.
template <class Into>
Task<typename Into::Value> gathered(tb_task* task) noexcept {
    using Value = typename Into::Value;
    auto call = [](void*, void* raw, tb_reply* reply) noexcept {
        answer_with<Value>(reply, [&] { return Into::from(Values(raw)); });
    };
    if (tb_and_then(&task, tb_immediate(), call, nullptr, nullptr) == TB_OK) return Task<Value>::adopt(task);
    Error error = Error::last();
    tb_task_drop(&task);
    return Task<Value>::rejected(std::move(error));
}

} // namespace detail

/// All values, in order; of `Task<void>`s, nothing. Settles when all have, on the thread that settles the last; with errors,
/// the first by position is its own, and the others go to the error hook. Of none: at once. A T whose
/// move throws rejects it. If one of the tasks is empty, it is rejected at once, and the others are dropped. From any thread, as the
/// three below.
template <class T>
auto all(std::vector<Task<T>> tasks) {
    return detail::gathered<detail::IntoVector<T>>(detail::combined(tb_all, std::move(tasks)));
}

/// The same for tasks of different types: a tuple, with `Unit` where a task has no value. At least one.
template <class... T>
auto join(Task<T>... tasks) {
    tb_task* raw[] = {tasks.release()...};
    return detail::gathered<detail::IntoTuple<T...>>(detail::combined(tb_all, raw, sizeof...(T)));
}

/// The outcome of the first that settles, on the thread that settles it. The others go on; what comes of them is destroyed.
/// Of none an error, and of empty ones as `all`.
template <class T>
Task<T> race(std::vector<Task<T>> tasks) {
    return Task<T>::adopt(detail::combined(tb_race, std::move(tasks)));
}

/// The value of the first that resolves, on the thread that settles it; an error with all of theirs if none does. The others
/// go on; what comes of them is destroyed. Of none an error, and of empty ones as `all`.
template <class T>
Task<T> any(std::vector<Task<T>> tasks) {
    return Task<T>::adopt(detail::combined(tb_any, std::move(tasks)));
}

THREADBARE_END
