// Threads that the host lends to a pool or makes for it, and clocks.
#include <chrono>
#include <memory>
#include <stdexcept>

#include "common.hpp"

using namespace threadbare;
using namespace std::chrono_literals;
using Id = std::thread::id;

static Id this_thread() { return std::this_thread::get_id(); }

/// Room for so many guests, and no threads.
static ThreadPool guests_only(size_t guests) {
    PoolOptions options;
    options.threads = 0;
    options.guests = guests;
    return ThreadPool(options);
}

TEST(a_thread_is_the_pools_until_stop_has_settled) {
    ThreadPool pool = guests_only(1);
    auto [promise, stop] = threadbare::promise<std::unique_ptr<int>>();
    auto work = run(pool, [] { return this_thread(); });
    run(pool, [done = std::move(promise)] { done.resolve(std::make_unique<int>(7)); }).detach();
    Result<std::unique_ptr<int>> value = pool.try_attach_until(std::move(stop));
    CHECK(value && **value == 7);
    CHECK(*std::move(work).try_wait() == this_thread());
    auto rejected = pool.try_attach_until(Task<int>::rejected(Error("no")));
    CHECK(!rejected && rejected.error().message() == "no");
}

TEST(guests_do_the_work_of_a_pool_without_threads) {
    const ThreadPool pool = guests_only(2);
    std::vector<Promise<void>> done;
    std::vector<std::thread> guests;
    std::atomic<int> returned{0};
    for (int guest = 0; guest < 2; ++guest) {
        auto [promise, stop] = threadbare::promise<void>();
        done.push_back(std::move(promise));
        guests.emplace_back([&pool, &returned, task = std::move(stop)]() mutable {
            if (pool.try_attach_until(std::move(task))) ++returned;
        });
    }
    std::vector<Task<int>> tasks;
    for (int n = 0; n < 200; ++n) tasks.push_back(run(pool, [n] { return n; }));
    int sum = 0;
    for (auto& task : tasks) sum += *std::move(task).try_wait();
    CHECK(sum == 199 * 100);
    for (auto& promise : done) promise.resolve();
    for (auto& guest : guests) guest.join();
    CHECK(returned == 2);
}

TEST(a_pool_takes_no_more_than_it_has_room_for) {
    const ThreadPool pool = guests_only(1), none(1);
    auto stop = Task<int>::resolved(5);
    auto full = none.try_attach_until(std::move(stop));
    CHECK(!full && full.error().kind() == TB_ERROR_FULL && !full.error().message().empty());
    CHECK(*std::move(stop).try_wait() == 5); // it was not consumed
    CHECK(!none.attach_while([] { return true; }));

    ThreadPool closed = pool;
    closed.close();
    auto [promise, never] = threadbare::promise<int>();
    auto sent_home = pool.try_attach_until(std::move(never));
    CHECK(!sent_home && sent_home.error().kind() == TB_ERROR_CLOSED);
    promise.resolve(6);
    CHECK(*std::move(never).try_wait() == 6);
    CHECK(pool.attach_while([] { return true; }) == size_t(0));
}

TEST(a_little_time_is_worth_a_few_runnables) {
    const ThreadPool pool = guests_only(1);
    auto first = run(pool, [] { return 1; }), second = run(pool, [] { return 2; });
    int left = 1;
    CHECK(pool.attach_while([&left] { return left-- > 0; }) == size_t(1));
    CHECK(first.is_settled() && !second.is_settled());
    CHECK(pool.attach_while([] { return true; }) == size_t(1) && second.is_settled());
}

TEST(the_host_makes_the_threads) {
    std::vector<std::thread> made;
    std::vector<std::string> names;
    std::vector<size_t> stacks;
    PoolOptions options;
    options.threads = 3;
    options.name = "job";
    options.stack_size = 1 << 18;
    options.spin = 0ns;
    options.spawn = [&](PoolThread thread) {
        names.push_back(thread.name());
        stacks.push_back(thread.stack_size());
        if (thread.index() == 1) return; // the pool does without
        made.emplace_back([own = std::move(thread)]() mutable {
            std::move(own).run();
            if (own) std::abort();
        });
    };
    ThreadPool pool(options);
    CHECK(pool && names == std::vector<std::string>({"job-0", "job-1", "job-2"}));
    CHECK(stacks == std::vector<size_t>(3, 1 << 18) && made.size() == 2);
    const Id ran = *run(pool, [] { return this_thread(); }).try_wait();
    CHECK(ran == made[0].get_id() || ran == made[1].get_id());
    pool.close();
    for (auto& thread : made) thread.join();
}

#if THREADBARE_EXCEPTIONS
TEST(what_spawn_throws_comes_out) {
    std::vector<std::thread> made;
    int asked = 0;
    PoolOptions options;
    options.threads = 3;
    options.spawn = [&](PoolThread thread) {
        if (++asked == 2) throw std::length_error("no more threads");
        made.emplace_back([own = std::move(thread)]() mutable { std::move(own).run(); });
    };
    try {
        ThreadPool pool(options);
        CHECK(false);
    } catch (const std::length_error& error) {
        CHECK(std::string(error.what()) == "no more threads");
    }
    CHECK(asked == 2 && made.size() == 1);
    made[0].join();
    try {
        guests_only(0);
        CHECK(false);
    } catch (const Exception& error) {
        CHECK(std::string(error.what()).find("threads") != std::string::npos);
    }
}

TEST(a_failed_attachment_throws) {
    const ThreadPool pool(1);
    try {
        pool.attach_until(Task<int>::resolved(5));
        CHECK(false);
    } catch (const Exception& error) {
        CHECK(error.error().kind() == TB_ERROR_FULL);
    }
    CHECK(guests_only(1).attach_until(Task<int>::resolved(5)) == 5);
}
#else
TEST(a_pool_that_cannot_be_is_empty) {
    const ThreadPool pool = guests_only(0);
    CHECK(!pool && !pool.attach_while([] { return true; }));
    auto stop = Task<int>::resolved(5);
    CHECK(!pool.attach_until(std::move(stop)) && *std::move(stop).try_wait() == 5);
}
#endif

/// A pool of one thread that spins for an hour looks without end, one that does not sleeps. Either ends when it is told.
TEST(a_pool_spins_for_as_long_as_it_is_told) {
    for (std::chrono::nanoseconds spin : {std::chrono::nanoseconds(1h), 0ns, -1ns, std::chrono::nanoseconds::max()}) {
        PoolOptions options;
        options.spin = spin;
        options.threads = 1;
        CHECK(*run(ThreadPool(options), [] { return 1; }).try_wait() == 1);
        detail::Spawning spawning{options.spawn};
        const size_t raw = spawning.describe(options).spin_nanos;
        CHECK((raw == TB_NONE) == (spin <= 0ns));
        CHECK(spin <= 1h ? spin <= 0ns || raw == static_cast<size_t>(spin.count()) : raw >= TB_NONE / 2);
    }
    const PoolOptions options;
    detail::Spawning none{options.spawn};
    CHECK(none.describe(options).spin_nanos == 0 && none.describe(options).threads == 0);
}

TEST(a_delay_is_over_when_its_time_has_come) {
    const Clock clock;
    CHECK(clock);
    const auto start = clock.now();
    CHECK(clock.delay(2ms).try_wait());
    CHECK(clock.now() >= start + 2ms);
    auto later = clock.delay_until(start + 6ms), earlier = clock.delay_until(start + 4ms);
    CHECK(std::move(later).try_wait() && clock.now() >= start + 6ms);
    CHECK(std::move(earlier).try_wait()); // added late, it may be settled after the other
    auto sooner = clock.delay_until(clock.now() + 1ms);
    CHECK(clock.delay(2ms).try_wait() && sooner.is_settled());
    CHECK(clock.delay(-1s).try_wait() && clock.delay_until(0ns).try_wait());
    auto never = clock.delay(std::chrono::hours::max());
    CHECK(!never.is_settled());
    Clock(clock).close();
    CHECK(std::move(never).try_wait().error().kind() == TB_ERROR_CLOSED);
    CHECK(detail::nanoseconds(std::chrono::hours::max()) == UINT64_MAX);
}

TEST(a_limit_rejects_what_takes_too_long) {
    Tracked::reset();
    const Clock clock;
    auto [promise, task] = threadbare::promise<Tracked>();
    auto late = clock.timeout(std::move(task), 1ms).try_wait();
    CHECK(!late && late.error().kind() == TB_ERROR_TIMED_OUT);
    CHECK(promise.resolve(1) && Tracked::live == 0);

    auto [other, pending] = threadbare::promise<Tracked>();
    auto limited = clock.timeout(std::move(pending), 1h).map(immediate, [](Tracked&& value) { return value.number; });
    CHECK(!limited.is_settled() && other.resolve(2) && limited.is_settled());
    CHECK(*std::move(limited).try_wait() == 2 && Tracked::live == 0);
    CHECK(*clock.timeout(Task<int>::resolved(3), 0s).try_wait() == 3);
}

TEST(a_clock_that_closes_rejects_what_is_pending) {
    auto clock = std::make_unique<Clock>();
    Clock copy = *clock;
    auto one = clock->delay(1h), other = copy.delay(1h);
    clock.reset();
    CHECK(!one.is_settled() && copy.delay(0s).try_wait());
    copy.close();
    CHECK(std::move(one).try_wait().error().kind() == TB_ERROR_CLOSED);
    CHECK(copy.delay(0s).try_wait().error().kind() == TB_ERROR_CLOSED);
    CHECK(other.is_settled());
    { const Clock moved = std::move(copy); }
    Tracked::reset();
    CHECK(!copy && !copy.delay(0s).try_wait()); // an empty one
    CHECK(!copy.timeout(Task<Tracked>::resolved(1), 1h).try_wait() && Tracked::live == 0);
}
