// How values and closures travel: moved, destroyed once, allocated once or not at all.
#include <cstdint>
#include <functional>
#include <memory>

#include "common.hpp"

using namespace threadbare;

TEST(values_are_moved_and_never_copied) {
    Tracked::reset();
    {
        auto task = Task<Tracked>::resolved(1)
                        .map(immediate, [](Tracked&& value) { return Tracked(value.number + 1); })
                        .and_then(immediate, [](Tracked&& value) { return Task<Tracked>::resolved(std::move(value)); })
                        .then(immediate, [](Result<Tracked> result) { return result; });
        Result<Tracked> result = std::move(task).try_wait();
        CHECK(result && result->number == 2);
    }
    CHECK(Tracked::copies == 0);
    CHECK(Tracked::live == 0);
}

TEST(a_closure_gets_the_value_where_it_lies) {
    Tracked::reset();
    Task<Tracked>::resolved(1).map(immediate, [](Tracked&& value) { CHECK(value.number == 1); }).detach();
    CHECK(Tracked::moves == 0 && Tracked::copies == 0 && Tracked::live == 0);
}

TEST(move_only_values_and_captures) {
    auto captured = std::make_unique<int>(2);
    auto task = Task<std::unique_ptr<int>>::resolved(std::make_unique<int>(40))
                    .map(immediate, [captured = std::move(captured)](std::unique_ptr<int>&& value) {
                        *value += *captured;
                        return std::move(value);
                    });
    CHECK(**std::move(task).try_wait() == 42);
}

TEST(what_nobody_takes_is_destroyed_once) {
    Tracked::reset();
    Task<Tracked>::resolved(1).detach();
    CHECK(Tracked::live == 0);
    { auto dropped = Task<Tracked>::resolved(1); }
    CHECK(Tracked::live == 0);

    auto [promise, task] = threadbare::promise<Tracked>();
    CHECK(promise.resolve(1));
    CHECK(!promise.resolve(2));
    CHECK(!promise.reject(Error("too late")));
    CHECK(Tracked::live == 1);
    CHECK((*std::move(task).try_wait()).number == 1);
    CHECK(Tracked::live == 0);

    auto skipped = Task<Tracked>::resolved(3).or_else(immediate, [held = Tracked(4)](Error) { return Tracked(held.number); });
    CHECK(Tracked::live == 1); // the closure is gone
    CHECK(std::move(skipped).try_wait()->number == 3);

    auto failed = Task<Tracked>::resolved(5)
                      .and_then(immediate, [](Tracked&&) -> Result<Tracked> { return Error("no"); })
                      .map(immediate, [held = Tracked(6)](Tracked&&) { return held.number; });
    CHECK(Tracked::live == 0);
    CHECK(!std::move(failed).try_wait());
}

TEST(a_closure_is_destroyed_once_it_has_run) {
    Tracked::reset();
    auto task = Task<void>::resolved().map(immediate, [held = Tracked(1)] { return held.number; });
    CHECK(Tracked::live == 0);
    CHECK(*std::move(task).try_wait() == 1);

    Manual* host = nullptr;
    {
        auto owned = std::make_unique<Manual>();
        host = owned.get();
        KeptContext context = worker(std::move(owned));
        auto first = run(context, [held = Tracked(1)] { return held.number; });
        auto second = run(context, [held = Tracked(2)] { return held.number; });
        CHECK(Tracked::live == 2);
        auto queue = host->take();
        std::move(queue[0]).run();
        CHECK(Tracked::live == 1);
        queue.clear(); // dropped unrun
        CHECK(Tracked::live == 0);
        CHECK(first.try_take() && second.is_settled());
        Result<int> closed = std::move(second).try_wait();
        CHECK(!closed && closed.error().kind() == TB_ERROR_CLOSED);
    }
}

TEST(a_closure_may_own_the_object_that_its_task_lives_in) {
    struct Loader {
        Task<int> task;
        Tracked held{1};
    };
    Tracked::reset();
    auto self = std::make_unique<Loader>(Loader{Task<int>::resolved(1)});
    Task<int>& task = self->task;
    auto next = std::move(task).map(immediate, [self = std::move(self)](int value) { return value + self->held.number; });
    CHECK(Tracked::live == 0); // it has run, and nothing of the object was touched since
    CHECK(*std::move(next).try_wait() == 2);

    auto kept = Task<int>::resolved(3);
    CHECK(!std::move(kept).map(Context(nullptr), [](int value) { return value; }).try_wait());
    CHECK(kept.is_settled() && *std::move(kept).try_wait() == 3); // a verb that fails leaves it
}

TEST(an_error_is_never_nothing) {
    Error error("no");
    const Error moved = std::move(error);
    CHECK(moved.message() == "no");
    auto settled = [](Task<int> task, const char* message) {
        std::optional<Result<int>> taken = task.try_take();
        return taken && !*taken && taken->error().message() == message;
    };
    CHECK(settled(Task<int>::rejected(error), "an error that was moved from"));
    auto [promise, task] = threadbare::promise<int>();
    CHECK(promise.reject(error) && settled(std::move(task), "an error that was moved from"));
    auto answered = Task<void>::resolved().and_then(immediate, [&error]() -> Result<int> { return error; });
    CHECK(settled(std::move(answered), "an error that was moved from"));
    const Error odd(static_cast<tb_error_kind>(99), "odd");
    CHECK(odd.kind() == TB_ERROR_OTHER && settled(Task<int>::rejected(odd), "odd"));
    CHECK(Error(TB_ERROR_CLOSED, "\xff").kind() == TB_ERROR_CLOSED);
}

TEST(small_things_are_not_allocated) {
    const bool counted = allocations_are_counted();
    long before = allocations;
    std::intptr_t seen = 0;
    auto task = Task<int>::resolved(20).map(immediate, [&seen](int value) { return seen = value, value + 1; });
    CHECK(*std::move(task).map(immediate, [](int value) { return value * 2; }).try_wait() == 42);
    CHECK(seen == 20);
    CHECK(allocations == before);

    before = allocations; // a closure and its value: one each
    auto larger = Task<void>::resolved().map(immediate, [held = Tracked(1)] { return held.number; });
    CHECK(!counted || allocations == before + 1);
    auto value = Task<Tracked>::resolved(1);
    CHECK(!counted || allocations == before + 2);
    CHECK(std::move(larger).try_wait() && std::move(value).try_wait());
    CHECK(!counted || allocations == before + 2);
}

struct alignas(64) Aligned {
    double number = 1.5;
};
struct Empty {};
struct NoDefault {
    explicit NoDefault(short the_number) : number(the_number) {}
    short number;
};
enum class Colour : unsigned char { red, green };

template <class T, class Same>
static bool travels(T value, Same same) {
    auto task = Task<T>::resolved(std::move(value)).map(immediate, [](T&& moved) { return std::move(moved); });
    Result<T> result = std::move(task).share().fork().try_wait();
    return result && same(*result);
}

TEST(all_sorts_of_values) {
    CHECK(travels(true, [](bool value) { return value; }));
    CHECK(travels(false, [](bool value) { return !value; }));
    CHECK(travels(0, [](int value) { return value == 0; }));
    CHECK(travels(2.5, [](double value) { return value == 2.5; }));
    CHECK(travels(Colour::green, [](Colour value) { return value == Colour::green; }));
    CHECK(travels(Empty{}, [](Empty) { return true; }));
    CHECK(travels(NoDefault(7), [](NoDefault value) { return value.number == 7; }));
    CHECK(travels(std::string(100, 'x'), [](const std::string& value) { return value.size() == 100; }));
    CHECK(travels(Aligned{}, [](const Aligned& value) {
        return value.number == 1.5 && reinterpret_cast<std::uintptr_t>(&value) % 64 == 0;
    }));
    CHECK(travels(static_cast<const char*>(nullptr), [](const char* value) { return value == nullptr; }));
}

static int twice(int value) { return value * 2; }
struct Once {
    int operator()(int value) && { return value + 1; }
};

TEST(all_sorts_of_closures) {
    std::function<int(int)> function = twice;
    auto task = Task<int>::resolved(1)
                    .map(immediate, twice)
                    .map(immediate, &twice)
                    .map(immediate, function)
                    .map(immediate, Once{})
                    .map(immediate, [calls = 0](int value) mutable { return value + ++calls; })
                    .map(immediate, [](auto&& value) { return value; });
    CHECK(*std::move(task).try_wait() == 10);
}
