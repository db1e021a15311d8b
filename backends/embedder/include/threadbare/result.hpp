// A value or an error.
#pragma once

#include <new>
#include <type_traits>
#include <utility>

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

/// A T or an `Error`. To look at the one that is not there is an error in the program.
template <class T>
class [[nodiscard]] Result {
public:
    Result(Error error) noexcept : error_(std::move(error)), ok_(false) {}
    template <class U = T, class = std::enable_if_t<std::is_constructible_v<T, U&&> && std::is_convertible_v<U&&, T> &&
                                                    !std::is_same_v<std::decay_t<U>, Error> &&
                                                    !detail::is_result<std::decay_t<U>>>>
    Result(U&& value) : value_(std::forward<U>(value)), ok_(true) {}
    Result(Result&& other) : ok_(other.ok_) { build(std::move(other)); }
    Result(const Result& other) : ok_(other.ok_) { build(other); }
    Result& operator=(Result other) {
        clear();
        ok_ = other.ok_;
        build(std::move(other));
        return *this;
    }
    ~Result() { clear(); }

    bool has_value() const noexcept { return ok_; }
    explicit operator bool() const noexcept { return ok_; }
    T& operator*() & noexcept { return value_; }
    const T& operator*() const& noexcept { return value_; }
    T&& operator*() && noexcept { return std::move(value_); }
    T* operator->() noexcept { return &value_; }
    const T* operator->() const noexcept { return &value_; }
    template <class U>
    T value_or(U&& other) && {
        return ok_ ? std::move(value_) : static_cast<T>(std::forward<U>(other));
    }
    Error& error() & noexcept { return error_; }
    const Error& error() const& noexcept { return error_; }
    Error&& error() && noexcept { return std::move(error_); }

private:
    template <class From>
    void build(From&& other) {
        if (ok_) {
            new (static_cast<void*>(&value_)) T(*std::forward<From>(other));
        } else {
            new (static_cast<void*>(&error_)) Error(std::forward<From>(other).error());
        }
    }
    void clear() noexcept {
        if (ok_) {
            value_.~T();
        } else {
            error_.~Error();
        }
    }

    union {
        T value_;
        Error error_;
    };
    bool ok_;
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
