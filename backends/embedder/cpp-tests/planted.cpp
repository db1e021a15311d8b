// Faults on purpose, across the C interface: what a sanitizer must say before its silence counts.
#include <cstring>
#include <memory>

#include "common.hpp"

using namespace threadbare;

int main(int count, char** arguments) {
    const char* fault = count > 1 ? arguments[1] : "";
    ThreadPool pool(1);
    if (std::strcmp(fault, "race") == 0) {
        int shared = 0;
        std::atomic<bool> go{false}, ran{false}; // relaxed: they order nothing
        auto task = run(pool, [&] {
            while (!go.load(std::memory_order_relaxed)) std::this_thread::yield();
            ++shared;
            ran.store(true, std::memory_order_relaxed);
        });
        go.store(true, std::memory_order_relaxed);
        while (!ran.load(std::memory_order_relaxed)) std::this_thread::yield();
        ++shared;
        std::move(task).detach();
        pool.close();
        return shared == 3;
    }
    if (std::strcmp(fault, "use-after-free") == 0) {
        const int* gone = run(pool, [number = std::make_unique<int>(5)] { return static_cast<const int*>(number.get()); }).try_wait().value_or(nullptr);
        return *gone == 3;
    }
    if (std::strcmp(fault, "leak") == 0) {
        return run(pool, [] { return (new Tracked(1))->number; }).try_wait().value_or(0) - 1;
    }
    return 2;
}
