// What AsyncSystem does that programs rely on, beyond its guide.
#include <tuple>

#include "async_system_common.hpp"

using namespace CesiumAsync;

TEST(promise_main_thread_is_a_dispatch_or_a_scope) {
    AsyncSystem asyncSystem(std::make_shared<Threads>());
    int ran = 0;
    auto queued = asyncSystem.runInMainThread([&ran] { ++ran; });
    auto attached = asyncSystem.createResolvedFuture().thenInMainThread([&ran] { ++ran; });
    CHECK(ran == 0);
    {
        auto scope = asyncSystem.enterMainThread();
        auto again = asyncSystem.enterMainThread();
        auto moved = std::move(scope);
        asyncSystem.createResolvedFuture().thenInMainThread([&ran] { ran += 10; });
        asyncSystem.runInMainThread([&ran] { ran += 10; });
        CHECK(ran == 20); // at once
        AsyncSystem other(std::make_shared<Threads>());
        auto elsewhere = other.runInMainThread([&ran] { ran += 100; });
        CHECK(ran == 20); // another system's
        std::thread([&] { asyncSystem.createResolvedFuture().thenInMainThread([&ran] { ran += 1000; }); }).join();
        CHECK(ran == 20); // another thread
    }
    asyncSystem.createResolvedFuture().thenInMainThread([&ran] { ran += 2000; });
    CHECK(ran == 20);
    std::thread([&] { asyncSystem.dispatchMainThreadTasks(); }).join(); // whoever dispatches
    CHECK(ran == 3022);
}

TEST(promise_dispatch_goes_on_until_nothing_is_left) {
    AsyncSystem asyncSystem(std::make_shared<Threads>());
    int depth = 0;
    std::function<Future<void>()> again = [&]() -> Future<void> {
        if (++depth == 3) return asyncSystem.createResolvedFuture();
        std::thread([&] { asyncSystem.runInMainThread([&] { again(); }); }).join();
        return asyncSystem.createResolvedFuture();
    };
    asyncSystem.runInMainThread(again);
    asyncSystem.dispatchMainThreadTasks();
    CHECK(depth == 3 && !asyncSystem.dispatchOneMainThreadTask());
}

TEST(promise_dispatch_one_runs_what_follows_at_once) {
    AsyncSystem asyncSystem(std::make_shared<Threads>());
    std::vector<int> order;
    auto first = asyncSystem.runInMainThread([&] { order.push_back(1); })
                     .thenInMainThread([&] { order.push_back(2); })
                     .thenImmediately([&] { order.push_back(3); })
                     .thenInMainThread([&, asyncSystem] {
                         asyncSystem.runInMainThread([&] { order.push_back(4); }); // is there already
                         order.push_back(5);
                     });
    auto second = asyncSystem.runInMainThread([&] { order.push_back(6); });
    CHECK(asyncSystem.dispatchOneMainThreadTask());
    CHECK(order == std::vector<int>({1, 2, 3, 4, 5}) && first.isReady());
    CHECK(asyncSystem.dispatchOneMainThreadTask() && order.back() == 6);
    CHECK(!asyncSystem.dispatchOneMainThreadTask());
}

TEST(promise_main_closures_wait_for_a_dispatch) {
    AsyncSystem asyncSystem(std::make_shared<Threads>());
    auto promise = asyncSystem.createPromise<int>();
    int caught = 0;
    auto count = [&caught](std::exception&&) { return ++caught; };
    auto shared = promise.getFuture().share();
    auto first = shared.catchInMainThread(count);
    auto second = shared.thenInMainThread([](int n) { return n; }).catchInMainThread(count);
    promise.reject(std::runtime_error("no"));
    CHECK(caught == 0 && !first.isReady() && !second.isReady());
    asyncSystem.dispatchMainThreadTasks();
    CHECK(caught == 2 && first.wait() + second.wait() == 3);
}

TEST(promise_worker_continuations_stay_where_they_are) {
    auto pProcessor = std::make_shared<Threads>();
    AsyncSystem asyncSystem(pProcessor);
    ThreadPool pool(1);
    auto promise = asyncSystem.createPromise<void>(); // settled when all is attached
    auto chain = promise.getFuture().thenInWorkerThread([] {}).thenInWorkerThread([] {});
    promise.resolve();
    chain.wait();
    CHECK(pProcessor->started == 1);
    promise = asyncSystem.createPromise<void>();
    chain = promise.getFuture().thenInWorkerThread([] {}).thenInThreadPool(pool, [] {}).thenInWorkerThread([] {});
    promise.resolve();
    chain.wait();
    CHECK(pProcessor->started == 3);
    const bool inside = asyncSystem.runInWorkerThread([asyncSystem] {
        bool ran = false;
        asyncSystem.createResolvedFuture().thenInWorkerThread([&ran] { ran = true; });
        return ran;
    }).wait();
    CHECK(inside && pProcessor->started == 4);
}

TEST(promise_all_waits_for_each_and_has_the_first_error) {
    AsyncSystem asyncSystem(std::make_shared<Threads>());
    auto one = asyncSystem.createPromise<int>();
    auto two = asyncSystem.createPromise<int>();
    std::vector<Future<int>> futures;
    futures.push_back(one.getFuture());
    futures.push_back(two.getFuture());
    auto all = asyncSystem.all(std::move(futures));
    two.reject(std::runtime_error("two"));
    CHECK(!all.isReady());
    one.reject(std::runtime_error("one"));
    CHECK(thrown([&] { all.wait(); }) == "one");
    CHECK(asyncSystem.all(std::vector<Future<int>>()).isReady());
    asyncSystem.all(std::vector<Future<void>>()).wait();

    auto number = asyncSystem.createPromise<int>();
    auto tuple = asyncSystem.all(number.getFuture(), asyncSystem.createResolvedFuture(std::make_unique<int>(3)),
                                 asyncSystem.createResolvedFuture(std::string("x")).share());
    number.resolve(2);
    auto [n, pointer, text] = tuple.wait();
    CHECK(n == 2 && *pointer == 3 && text == "x");
}

TEST(promise_wait_in_main_runs_only_what_it_must) {
    AsyncSystem asyncSystem(std::make_shared<Threads>());
    bool other = false;
    auto first = asyncSystem.runInMainThread([] { return 1; });
    auto second = asyncSystem.runInMainThread([&other] { other = true; });
    CHECK(first.waitInMainThread() == 1 && !other);
    auto nested = asyncSystem.runInMainThread([asyncSystem] {
        auto inner = asyncSystem.runInWorkerThread([] { return 20; }).thenInMainThread([](int n) { return n + 1; });
        auto more = asyncSystem.runInWorkerThread([] { return 20; }).thenInMainThread([](int n) { return n + 1; });
        return inner.waitInMainThread() + more.wait(); // either way
    });
    CHECK(nested.waitInMainThread() == 42 && other);
    CHECK(thrown([&] { asyncSystem.runInWorkerThread([] { throw std::runtime_error("no"); }).waitInMainThread(); }) == "no");
}

TEST(promise_the_first_call_counts) {
    AsyncSystem asyncSystem(std::make_shared<Threads>());
    auto promise = asyncSystem.createPromise<std::string>();
    auto future = promise.getFuture();
    auto copy = promise;
    copy.resolve("first");
    promise.resolve(std::string("second"));
    promise.reject(std::runtime_error("third"));
    CHECK(future.wait() == "first");

    auto abandoned = [&] {
        auto last = asyncSystem.createPromise<void>();
        return last.getFuture();
    }();
    CHECK(abandoned.isReady() && !thrown([&] { abandoned.wait(); }).empty());
    auto pointer = asyncSystem.createPromise<void>();
    pointer.reject(std::make_exception_ptr(std::out_of_range("range")));
    bool same = false;
    try {
        pointer.getFuture().wait();
    } catch (const std::out_of_range&) {
        same = true;
    }
    CHECK(same);
}

TEST(promise_shared_futures_fire_in_order_by_reference) {
    AsyncSystem asyncSystem(std::make_shared<Threads>());
    auto promise = asyncSystem.createPromise<std::unique_ptr<int>>(); // not copyable
    SharedFuture<std::unique_ptr<int>> shared = promise.getFuture().share();
    SharedFuture<std::unique_ptr<int>> copy = shared;
    std::vector<const int*> seen;
    auto look = [&seen](const std::unique_ptr<int>& value) { seen.push_back(value.get()); };
    auto first = shared.thenImmediately(look);
    auto second = copy.thenImmediately([&](const std::unique_ptr<int>& value) { seen.push_back(nullptr), look(value); });
    CHECK(!shared.isReady());
    promise.resolve(std::make_unique<int>(5));
    CHECK(shared.isReady() && seen.size() == 3 && seen[1] == nullptr && seen[0] == seen[2]);
    const std::unique_ptr<int>& value = shared.wait();
    CHECK(value.get() == seen[0] && copy.wait() == value && *value == 5);

    auto text = asyncSystem.createResolvedFuture(std::string("text")).share();
    auto passed = text.thenPassThrough(1).thenImmediately([](std::tuple<int, std::string>&& tuple) { return std::get<1>(tuple); });
    CHECK(passed.wait() == "text" && text.waitInMainThread() == "text");
    CHECK(text.catchImmediately([](std::exception&&) { return std::string(); }).wait() == "text");
    auto unwrapped = asyncSystem.createResolvedFuture().thenImmediately([text] { return text; });
    CHECK(unwrapped.wait() == "text");
    auto failed = asyncSystem.createFuture<int>([](const auto& p) { p.reject(std::runtime_error("no")); }).share();
    CHECK(thrown([&] { failed.wait(); }) == "no" && thrown([&] { failed.wait(); }) == "no");
    CHECK(failed.catchInMainThread([](std::exception&& e) { return static_cast<int>(std::string(e.what()).size()); }).waitInMainThread() == 2);
}

TEST(promise_what_is_no_exception_is_unknown) {
    AsyncSystem asyncSystem(std::make_shared<Threads>());
    auto caught = asyncSystem.createResolvedFuture().thenImmediately([]() -> std::string { throw 42; })
                      .catchImmediately([](std::exception&& e) { return std::string(e.what()); });
    CHECK(caught.wait() == "Unknown exception");
}

TEST(promise_dropped_futures_go_on_and_pools_drain) {
    AsyncSystem asyncSystem(std::make_shared<Threads>());
    std::atomic<int> ran{0};
    {
        ThreadPool pool = asyncSystem.createThreadPool(0); // one thread
        for (int i = 0; i < 10; ++i) asyncSystem.runInThreadPool(pool, [&ran] { ++ran; });
    }
    CHECK(ran == 10);
    const AsyncSystem copy = asyncSystem;
    CHECK(copy == asyncSystem && copy != AsyncSystem(std::make_shared<Threads>()));
}
