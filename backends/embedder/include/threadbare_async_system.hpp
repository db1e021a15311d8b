// The names of Cesium Native's AsyncSystem, over Threadbare: include this instead of its headers. All is in
// `threadbare::async_system`, and found as `CesiumAsync`, too; define THREADBARE_NO_CESIUM_ASYNC where the original is in the
// same program. Declarations of its classes in advance (`namespace CesiumAsync { class AsyncSystem; }`) have to go.
//
// Needs exceptions and threads, as that does. What is different, beside that it is sound:
//
// - `runInWorkerThread` and `runInThreadPool` always queue, so that work started by a worker spreads. Who waits for such
//   work on a worker's thread needs another to run it.
// - Continuations that are skipped are destroyed at once, on the thread that settles, and queued nowhere.
// - `wait` on the main thread (inside of what is dispatched there, or of a scope) is `waitInMainThread`.
// - Work that can never run (the last system or pool is gone, the processor threw or dropped it) is rejected.
// - The error of a rejected future that is dropped goes to the error hook.
//
// All public names of AsyncSystem.h, Future.h, SharedFuture.h, Promise.h, ThreadPool.h and ITaskProcessor.h are here. What the
// rest of that library has (requests, caches, asset depots, tracing) is not.
//
// As there, what waits in the main queue keeps the systems that it captures, and with them the queue: dispatch until
// it is empty before you let go of the last of your own.
#pragma once

#include "threadbare.hpp"

#if !THREADBARE_EXCEPTIONS
#error "AsyncSystem's interface reports errors by exceptions"
#endif
#if defined(TB_NO_THREADS)
#error "AsyncSystem's interface has thread pools"
#endif

#include "threadbare/async_system/future.hpp"
#include "threadbare/async_system/system.hpp"

#if !defined(THREADBARE_NO_CESIUM_ASYNC)
namespace CesiumAsync {
using namespace threadbare::async_system;
}
#endif
