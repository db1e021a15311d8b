// What a closure throws rejects its task, and a failed wait throws it again.
#include <stdexcept>
#include <string>

#include "common.hpp"

using namespace threadbare;

struct Custom : std::runtime_error {
    explicit Custom(int the_code) : std::runtime_error("custom"), code(the_code) {}
    int code;
};

template <class E, class F>
static std::string caught(F&& f) {
    try {
        f();
    } catch (const E& exception) {
        return exception.what();
    } catch (...) {
        return "another";
    }
    return "nothing";
}

TEST(a_throw_in_any_verb_rejects) {
    auto good = [] { return Task<int>::resolved(1); };
    auto bad = [] { return Task<int>::rejected(Error("bad")); };
    auto raise = [](auto&&...) -> int { throw Custom(3); };
    CHECK(caught<Custom>([&] { good().map(immediate, raise).wait(); }) == "custom");
    CHECK(caught<Custom>([&] { good().and_then(immediate, raise).wait(); }) == "custom");
    CHECK(caught<Custom>([&] { bad().catch_(immediate, raise).wait(); }) == "custom");
    CHECK(caught<Custom>([&] { bad().or_else(immediate, raise).wait(); }) == "custom");
    CHECK(caught<Custom>([&] { bad().then(immediate, raise).wait(); }) == "custom");
    CHECK(caught<Custom>([&] { run(ThreadPool(1), raise).wait(); }) == "custom");
    CHECK(caught<Custom>([&] { good().map(immediate, raise).map(immediate, [](int value) { return value; }).wait(); }) == "custom");
}

TEST(the_exception_is_the_one_that_was_thrown) {
    try {
        Task<void>::resolved().map(immediate, []() -> int { throw Custom(7); }).wait();
        CHECK(false);
    } catch (Custom& custom) {
        CHECK(custom.code == 7);
    }
    try {
        Task<void>::resolved().map(immediate, []() -> int { throw 42; }).wait();
        CHECK(false);
    } catch (int thrown) {
        CHECK(thrown == 42);
    }
    Error error = Task<void>::resolved().map(immediate, [] { throw Custom(1); }).try_wait().error();
    CHECK(error.message() == "custom" && error.exception() != nullptr);
    CHECK(caught<Custom>([&] { error.rethrow(); }) == "custom");
}

TEST(an_error_of_no_exception_is_thrown_as_one) {
    try {
        Task<int>::rejected(Error(TB_ERROR_TIMED_OUT, "late")).wait();
        CHECK(false);
    } catch (const Exception& exception) {
        CHECK(exception.error().kind() == TB_ERROR_TIMED_OUT && std::string(exception.what()) == "late");
    }
    // And is that error again when it is thrown out of a closure.
    auto again = Task<int>::rejected(Error(TB_ERROR_TIMED_OUT, "late")).catch_(immediate, [](Error error) -> int { error.rethrow(); });
    CHECK(std::move(again).try_wait().error().kind() == TB_ERROR_TIMED_OUT);
}

TEST(a_throw_destroys_all_once) {
    Tracked::reset();
    {
        auto task = Task<Tracked>::resolved(1).map(immediate, [held = Tracked(2)](Tracked&& value) -> Tracked {
            Tracked local(held.number + value.number);
            throw Custom(local.number);
        });
        CHECK(Tracked::live == 0);
        CHECK(caught<Custom>([&] { std::move(task).wait(); }) == "custom");
    }
    CHECK(Tracked::live == 0);
}

TEST(waits_give_values) {
    CHECK(Task<std::string>::resolved("text").wait() == "text");
    Task<void>::resolved().wait();
    System system(ThreadPool(1));
    auto here = system.enter();
    CHECK(here->wait(run(system.main(), [] { return 3; })) == 3);
    CHECK(caught<Custom>([&] { here->wait(run(system.worker(), [] { throw Custom(1); })); }) == "custom");
}

TEST(a_throw_while_looking_goes_to_the_hook) {
    Unseen::take();
    auto task = Task<int>::resolved(1).inspect(immediate, [](const View<int>&) { throw Custom(1); });
    CHECK(std::move(task).wait() == 1);
    CHECK(Unseen::take() == std::vector<std::string>{"custom"});
}

TEST(a_processor_that_throws_rejects) {
    System system([](Runnable) { throw Custom(1); });
    auto task = run(system.worker(), [held = Tracked(1)] { return held.number; });
    CHECK(std::move(task).try_wait().error().kind() == TB_ERROR_CLOSED);
    auto [promise, pending] = threadbare::promise<int>();
    auto later = std::move(pending).map(system.worker(), [](int value) { return value; });
    promise.resolve(1);
    CHECK(std::move(later).try_wait().error().kind() == TB_ERROR_CLOSED);
}

struct Unmovable {
    Unmovable() = default;
    Unmovable(const Unmovable&) { throw Custom(1); }
    int filler[8] = {};
};

TEST(a_value_that_cannot_be_stored_rejects) {
    auto task = Task<void>::resolved().map(immediate, [value = std::make_shared<Unmovable>()]() -> const Unmovable& { return *value; });
    CHECK(caught<Custom>([&] { std::move(task).wait(); }) == "custom");
    // A closure that cannot be stored throws where it is given, and leaves the task alone.
    auto good = Task<int>::resolved(1);
    Unmovable unmovable;
    auto closure = [&unmovable](int value) { return value + unmovable.filler[0]; };
    struct Thrower {
        Thrower() = default;
        Thrower(const Thrower&) { throw Custom(2); }
        int operator()(int value) const { return value; }
        long filler[4] = {};
    } thrower;
    CHECK(caught<Custom>([&] { static_cast<void>(std::move(good).map(immediate, thrower)); }) == "custom");
    CHECK(std::move(good).map(immediate, closure).wait() == 1);
}
