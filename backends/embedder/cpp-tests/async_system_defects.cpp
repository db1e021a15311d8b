// What breaks there must not break here.
#include "async_system_common.hpp"

using namespace CesiumAsync;

TEST(defect_wait_in_main_misses_no_wake_up) {
    AsyncSystem asyncSystem(std::make_shared<Threads>());
    ThreadPool pool(2);
    int sum = 0;
    for (int i = 0; i < 5000; ++i) {
        sum += asyncSystem.runInThreadPool(pool, [] { return 1; })
                   .thenInMainThread([](int n) { return n; })
                   .thenInThreadPool(pool, [](int n) { return n; })
                   .waitInMainThread();
    }
    CHECK(sum == 5000);
}

TEST(defect_a_task_may_run_after_all_else_has_gone) {
    auto pProcessor = std::make_shared<Deferred>();
    int ran = 0;
    {
        AsyncSystem asyncSystem(pProcessor);
        asyncSystem.runInWorkerThread([&ran] { ++ran; }).thenInMainThread([&ran] { ran += 100; });
        auto promise = asyncSystem.createPromise<void>();
        promise.getFuture().thenInWorkerThread([&ran] { ++ran; });
        promise.resolve();
    }
    CHECK(pProcessor->run() == 2 && ran == 2);
}

TEST(defect_a_pool_may_go_before_its_continuations) {
    AsyncSystem asyncSystem(std::make_shared<Threads>());
    auto promise = asyncSystem.createPromise<int>();
    Future<int> future = [&] {
        ThreadPool pool = asyncSystem.createThreadPool(1);
        return promise.getFuture().thenInThreadPool(pool, [](int n) { return n; });
    }();
    promise.resolve(1);
    CHECK(!thrown([&] { future.wait(); }).empty());
}

TEST(defect_a_processor_may_throw) {
    struct Throwing : ITaskProcessor {
        void startTask(std::function<void()> f) override {
            if (also_runs) f();
            throw std::runtime_error("no more threads");
        }
        bool also_runs = false;
    };
    auto pProcessor = std::make_shared<Throwing>();
    AsyncSystem asyncSystem(pProcessor);
    Tracked::reset();
    auto run = [&] { return asyncSystem.runInWorkerThread([held = Tracked(1)] { return held.number; }); };
    CHECK(thrown([&] { run().wait(); }) == "no more threads");
    CHECK(Tracked::live == 0);
    pProcessor->also_runs = true;
    CHECK(run().wait() == 1 && Tracked::live == 0);
}

TEST(defect_a_closure_may_own_what_it_continues) {
    struct AtOnce : ITaskProcessor {
        void startTask(std::function<void()> f) override { f(); }
    };
    struct Owner {
        AsyncSystem system{std::make_shared<AtOnce>()};
        Future<int> future = system.createResolvedFuture(1);
        SharedFuture<int> shared = system.createResolvedFuture(2).share();
        Future<int> failed = system.createFuture<int>([](const auto& promise) { promise.reject(std::runtime_error("no")); });
        Tracked held{1};
    };
    Tracked::reset();
    // Each closure has the last of everything, and is destroyed inside of the call.
    auto alone = [](auto&& attach) {
        auto self = std::make_unique<Owner>();
        Owner& owner = *self;
        const int value = attach(owner, std::move(self)).wait();
        CHECK(Tracked::live == 0);
        return value;
    };
    using Self = std::unique_ptr<Owner>;
    CHECK(alone([](Owner& owner, Self self) {
              return std::move(owner.future).thenImmediately([self = std::move(self)](int n) { return n + self->held.number; });
          }) == 2);
    CHECK(alone([](Owner& owner, Self self) {
              return owner.shared.thenInWorkerThread([self = std::move(self)](int n) { return n + self->held.number; });
          }) == 3);
    CHECK(alone([](Owner& owner, Self self) {
              return std::move(owner.failed).catchImmediately([self = std::move(self)](std::exception&&) { return 4; });
          }) == 4);
    CHECK(alone([](Owner& owner, Self self) {
              return owner.system.runInWorkerThread([self = std::move(self)] { return 5; });
          }) == 5);
    CHECK(alone([](Owner& owner, Self self) {
              auto scope = owner.system.enterMainThread();
              return owner.system.runInMainThread([self = std::move(self)] { return 6; });
          }) == 6);
}

TEST(defect_a_pool_may_end_on_its_own_thread) {
    AsyncSystem asyncSystem(std::make_shared<Threads>());
    Gate alone;
    auto pool = std::make_unique<ThreadPool>(1);
    auto future = asyncSystem.runInThreadPool(*pool, [inner = std::make_unique<ThreadPool>(*pool), &alone]() mutable {
        alone.wait();
        inner.reset();
        return 1;
    });
    pool.reset();
    alone.open();
    CHECK(future.wait() == 1);
}

TEST(defect_what_is_never_run_is_rejected) {
    auto pProcessor = std::make_shared<Deferred>();
    AsyncSystem asyncSystem(pProcessor);
    auto dropped = asyncSystem.runInWorkerThread([] {});
    pProcessor->take();
    CHECK(!thrown([&] { dropped.wait(); }).empty());
    // Copies of a function may be called again and again.
    int ran = 0;
    asyncSystem.runInWorkerThread([&ran] { ++ran; });
    auto functions = pProcessor->take();
    auto copy = functions[0];
    functions[0](), copy();
    CHECK(ran == 1);
}

TEST(defect_a_queue_that_holds_its_system_ends_when_it_is_dispatched) {
    Tracked::reset();
    auto pProcessor = std::make_shared<Deferred>();
    std::weak_ptr<Deferred> alive = pProcessor;
    {
        AsyncSystem asyncSystem(std::move(pProcessor));
        asyncSystem.runInMainThread([asyncSystem, held = Tracked(1)] { CHECK(held.number == 1); });
        asyncSystem.runInWorkerThread([asyncSystem, held = Tracked(2)] {}); // in the host's queue: goes with it
        CHECK(Tracked::live == 2);
        asyncSystem.dispatchMainThreadTasks();
        CHECK(Tracked::live == 1);
        alive.lock()->take();
    }
    CHECK(Tracked::live == 0 && alive.expired());
}

TEST(defect_what_waits_in_main_at_the_end_is_rejected) {
    Tracked::reset();
    threadbare::Task<int> task = [] {
        AsyncSystem asyncSystem(std::make_shared<Threads>());
        return asyncSystem.runInMainThread([held = Tracked(1)] { return held.number; }).task();
    }();
    CHECK(Tracked::live == 0 && task.is_settled());
    CHECK(std::move(task).try_wait().error().kind() == TB_ERROR_CLOSED);
}

TEST(defect_chains_need_no_stack) {
    AsyncSystem asyncSystem(std::make_shared<Threads>());
    auto promise = asyncSystem.createPromise<int>();
    Future<int> immediately = promise.getFuture();
    for (int i = 0; i < 100000; ++i) immediately = std::move(immediately).thenImmediately([](int n) { return n + 1; });
    promise.resolve(0);
    CHECK(immediately.wait() == 100000);

    Future<int> in_main = asyncSystem.runInMainThread([] { return 0; });
    for (int i = 0; i < 100000; ++i) in_main = std::move(in_main).thenInMainThread([](int n) { return n + 1; });
    CHECK(in_main.waitInMainThread() == 100000);

    ThreadPool pool(1);
    std::function<Future<int>(int)> loop = [&](int left) -> Future<int> {
        if (left == 0) return asyncSystem.createResolvedFuture(7);
        return asyncSystem.runInThreadPool(pool, [] {}).thenInThreadPool(pool, [&loop, left] { return loop(left - 1); });
    };
    CHECK(loop(100000).wait() == 7);
}

TEST(defect_shared_continuations_run_under_no_lock) {
    AsyncSystem asyncSystem(std::make_shared<Threads>());
    auto promise = asyncSystem.createPromise<int>();
    auto shared = promise.getFuture().share();
    int inner = 0;
    auto outer = shared.thenImmediately([&inner, shared](int) mutable {
        shared.thenImmediately([&inner](int n) { inner = n; });
        return shared.wait();
    });
    promise.resolve(3);
    CHECK(outer.wait() == 3 && inner == 3);
}

TEST(defect_a_rejected_future_is_queued_nowhere) {
    auto pProcessor = std::make_shared<Deferred>();
    AsyncSystem asyncSystem(pProcessor);
    auto promise = asyncSystem.createPromise<int>();
    auto future = promise.getFuture().thenInWorkerThread([](int n) { return n; }).thenInMainThread([](int n) { return n; });
    promise.reject(std::runtime_error("no"));
    CHECK(future.isReady() && pProcessor->take().empty() && !asyncSystem.dispatchOneMainThreadTask());
    CHECK(thrown([&] { future.wait(); }) == "no");
}

TEST(defect_workers_can_fork) {
    auto pProcessor = std::make_shared<Threads>();
    AsyncSystem asyncSystem(pProcessor);
    Gate both;
    const int value = asyncSystem.runInWorkerThread([&] {
        auto forked = asyncSystem.runInWorkerThread([&both] { return both.wait(), 1; }); // inline it would wait for ever
        both.open();
        return forked.wait();
    }).wait();
    CHECK(value == 1 && pProcessor->started == 2);
}
