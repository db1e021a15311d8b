// Where closures run.
#pragma once

#include <threadbare.h>

#include "handle.hpp"
#include "mode.hpp"

THREADBARE_BEGIN

class KeptContext;

/// Where a closure runs: the first argument of every verb. A light reference: it is good for as long as the `System`,
/// `ThreadPool`, `MainThread` or `KeptContext` that it comes from. Capture `keep()` of it, not it. For any thread; only a
/// `MainThread`'s is refused on others: the task is rejected.
class Context {
public:
    explicit Context(const tb_context* raw) noexcept : raw_(raw) {}
    /// The same context, on its own: refers to the queue without keeping it open. Empty if this is.
    KeptContext keep() const noexcept;
    const tb_context* raw() const noexcept { return raw_; }

private:
    const tb_context* raw_;
};

/// A context to keep and to capture, for any thread. Work for it is rejected with `TB_ERROR_CLOSED` once its owner has gone,
/// and its closure then destroyed where it was handed in. Holds the processor, but neither system nor pool.
class KeptContext {
public:
    explicit KeptContext(Context context) noexcept { static_cast<void>(tb_context_clone(context.raw(), handle_.out())); }
    operator Context() const noexcept { return Context(handle_.get()); }

    static KeptContext adopt(tb_context* raw) noexcept { return KeptContext(raw); }
    tb_context* release() noexcept { return handle_.release(); }

private:
    explicit KeptContext(tb_context* raw) noexcept : handle_(raw) {}

    detail::SharedHandle<tb_context, tb_context_drop, tb_context_clone> handle_;
};

/// By identity, also of what is kept.
inline bool operator==(Context a, Context b) noexcept { return tb_context_equal(a.raw(), b.raw()); }
inline bool operator!=(Context a, Context b) noexcept { return !(a == b); }

inline KeptContext Context::keep() const noexcept { return KeptContext(*this); }

namespace detail {
struct Immediate {
    operator Context() const noexcept { return Context(tb_immediate()); }
};
} // namespace detail

/// Whichever thread settles the task, or the calling one if it is settled. Closures run and are destroyed there, inside of
/// the call that settles: keep them short, and take no lock that its caller may hold.
inline constexpr detail::Immediate immediate{};

THREADBARE_END
