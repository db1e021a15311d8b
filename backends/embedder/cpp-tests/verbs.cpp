// What each verb makes of either outcome.
#include <chrono>
#include <memory>

#include "common.hpp"

using namespace threadbare;

static Task<int> good() { return Task<int>::resolved(1); }
static Task<int> bad() { return Task<int>::rejected(Error("bad")); }
template <class T>
static std::string why(Task<T> task) {
    Result<T> result = std::move(task).try_wait();
    return result ? "" : result.error().message();
}

TEST(map_sees_values) {
    CHECK(*good().map(immediate, [](int value) { return value + 1; }).try_wait() == 2);
    CHECK(why(bad().map(immediate, [](int value) { return CHECK(false), value; })) == "bad");
    CHECK(good().map(immediate, [](int) {}).map(immediate, [] { return 3; }).try_wait());
}

TEST(and_then_unwraps) {
    CHECK(*good().and_then(immediate, [](int value) { return value + 1; }).try_wait() == 2);
    CHECK(*good().and_then(immediate, [](int value) -> Result<int> { return value + 2; }).try_wait() == 3);
    CHECK(*good().and_then(immediate, [](int value) { return Task<int>::resolved(value + 3); }).try_wait() == 4);
    CHECK(why(good().and_then(immediate, [](int) -> Result<int> { return Error("worse"); })) == "worse");
    CHECK(why(good().and_then(immediate, [](int) { return bad(); })) == "bad");
    CHECK(why(bad().and_then(immediate, [](int) { return CHECK(false), good(); })) == "bad");
    CHECK(good().and_then(immediate, [](int) -> Result<void> { return {}; }).try_wait());
    CHECK(good().and_then(immediate, [](int) { return Task<void>::resolved(); }).try_wait());

    auto [promise, later] = threadbare::promise<int>();
    auto task = good().and_then(immediate, [inner = std::move(later)](int) mutable { return std::move(inner); });
    CHECK(!task.is_settled());
    promise.resolve(5);
    CHECK(task.is_settled() && *std::move(task).try_wait() == 5);
}

TEST(catch_and_or_else_see_errors) {
    CHECK(*bad().catch_(immediate, [](Error error) { return static_cast<int>(error.message().size()); }).try_wait() == 3);
    CHECK(*good().catch_(immediate, [](const Error&) { return CHECK(false), 0; }).try_wait() == 1);
    CHECK(*bad().or_else(immediate, [](Error&&) { return good(); }).try_wait() == 1);
    CHECK(*bad().or_else(immediate, [](Error) -> Result<int> { return 2; }).try_wait() == 2);
    CHECK(why(bad().or_else(immediate, [](Error error) -> Result<int> { return Error(error.message() + "!"); })) == "bad!");
    CHECK(Task<void>::rejected(Error("void")).catch_(immediate, [](Error) {}).try_wait());
}

TEST(then_sees_both) {
    auto look = [](Result<int> result) -> Result<std::string> {
        if (!result) return std::move(result).error();
        return std::to_string(*result);
    };
    CHECK(*good().then(immediate, look).try_wait() == "1");
    CHECK(why(bad().then(immediate, look)) == "bad");
    CHECK(*bad().then(immediate, [](const Result<int>& result) { return result.has_value(); }).try_wait() == false);
    CHECK(Task<void>::resolved().then(immediate, [](Result<void> result) { return result; }).try_wait());
    CHECK(*bad().then(immediate, [](Result<int>) { return good(); }).try_wait() == 1);
}

TEST(inspect_lets_the_outcome_pass) {
    int seen = 0;
    auto count = [&seen](const View<int>& view) { seen += view ? *view : 10; };
    CHECK(*good().inspect(immediate, count).try_wait() == 1);
    CHECK(why(bad().inspect(immediate, count)) == "bad");
    CHECK(seen == 11);

    Tracked::reset();
    auto look = [&seen](const View<Tracked>& view) { seen += view->number; };
    CHECK(Task<Tracked>::resolved(5).inspect(immediate, look).try_wait()->number == 5);
    CHECK(seen == 16 && Tracked::copies == 0);
    CHECK(Task<void>::resolved().inspect(immediate, [&seen](const View<void>& view) { seen += view.has_value(); }).try_wait());
    CHECK(seen == 17);
    std::string message;
    CHECK(why(bad().inspect(immediate, [&](const View<int>& view) { message = view.error().message(); })) == "bad");
    CHECK(message == "bad");
}

TEST(try_take_takes_what_is_there) {
    auto [promise, task] = threadbare::promise<std::string>();
    CHECK(!task.is_settled() && !task.try_take());
    promise.resolve(3u, 'x');
    std::optional<Result<std::string>> taken = task.try_take();
    CHECK(taken && *taken && **taken == "xxx");
    CHECK(task.release() == nullptr);
}

TEST(a_promise_dropped_rejects) {
    auto pair = threadbare::promise<int>();
    { Promise<int> dropped = std::move(pair.promise); }
    Result<int> result = std::move(pair.task).try_wait();
    CHECK(!result && result.error().kind() == TB_ERROR_ABANDONED);

    auto [promise, task] = threadbare::promise<void>();
    CHECK(promise.reject(Error(TB_ERROR_CANCELED, "called off")));
    CHECK(!promise.resolve());
    Result<void> canceled = std::move(task).try_wait();
    CHECK(canceled.error().kind() == TB_ERROR_CANCELED && canceled.error().message() == "called off");
}

TEST(an_empty_task_is_an_error_and_no_crash) {
    Task<int> moved = good();
    Task<int> task = std::move(moved);
    CHECK(!std::move(moved).try_wait());
    CHECK(!std::move(moved).map(immediate, [](int value) { return value; }).try_wait());
    CHECK(!good().and_then(immediate, [&](int) { return std::move(moved); }).try_wait());
    CHECK(!all([&] {
               std::vector<Task<int>> tasks;
               tasks.push_back(good());
               tasks.push_back(std::move(moved));
               return tasks;
           }())
               .try_wait());
    CHECK(!moved.is_settled());
    std::move(moved).detach();
    Tracked::reset();
    CHECK(!std::move(moved).map(immediate, [held = Tracked(1)](int) { return held.number; }).try_wait());
    CHECK(!run(Context(nullptr), [held = Tracked(2)] { return held.number; }).try_wait());
    CHECK(Tracked::live == 0);
    CHECK(*std::move(task).try_wait() == 1);
    CHECK(!std::move(task).share().fork().try_wait());
}

TEST(long_chains_need_no_stack) {
    auto [promise, first] = threadbare::promise<int>();
    Task<int> task = std::move(first);
    for (int i = 0; i < 30000; ++i) task = std::move(task).map(immediate, [](int value) { return value + 1; });
    promise.resolve(0);
    CHECK(*std::move(task).try_wait() == 30000);
}

static Task<int> count_down(Context where, int left, int* steps) {
    if (left == 0) return Task<int>::resolved(*steps);
    return run(where, [steps] { ++*steps; }).and_then(where, [where, left, steps] { return count_down(where, left - 1, steps); });
}

TEST(recursion_through_returned_tasks_needs_no_stack) {
    auto host = std::make_shared<Manual>();
    KeptContext context = worker(host);
    int steps = 0;
    Task<int> task = count_down(context, 30000, &steps);
    host->run_all();
    CHECK(*std::move(task).try_wait() == 30000);
}

TEST(an_error_that_nobody_sees_goes_to_the_hook) {
    Unseen::take();
    bad().detach();
    CHECK(Unseen::take() == std::vector<std::string>{"bad"});
    { auto dropped = bad().map(immediate, [](int value) { return value; }); }
    CHECK(Unseen::take() == std::vector<std::string>{"bad"});
    good().detach();
    CHECK(!bad().try_wait());
    CHECK(Unseen::take().empty());
}

TEST(errors_have_a_kind_a_message_and_a_payload) {
    Error error(TB_ERROR_TIMED_OUT, "late: \xc3\xa9");
    Error copy = error;
    CHECK(copy.kind() == TB_ERROR_TIMED_OUT && copy.message() == "late: \xc3\xa9");
    CHECK(Error("").message().empty());
    CHECK(!Error("\xff\xfe").message().empty()); // no UTF-8
    Error deeper = Error::with("cause", Tracked(1)).context("loading rock.png");
    CHECK(deeper.message() == "loading rock.png" && deeper.payload<Tracked>() != nullptr);
    CHECK(deeper.trace().find("cause") != std::string::npos && copy.trace() == copy.message());
    deeper = copy;

    Tracked::reset();
    {
        Error with = Error::with("tracked", Tracked(7));
        Error passed = Task<int>::rejected(with).map(immediate, [](int value) { return value; }).try_wait().error();
        CHECK(passed.payload<Tracked>() != nullptr && passed.payload<Tracked>()->number == 7);
        CHECK(passed.payload<int>() == nullptr && error.payload<Tracked>() == nullptr);
        CHECK(*Error::with("small", 5).payload<int>() == 5);
        with = error;
        CHECK(Tracked::live == 1);
    }
    CHECK(Tracked::live == 0 && Tracked::copies == 0);
}

TEST(results) {
    Result<std::string> good_one = "text";
    Result<std::string> copy = good_one;
    CHECK(copy && *copy == "text" && copy->size() == 4);
    Result<std::string> bad_one = Error("no");
    copy = bad_one;
    CHECK(!copy && copy.error().message() == "no");
    copy = std::move(good_one);
    CHECK(*copy == "text");
    CHECK(std::move(copy).value_or("other") == "text");
    CHECK(std::move(bad_one).value_or("other") == "other");
    Result<std::unique_ptr<int>> pointer = std::make_unique<int>(1);
    Result<std::unique_ptr<int>> moved = std::move(pointer);
    CHECK(**moved == 1);
    static_assert(!std::is_copy_constructible_v<Result<std::unique_ptr<int>>>);
    static_assert(std::is_nothrow_move_constructible_v<Result<std::unique_ptr<int>>>);
    std::vector<Result<std::unique_ptr<int>>> many;
    for (int i = 0; i < 10; ++i) many.push_back(std::make_unique<int>(i));
    many.push_back(Error("last"));
    CHECK(**many[9] == 9 && many[10].error().message() == "last");
}
