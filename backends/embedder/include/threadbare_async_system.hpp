// The names of Cesium Native's AsyncSystem, over Threadbare. Include this instead of its headers, and say
//
//     namespace CesiumAsync = threadbare::async_system;
//
// Needs exceptions, as that does. What is different, beside that it is sound:
//
// - `runInWorkerThread` and `runInThreadPool` always queue, so that work started by a worker spreads. Who waits for such
//   work on a worker's thread needs another to run it.
// - Continuations that are skipped are destroyed at once, on the thread that settles, and queued nowhere.
// - `wait` on the main thread (inside of what is dispatched there, or of a scope) is `waitInMainThread`.
// - Work that can never run (the last system or pool is gone, the processor threw or dropped it) is rejected.
// - The error of a rejected future that is dropped goes to the error hook.
//
// As there, what waits in the main queue keeps the systems that it captures, and with them the queue: dispatch until
// it is empty before you let go of the last of your own.
#pragma once

#include "threadbare.hpp"

#if !THREADBARE_EXCEPTIONS
#error "AsyncSystem's interface reports errors by exceptions"
#endif

#include "threadbare/async_system/future.hpp"
#include "threadbare/async_system/system.hpp"
