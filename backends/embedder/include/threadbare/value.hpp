// How values and closures travel through the C interface: one pointer and a destructor.
#pragma once

#include <threadbare.h>

#include <cstring>
#include <type_traits>
#include <utility>

#include "mode.hpp"

THREADBARE_BEGIN
namespace detail {

/// Is a T put into the pointer itself, instead of behind it?
template <class T>
inline constexpr bool fits = sizeof(T) <= sizeof(void*) && alignof(T) <= alignof(void*) &&
                             std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>;

template <>
inline constexpr bool fits<void> = false;

/// A T as a `void*`: one allocation, or none if it fits.
template <class T, bool = fits<T>>
struct Slot {
    template <class... Args>
    static void* put(Args&&... args) {
        return new T(std::forward<Args>(args)...);
    }
    static void free(void* data) noexcept { delete static_cast<T*>(data); }
    static constexpr tb_destroy destroy = &Slot::free;

    /// The T in a slot, lent: the slot stays its owner.
    struct Lent {
        explicit Lent(const void* data) noexcept : value(static_cast<T*>(const_cast<void*>(data))) {}
        T& get() noexcept { return *value; }
        T* value;
    };
    /// The T of a slot, which is freed at the end.
    struct Owned : Lent {
        explicit Owned(void* data) noexcept : Lent(data) {}
        Owned(const Owned&) = delete;
        Owned& operator=(const Owned&) = delete;
        ~Owned() { delete this->value; }
    };
};

template <class T>
struct Slot<T, true> {
    template <class... Args>
    static void* put(Args&&... args) {
        T value(std::forward<Args>(args)...);
        void* data = nullptr;
        std::memcpy(&data, &value, sizeof value);
        return data;
    }
    static void free(void*) noexcept {}
    static constexpr tb_destroy destroy = nullptr;

    struct Lent {
        explicit Lent(const void* data) noexcept { std::memcpy(static_cast<void*>(&place.value), &data, sizeof(T)); }
        T& get() noexcept { return place.value; }
        union Place {
            Place() noexcept {}
            T value;
        } place;
    };
    struct Owned : Lent {
        explicit Owned(void* data) noexcept : Lent(data) {}
    };
};

template <>
struct Slot<void, false> {
    static void* put() noexcept { return nullptr; }
    static void free(void*) noexcept {}
    static constexpr tb_destroy destroy = nullptr;

    struct Lent {
        explicit Lent(const void*) noexcept {}
    };
};

} // namespace detail
THREADBARE_END
