// One owned handle of the C interface.
#pragma once

#include <threadbare.h>

#include <utility>

#include "mode.hpp"

THREADBARE_BEGIN
namespace detail {

/// Owns a `tb_…` handle: moved, never copied; dropped at the end.
template <class H, void (*Drop)(H**)>
class Handle {
public:
    Handle() noexcept = default;
    explicit Handle(H* raw) noexcept : raw_(raw) {}
    Handle(Handle&& other) noexcept : raw_(other.release()) {}
    Handle& operator=(Handle&& other) noexcept {
        if (this != &other) {
            H* old = std::exchange(raw_, other.release());
            Drop(&old);
        }
        return *this;
    }
    ~Handle() { Drop(&raw_); }

    H* get() const noexcept { return raw_; }
    H** out() noexcept { return &raw_; }
    H* release() noexcept { return std::exchange(raw_, nullptr); }

private:
    H* raw_ = nullptr;
};

/// A handle whose copies refer to the same thing.
template <class H, void (*Drop)(H**), tb_status (*Clone)(const H*, H**)>
class SharedHandle : public Handle<H, Drop> {
public:
    using Handle<H, Drop>::Handle;
    SharedHandle(SharedHandle&&) noexcept = default;
    SharedHandle& operator=(SharedHandle&&) noexcept = default;
    SharedHandle(const SharedHandle& other) noexcept : Handle<H, Drop>() {
        if (other.get() != nullptr) static_cast<void>(Clone(other.get(), this->out()));
    }
    SharedHandle& operator=(const SharedHandle& other) noexcept {
        if (this != &other) *this = SharedHandle(other);
        return *this;
    }
    ~SharedHandle() = default;
};

} // namespace detail
THREADBARE_END
