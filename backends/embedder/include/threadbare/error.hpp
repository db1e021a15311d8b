// Why a task was rejected.
#pragma once

#include <threadbare.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "handle.hpp"
#include "mode.hpp"
#include "value.hpp"

#if THREADBARE_EXCEPTIONS
#include <exception>
#include <stdexcept>
#endif

namespace threadbare::tags {
/// Its address tells the type of an error's payload; the same in both modes. Not constant: linkers make one of equal constants.
template <class P>
inline char payload = 0;
struct Thrown;
} // namespace threadbare::tags

THREADBARE_BEGIN

/// Why a task was rejected: a kind and a message, perhaps with a payload. Immutable; copies share it; for any thread.
/// The payload is destroyed on whichever thread drops the last copy.
class Error {
public:
    /// An error from outside, with a message (UTF-8; for any other the message says that it was not). Of a kind that there is
    /// not it is `TB_ERROR_OTHER`.
    explicit Error(const char* message) noexcept : Error(TB_ERROR_OTHER, message) {}
    explicit Error(const std::string& message) noexcept : Error(message.c_str()) {}
    Error(tb_error_kind kind, const char* message) noexcept {
        for (const tb_error_kind known : {kind, tb_error_kind{TB_ERROR_OTHER}}) {
            for (const char* text : {message, unreadable}) {
                if (tb_error_create(known, text, handle_.out()) == TB_OK) return;
            }
        }
    }

    /// An error that carries a value, which `payload<P>()` finds again.
    template <class P>
    static Error with(const char* message, P payload) {
        return made<P>(message, &tags::payload<P>, std::move(payload));
    }

    /// What sort of trouble it is, one of `TB_ERROR_…`. Of an error that was moved from `TB_ERROR_OTHER`.
    tb_error_kind kind() const noexcept { return tb_error_get_kind(raw()); }

    /// What happened; only allocating the string can fail.
    std::string message() const { return text(tb_error_message); }
    /// The message, with each cause on a line of its own below.
    std::string trace() const { return text(tb_error_trace); }
    /// Adds a line about what was going on: the message from now on, of which this is the cause. Kind and payload stay.
    Error context(const char* line) && noexcept {
        static_cast<void>(tb_error_context(handle_.out(), line));
        return std::move(*this);
    }

    /// The payload that was given to `with`, or null if there is none of this type. Lives as long as the error.
    template <class P>
    const P* payload() const noexcept {
        return static_cast<const P*>(tb_error_payload(raw(), &tags::payload<P>));
    }

#if THREADBARE_EXCEPTIONS
    /// The exception that is being handled, as an error. Only inside of a `catch`.
    static Error current() noexcept;
    /// An exception as an error, with what `what()` says. `Exception` is the error that it was.
    static Error from(std::exception_ptr thrown) noexcept;
    /// The exception that this error was, or null.
    std::exception_ptr exception() const noexcept;
    /// Throws the exception that this error was, or `threadbare::Exception`.
    [[noreturn]] void rethrow() const;
#endif

    /// The reason why the C interface has just said no, on this thread.
    static Error last() noexcept { return Error(TB_ERROR_OTHER, tb_last_error()); }
    /// The C handle: whoever has it must drop it.
    static Error adopt(tb_error* raw) noexcept { return Error(raw, Adopt{}); }
    tb_error* release() noexcept { return handle_.release(); }
    const tb_error* raw() const noexcept { return handle_.get(); }

private:
    struct Adopt {};
    Error(tb_error* raw, Adopt) noexcept : handle_(raw) {}

    std::string text(size_t (*write)(const tb_error*, char*, size_t)) const {
        std::string all(write(raw(), nullptr, 0), '\0');
        write(raw(), &all[0], all.size() + 1);
        return all;
    }

    static constexpr const char* unreadable = "an error whose message is not UTF-8";

    template <class P>
    static Error made(const char* message, const void* tag, P payload) {
        using Slot = detail::Slot<P, false>;
        Error error(nullptr, Adopt{});
        void* data = Slot::put(std::move(payload));
        for (const char* text : {message, unreadable}) {
            if (tb_error_create_with(TB_ERROR_OTHER, text, tag, data, Slot::destroy, error.handle_.out()) == TB_OK) return error;
        }
        Slot::free(data);
        return error;
    }

    detail::SharedHandle<tb_error, tb_error_drop, tb_error_clone> handle_;
};

namespace detail {

/// An error that something is rejected with: there is one in any case.
inline tb_error* rejection(Error error) noexcept {
    return error.raw() != nullptr ? error.release() : Error("an error that was moved from").release();
}

} // namespace detail

#if THREADBARE_EXCEPTIONS
/// What a failed `wait` throws if no exception was the cause.
class Exception : public std::runtime_error {
public:
    explicit Exception(Error error) : std::runtime_error(error.message()), error_(std::move(error)) {}
    const Error& error() const noexcept { return error_; }

private:
    Error error_;
};

inline Error Error::from(std::exception_ptr thrown) noexcept {
    try {
        if (thrown) std::rethrow_exception(thrown);
        return Error("no exception");
    } catch (const Exception& exception) {
        return exception.error(); // the error that it was
    } catch (const std::exception& exception) {
        return made(exception.what(), &tags::payload<tags::Thrown>, std::move(thrown));
    } catch (...) {
        return made("an exception that is no std::exception", &tags::payload<tags::Thrown>, std::move(thrown));
    }
}

inline Error Error::current() noexcept { return from(std::current_exception()); }

inline std::exception_ptr Error::exception() const noexcept {
    const void* found = tb_error_payload(raw(), &tags::payload<tags::Thrown>);
    return found == nullptr ? nullptr : *static_cast<const std::exception_ptr*>(found);
}

inline void Error::rethrow() const {
    if (std::exception_ptr thrown = exception()) std::rethrow_exception(std::move(thrown));
    throw Exception(*this);
}
#endif

/// Calls `hook` with every error of a rejected task that nobody can see any more; on the thread that settles or drops it, so
/// by several at once. Once per process: false if there was one already. It must not throw.
inline bool set_error_hook(void (*hook)(const Error& error)) noexcept {
    auto call = [](void* data, const tb_error* error) noexcept {
        tb_error* copy = nullptr;
        static_cast<void>(tb_error_clone(error, &copy));
        reinterpret_cast<void (*)(const Error&)>(data)(Error::adopt(copy));
    };
    return tb_set_error_hook(call, reinterpret_cast<void*>(hook)) == TB_OK;
}

THREADBARE_END
