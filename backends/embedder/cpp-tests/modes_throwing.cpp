#include <stdexcept>
#include <string>
#include <type_traits>

#include "check.hpp"
#include "modes.hpp"
#include <threadbare.hpp>

using namespace threadbare;
static_assert(THREADBARE_EXCEPTIONS);
static_assert(std::is_same_v<decltype(Task<int>::resolved(1).wait()), int>);

TEST(tasks_pass_between_the_modes) {
    auto task = Task<int>::adopt(quiet_twice(Task<int>::resolved(5).map(immediate, Twice{}).release())).map(immediate, Twice{});
    CHECK(std::move(task).wait() == 40);
}

TEST(exceptions_pass_through_the_quiet_mode) {
    auto raise = [](int) -> int { throw std::out_of_range("thrown"); };
    CHECK(quiet_sees(Task<int>::resolved(1).map(immediate, raise).release(), "thrown"));
    try {
        Task<int>::adopt(quiet_twice(Task<int>::resolved(1).map(immediate, raise).release())).wait();
        CHECK(false);
    } catch (const std::out_of_range& exception) {
        CHECK(std::string(exception.what()) == "thrown");
    }
}

TEST(errors_and_payloads_pass_between_the_modes) {
    try {
        Task<int>::adopt(quiet_rejected()).wait();
        CHECK(false);
    } catch (const Exception& exception) {
        CHECK(std::string(exception.what()) == "quiet");
        CHECK(exception.error().payload<long>() != nullptr && *exception.error().payload<long>() == 5);
    }
}

int main(int count, char** arguments) { return check::run(count, arguments); }
