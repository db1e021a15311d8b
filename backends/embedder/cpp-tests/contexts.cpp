// Where closures run, and where they are destroyed.
#include <chrono>
#include <memory>
#include <optional>
#include <type_traits>

#include "common.hpp"

using namespace threadbare;
using Id = std::thread::id;

static Id this_thread() { return std::this_thread::get_id(); }

TEST(work_hops_between_threads) {
    ThreadPool pool(2);
    System system(pool);
    CHECK(system && pool);
    auto here = system.enter();
    CHECK(here.has_value());
    std::vector<Id> ids;
    auto task = run(system.worker(), [] { return this_thread(); })
                    .map(*here, [&ids](Id worker) { ids = {worker, this_thread()}; })
                    .map(pool, [] { return this_thread(); })
                    .map(system.main(), [&ids](Id worker) { ids.push_back(worker), ids.push_back(this_thread()); });
    CHECK(here->try_wait(std::move(task)));
    CHECK(ids.size() == 4 && ids[0] != this_thread() && ids[1] == this_thread() && ids[2] != this_thread() && ids[3] == this_thread());
    auto waited = run(system.main(), [] { return 5; });
    CHECK(*std::move(waited).try_wait() == 5); // dispatches, too
}

TEST(dispatch_is_bounded) {
    System system(ThreadPool(1));
    auto here = system.enter();
    const KeptContext main = system.main().keep();
    std::vector<int> ran;
    auto count = [&ran, &main] {
        ran.push_back(1);
        run(main, [&ran] { ran.push_back(2); }).detach();
    };
    CHECK(here->is_idle() && here->dispatch() == 0 && !here->dispatch_one());
    run(main, count).detach();
    run(main, count).detach();
    CHECK(!here->is_idle());
    CHECK(here->dispatch() == 2 && ran == std::vector<int>({1, 1}));
    CHECK(here->dispatch_one() && ran.size() == 3);
    run(main, count).detach();
    CHECK(here->dispatch_while([] { return true; }) == 3 && ran.size() == 6 && here->is_idle());
    run(main, count).detach();
    int budget = 1;
    CHECK(here->dispatch_while([&budget] { return budget-- > 0; }) == 1);
    run(main, count).detach();
    CHECK(here->dispatch_for(std::chrono::hours(1)) == 3 && here->is_idle());
    run(main, count).detach();
    CHECK(here->dispatch_for(std::chrono::hours::max()) == 2 && here->is_idle());
    run(main, count).detach();
    CHECK(here->dispatch_for(std::chrono::seconds(-1)) == 1 && !here->is_idle()); // the first in any case
    here->dispatch_while([] { return true; });
}

TEST(main_thread_captures_are_destroyed_at_home) {
    System system(ThreadPool(1));
    auto here = system.enter();
    std::atomic<Id> ran{}, skipped{}, main_skipped{};
    auto good = run(system.worker(), [] { return 1; }).map(*here, [w = Witness(&ran)](int value) { return value; });
    auto bad = run(system.worker(), []() -> Result<int> { return Error("no"); })
                   .map(*here, [w = Witness(&skipped)](int value) { return value; });
    Gate attached; // what is skipped for the main queue is destroyed where its task is settled: on the worker
    auto other = run(system.worker(), [&]() -> Result<int> { return attached.wait(), Error("no"); })
                     .map(system.main(), [w = Witness(&main_skipped)](int value) { return value; });
    attached.open();
    CHECK(here->try_wait(std::move(good)));
    CHECK(!here->try_wait(std::move(bad)) && !here->try_wait(std::move(other)));
    here->dispatch_while([] { return true; });
    CHECK(ran.load() == this_thread() && skipped.load() == this_thread());
    CHECK(main_skipped.load() != this_thread() && main_skipped.load() != Id());
}

TEST(there_is_one_main_thread) {
    System system(ThreadPool(1));
    auto here = system.enter();
    CHECK(system.enter().has_value());
    const Context home = *here;
    bool entered = true, rejected = false;
    std::thread([&] {
        entered = system.enter().has_value();
        rejected = !run(home, [] {}).try_wait();
    }).join();
    CHECK(!entered && rejected);
}

TEST(leaving_closes_the_main_queue) {
    System system(ThreadPool(1));
    Tracked::reset();
    Task<int> task = [&] {
        auto here = system.enter();
        return run(system.main(), [held = Tracked(1), system] { return held.number; });
    }();
    CHECK(Tracked::live == 0);
    CHECK(std::move(task).try_wait().error().kind() == TB_ERROR_CLOSED);
}

TEST(contexts_are_compared_and_kept) {
    System a{ThreadPool(1)}, b{ThreadPool(1)};
    System copy = a;
    CHECK(a == copy && a != b && a.worker() == copy.worker() && a.worker() != a.main());
    CHECK(Context(immediate) == Context(immediate) && a.main() != immediate);
    KeptContext kept = a.worker().keep();
    KeptContext also = kept;
    CHECK(kept == a.worker() && also == kept);
    a = b;
    copy = b;
    CHECK(run(kept, [] {}).try_wait().error().kind() == TB_ERROR_CLOSED);
}

TEST(a_processor_of_the_hosts) {
    std::atomic<int> destroyed{0};
    auto host = std::make_shared<Manual>(&destroyed);
    Manual& manual = *host;
    {
        System system(std::move(host));
        std::vector<int> order;
        auto task = run(system.worker(), [&order] { order.push_back(1); })
                        .map(system.worker(), [&order] { order.push_back(2); }) // at once: it is there already
                        .and_then(system.worker(), [&order, worker = system.worker().keep()] {
                            order.push_back(3);
                            return run(worker, [&order] { order.push_back(4); }); // queued: a fork
                        });
        CHECK(order.empty() && manual.started == 1);
        CHECK(manual.run_all() == 2 && order == std::vector<int>({1, 2, 3, 4}) && manual.started == 2);
        CHECK(task.is_settled() && manual.released == 0);
        auto rejected = run(system.worker(), [] {});
        auto closed = run(system.worker(), [] {});
        auto queue = manual.take();
        std::move(queue[0]).reject(Error("the host says no"));
        queue.clear();
        CHECK(std::move(rejected).try_wait().error().message() == "the host says no");
        CHECK(std::move(closed).try_wait().error().kind() == TB_ERROR_CLOSED);
        int more = 1;
        auto limited = run(system.worker(), [] { return 1; }).map(system.worker(), [](int value) { return value + 1; });
        queue = manual.take();
        std::move(queue[0]).run_while([&more] { return more-- > 0; });
        CHECK(!queue[0]);
        manual.run_all();
        CHECK(*std::move(limited).try_wait() == 2);
        auto late = run(system.worker(), [] {});
        CHECK(destroyed == 0);
        manual.take(); // what waits in the host's own queue refers to the host
    }
    CHECK(destroyed == 1);
}

TEST(a_processor_is_told_of_main_work_and_of_the_end) {
    auto host = std::make_shared<Manual>();
    {
        System system(host);
        const System copy = system;
        auto here = system.enter();
        run(system.main(), [] {}).detach();
        run(system.main(), [] {}).detach();
        CHECK(host->ready == 1); // when there was nothing before
        CHECK(here->dispatch() == 2 && host->released == 0);
    }
    CHECK(host->released == 1);
}

TEST(a_closure_as_processor) {
    System system([](Runnable runnable) {
        std::thread([runnable = std::move(runnable)]() mutable { std::move(runnable).run(); }).detach();
    });
    CHECK(*run(system.worker(), [] { return 42; }).try_wait() == 42);
    auto host = std::make_shared<Manual>();
    KeptContext alone = worker(host);
    auto task = run(alone, [] {});
    CHECK(!task.is_settled());
    host->take(); // what waits in the host's own queue refers to the host
    CHECK(task.is_settled());
}

static_assert(!std::is_copy_constructible_v<Thread> && std::is_nothrow_move_constructible_v<Thread>);

/// A host with one thread, which sleeps in waits and is woken.
class Sleeping final : public Processor {
public:
    void start_task(Runnable runnable) override {
        std::lock_guard lock(mutex_);
        queue_.push_back(std::move(runnable));
        if (sleeper_) sleeper_->unpark();
    }
    bool helps() override { return true; }
    bool run_one() override {
        std::unique_lock lock(mutex_);
        if (queue_.empty()) return false;
        Runnable next = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        std::move(next).run();
        return true;
    }
    tb_outlook before_park() override {
        std::lock_guard lock(mutex_);
        if (!queue_.empty()) return TB_OUTLOOK_WORK;
        sleeper_ = Thread::current();
        ++parked;
        asleep.open();
        return TB_OUTLOOK_SLEEP;
    }
    void after_park() override {
        std::lock_guard lock(mutex_);
        sleeper_.reset();
        ++woken;
    }

    Gate asleep;
    int parked = 0, woken = 0;

private:
    std::mutex mutex_;
    std::deque<Runnable> queue_;
    std::optional<Thread> sleeper_;
};

TEST(new_work_wakes_a_hosts_thread) {
    auto host = std::make_shared<Sleeping>();
    KeptContext context = worker(host);
    auto [promise, pending] = threadbare::promise<int>();
    Id ran{};
    int result = 0;
    std::thread thread([&result, context, task = std::move(pending)]() mutable {
        serve(context, [&result, &task] { result = *std::move(task).try_wait(); });
    });
    const Id served = thread.get_id();
    host->asleep.wait();
    // It is the only thread that can run this.
    run(context, [&ran, promise = std::move(promise)] {
        ran = this_thread();
        promise.resolve(5);
    }).detach();
    thread.join();
    CHECK(result == 5 && ran == served);
    CHECK(host->parked >= 1 && host->parked == host->woken);
    Thread here = Thread::current();
    Thread moved = std::move(here);
    CHECK(moved && !here);
    here.unpark(); // of nobody
}

/// A host with one thread, whose waits run its work.
class Helping final : public Processor {
public:
    void start_task(Runnable runnable) override {
        std::lock_guard lock(mutex_);
        queue_.push_back(std::move(runnable));
    }
    bool helps() override { return true; }
    bool run_one() override {
        std::unique_lock lock(mutex_);
        if (queue_.empty()) return false;
        Runnable next = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        std::move(next).run();
        return true;
    }
    tb_outlook before_park() override {
        std::lock_guard lock(mutex_);
        return queue_.empty() ? TB_OUTLOOK_NEVER : TB_OUTLOOK_WORK;
    }

private:
    std::mutex mutex_;
    std::deque<Runnable> queue_;
};

TEST(waits_on_a_hosts_thread_run_its_work) {
    KeptContext context = worker(std::make_shared<Helping>());
    int result = 0;
    const bool served = serve(context, [&] {
        auto inner = [&context] { return *run(context, [] { return 20; }).try_wait() + 1; };
        result = *run(context, inner).map(immediate, [](int value) { return value * 2; }).try_wait();
        auto [promise, never] = threadbare::promise<int>();
        CHECK(std::move(never).try_wait().error().kind() == TB_ERROR_DEADLOCK);
    });
    CHECK(served && result == 42);
}

TEST(a_pool_drains_or_rejects) {
    Gate gate;
    ThreadPool pool(1);
    auto blocked = run(pool, [&gate] { gate.wait(); });
    auto queued = run(pool, [] { return 1; });
    gate.open();
    pool.close();
    pool.close();
    CHECK(blocked.is_settled() && *std::move(queued).try_wait() == 1);
    CHECK(run(pool, [] {}).try_wait().error().kind() == TB_ERROR_CLOSED);

    Gate started, second;
    ThreadPool other(1);
    auto running = run(other, [&] { started.open(), second.wait(); });
    started.wait();
    auto rejected = run(other, [] { return 1; });
    auto opened = std::move(rejected).inspect(immediate, [&second](const View<int>&) { second.open(); });
    other.close_now(); // opens the gate by rejecting
    CHECK(std::move(opened).try_wait().error().kind() == TB_ERROR_CLOSED);
    CHECK(std::move(running).try_wait());
}

TEST(a_pool_may_be_dropped_anywhere) {
    Gate dropped;
    auto pool = std::make_unique<ThreadPool>(1);
    auto task = run(*pool, [inner = ThreadPool(*pool), &dropped]() mutable {
        dropped.wait();
        { ThreadPool last = std::move(inner); } // on its own thread
        return 1;
    });
    auto [promise, pending] = threadbare::promise<int>();
    auto late = std::move(pending).map(*pool, [](int value) { return value; });
    pool.reset();
    dropped.open();
    CHECK(*std::move(task).try_wait() == 1);
    promise.resolve(1); // the pool has gone
    CHECK(std::move(late).try_wait().error().kind() == TB_ERROR_CLOSED);
}

TEST(a_pool_that_cannot_be_made) {
    tb_pool_options options{};
    options.size = sizeof options;
    options.name = "\xff";
#if THREADBARE_EXCEPTIONS
    bool thrown = false;
    try {
        ThreadPool pool(options);
    } catch (const Exception& exception) {
        thrown = exception.what()[0] != '\0';
    }
    CHECK(thrown);
#else
    ThreadPool pool(options);
    CHECK(!pool);
    CHECK(!run(pool, [] {}).try_wait());
#endif
}
