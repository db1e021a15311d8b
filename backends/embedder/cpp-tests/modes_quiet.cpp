#include <type_traits>

#include <threadbare.hpp>

#include "modes.hpp"

using namespace threadbare;
static_assert(!THREADBARE_EXCEPTIONS);
static_assert(std::is_same_v<decltype(Task<int>::resolved(1).wait()), Result<int>>);

tb_task* quiet_twice(tb_task* task) { return Task<int>::adopt(task).map(immediate, Twice{}).release(); }

bool quiet_sees(tb_task* task, const char* message) {
    Result<int> result = Task<int>::adopt(task).map(immediate, Twice{}).wait();
    return !result && result.error().message() == message;
}

tb_task* quiet_rejected() { return Task<int>::rejected(Error::with("quiet", 5L)).release(); }
