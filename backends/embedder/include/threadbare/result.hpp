// A value or an error.
#pragma once

#include <type_traits>
#include <utility>
#include <variant>

#include "error.hpp"
#include "mode.hpp"

THREADBARE_BEGIN

template <class T>
class Result;

namespace detail {
template <class>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<Result<T>> = true;
} // namespace detail

/// A T or an `Error`: a plain value, for one thread at a time, copied and moved as the T is. To look at the one that is not
/// there is an error in the program.
template <class T>
class [[nodiscard]] Result {
    static_assert(!std::is_same_v<T, Error>, "an error is no value: return a Result");

public:
    Result(Error error) noexcept : either_(std::in_place_index<1>, std::move(error)) {}
    template <class U = T, class = std::enable_if_t<std::is_constructible_v<T, U&&> && std::is_convertible_v<U&&, T> &&
                                                    !std::is_same_v<std::decay_t<U>, Error> &&
                                                    !detail::is_result<std::decay_t<U>>>>
    Result(U&& value) : either_(std::in_place_index<0>, std::forward<U>(value)) {}

    bool has_value() const noexcept { return either_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }
    T& operator*() & noexcept { return *std::get_if<0>(&either_); }
    const T& operator*() const& noexcept { return *std::get_if<0>(&either_); }
    T&& operator*() && noexcept { return std::move(**this); }
    T* operator->() noexcept { return std::get_if<0>(&either_); }
    const T* operator->() const noexcept { return std::get_if<0>(&either_); }
    template <class U>
    T value_or(U&& other) && {
        return has_value() ? std::move(**this) : static_cast<T>(std::forward<U>(other));
    }
    Error& error() & noexcept { return *std::get_if<1>(&either_); }
    const Error& error() const& noexcept { return *std::get_if<1>(&either_); }
    Error&& error() && noexcept { return std::move(error()); }

private:
    std::variant<T, Error> either_;
};

/// Nothing, or an `Error`.
template <>
class [[nodiscard]] Result<void> {
public:
    Result() noexcept : error_(Error::adopt(nullptr)) {}
    Result(Error error) noexcept : error_(std::move(error)), ok_(false) {}

    bool has_value() const noexcept { return ok_; }
    explicit operator bool() const noexcept { return ok_; }
    void operator*() const noexcept {}
    Error& error() & noexcept { return error_; }
    const Error& error() const& noexcept { return error_; }
    Error&& error() && noexcept { return std::move(error_); }

private:
    Error error_;
    bool ok_ = true;
};

namespace detail {

#if THREADBARE_EXCEPTIONS
/// What a wait gives: the value, or it throws.
template <class T>
using Waited = T;
template <class T>
T waited(Result<T>&& result) {
    if (!result) result.error().rethrow();
    return *std::move(result);
}
#else
/// What a wait gives.
template <class T>
using Waited = Result<T>;
template <class T>
Result<T> waited(Result<T>&& result) {
    return std::move(result);
}
#endif

/// Makes the result of what the C interface has handed out.
template <class T>
Result<T> received(tb_status status, void* value, tb_error* error) {
    if (status == TB_REJECTED) return Error::adopt(error);
    if (status != TB_OK) return Error::last();
    if constexpr (std::is_void_v<T>) {
        return {};
    } else {
        typename Slot<T>::Owned owned(value);
        return std::move(owned.get());
    }
}

} // namespace detail
THREADBARE_END
