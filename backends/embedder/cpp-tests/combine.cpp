// Many tasks into one, one into many.
#include <memory>
#include <string>

#include "common.hpp"

using namespace threadbare;

template <class T>
struct Many {
    std::vector<Promise<T>> promises;
    std::vector<Task<T>> tasks;
    explicit Many(int count) {
        for (int i = 0; i < count; ++i) {
            auto [promise, task] = threadbare::promise<T>();
            promises.push_back(std::move(promise));
            tasks.push_back(std::move(task));
        }
    }
};

TEST(all_keeps_the_order_and_waits_for_each) {
    Many<std::unique_ptr<int>> many(3);
    auto task = all(std::move(many.tasks));
    many.promises[2].resolve(std::make_unique<int>(2));
    many.promises[0].resolve(std::make_unique<int>(0));
    CHECK(!task.is_settled());
    many.promises[1].resolve(std::make_unique<int>(1));
    Result<std::vector<std::unique_ptr<int>>> result = std::move(task).try_wait();
    CHECK(result && result->size() == 3);
    for (size_t i = 0; i < 3; ++i) CHECK(*(*result)[i] == static_cast<int>(i));
}

TEST(all_has_the_first_error_by_position) {
    Unseen::take();
    Tracked::reset();
    {
        Many<Tracked> many(3);
        auto task = all(std::move(many.tasks));
        many.promises[2].reject(Error("two"));
        many.promises[1].reject(Error("one"));
        CHECK(!task.is_settled());
        many.promises[0].resolve(0);
        CHECK(std::move(task).try_wait().error().message() == "one");
    }
    CHECK(Tracked::live == 0);
    CHECK(Unseen::take() == std::vector<std::string>{"two"});
}

TEST(all_of_none_and_of_void) {
    Result<std::vector<int>> none = all(std::vector<Task<int>>()).try_wait();
    CHECK(none && none->empty());
    Many<void> many(2);
    auto task = all(std::move(many.tasks));
    many.promises[0].resolve();
    CHECK(!task.is_settled());
    many.promises[1].resolve();
    CHECK(std::move(task).try_wait());
}

TEST(values_of_all_are_moved_and_destroyed_once) {
    Tracked::reset();
    {
        Many<Tracked> many(2);
        auto task = all(std::move(many.tasks));
        many.promises[0].resolve(1);
        many.promises[1].resolve(2);
        Result<std::vector<Tracked>> result = std::move(task).try_wait();
        CHECK((*result)[1].number == 2 && Tracked::live == 2);
        Many<Tracked> dropped(2);
        all(std::move(dropped.tasks)).detach();
        dropped.promises[0].resolve(3);
        dropped.promises[1].resolve(4);
        CHECK(Tracked::live == 2);
    }
    CHECK(Tracked::live == 0 && Tracked::copies == 0);
}

TEST(join_makes_a_tuple) {
    auto task = join(Task<int>::resolved(1), Task<void>::resolved(), Task<std::string>::resolved("three"));
    Result<std::tuple<int, Unit, std::string>> result = std::move(task).try_wait();
    CHECK(result && std::get<0>(*result) == 1 && std::get<2>(*result) == "three");
    auto failed = join(Task<int>::resolved(1), Task<Tracked>::rejected(Error("no")));
    CHECK(std::move(failed).try_wait().error().message() == "no");
}

TEST(race_has_the_first_outcome) {
    Many<int> many(2);
    auto task = race(std::move(many.tasks));
    many.promises[1].resolve(1);
    CHECK(*std::move(task).try_wait() == 1);
    many.promises[0].resolve(0);

    Many<int> rejected(2);
    auto lost = race(std::move(rejected.tasks));
    rejected.promises[1].reject(Error("first"));
    CHECK(std::move(lost).try_wait().error().message() == "first");
}

TEST(any_has_the_first_value) {
    Many<int> many(3);
    auto task = any(std::move(many.tasks));
    many.promises[1].reject(Error("not this"));
    CHECK(!task.is_settled());
    many.promises[2].resolve(2);
    CHECK(*std::move(task).try_wait() == 2);

    Many<int> none(2);
    auto failed = any(std::move(none.tasks));
    none.promises[1].reject(Error("b"));
    none.promises[0].reject(Error("a"));
    CHECK(!std::move(failed).try_wait());
}

TEST(each_fork_gets_a_copy_in_order) {
    Tracked::reset();
    {
        auto [promise, task] = threadbare::promise<Tracked>();
        SharedTask<Tracked> shared = std::move(task).share();
        SharedTask<Tracked> same = shared;
        std::vector<int> order;
        auto first = shared.fork().map(immediate, [&order](Tracked&& value) { order.push_back(value.number); });
        auto second = same.fork().map(immediate, [&order](Tracked&& value) { order.push_back(value.number * 2); });
        CHECK(!shared.is_settled() && !shared.peek());
        promise.resolve(5);
        CHECK((*shared.peek())->number == 5);
        CHECK(same.is_settled() && order == std::vector<int>({5, 10}));
        CHECK(shared.fork().try_wait()->number == 5);
        CHECK(first.is_settled() && second.is_settled());
        CHECK(Tracked::copies <= 4);
    }
    CHECK(Tracked::live == 0);
}

TEST(forks_share_an_error) {
    SharedTask<void> shared = Task<void>::rejected(Error("for all")).share();
    CHECK(shared.fork().try_wait().error().message() == "for all");
    CHECK(shared.fork().try_wait().error().message() == "for all");
    CHECK(shared.peek()->error().message() == "for all" && *Task<void>::resolved().share().peek());
    CHECK(Task<void>::resolved().share().fork().try_wait());
}

TEST(forks_on_many_threads) {
    ThreadPool pool(2);
    auto [promise, task] = threadbare::promise<std::string>();
    SharedTask<std::string> shared = std::move(task).share();
    std::vector<Task<size_t>> sizes;
    for (int i = 0; i < 100; ++i) {
        sizes.push_back(run(pool, [shared] { return shared.fork(); }).map(pool, [](std::string&& text) { return text.size(); }));
    }
    promise.resolve("shared by all");
    Result<std::vector<size_t>> result = all(std::move(sizes)).try_wait();
    CHECK(result && result->size() == 100);
    for (size_t size : *result) CHECK(size == 13);
}
