// Threadbare for C++17: tasks, promises and continuations, with or without threads. Header only, over the C interface
// in threadbare.h; needs no RTTI, and no exceptions.
//
//     threadbare::ThreadPool pool;
//     threadbare::System system(pool);
//     auto here = *system.enter(); // on the main thread
//
//     auto loading = threadbare::run(system.worker(), [] { return read("rock.png"); })
//         .and_then(system.worker(), [](Bytes&& bytes) { return decode(bytes); }) // a value, a Result, a Task; or it throws
//         .map(here, [&scene](Image&& image) { return scene.add(image); })
//         .catch_(here, [&scene](threadbare::Error error) { return scene.placeholder(error.message()); });
//
//     while (!loading.is_settled()) here.dispatch_for(2ms); // once a frame
//
// With exceptions, what a closure throws rejects its task, and a failed wait throws it again. Without, closures return a
// Result, and so do waits. Nothing throws through the C interface: where a closure has no task to reject (a processor's
// functions, `more` of a dispatch, destructors, copies for forks) it must not throw, or the process ends.
#pragma once

#include "threadbare/clock.hpp"
#include "threadbare/combine.hpp"
#include "threadbare/context.hpp"
#include "threadbare/error.hpp"
#include "threadbare/pool.hpp"
#include "threadbare/processor.hpp"
#include "threadbare/promise.hpp"
#include "threadbare/result.hpp"
#include "threadbare/shared.hpp"
#include "threadbare/system.hpp"
#include "threadbare/task.hpp"
#include "threadbare/thread.hpp"
