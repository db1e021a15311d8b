// A main loop at 60 frames a second, which loads textures meanwhile: read and decoded by the engine's own jobs, uploaded on
// the main thread, inside of what each frame can spare.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "jobs.hpp"
#include "texture.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using namespace std::chrono_literals;

constexpr std::uint32_t TEXTURES = 200;
constexpr auto FRAME = 1'000'000us / 60;
constexpr auto BUDGET = 2000us; // of each frame, for what loading wants of the main thread

bool is_corrupt(std::uint32_t seed) { return seed % 50 == 49; }

/// What only the main thread touches: no lock.
struct Renderer {
    struct Texture {
        std::string name;
        std::uint64_t checksum;
        bool is_placeholder;
    };
    std::thread::id thread = std::this_thread::get_id();
    std::vector<Texture> textures;
    std::size_t wrong_thread = 0;

    void upload(const Image& image, bool is_placeholder) {
        wrong_thread += std::this_thread::get_id() != thread;
        textures.push_back({image.name, image.checksum(), is_placeholder}); // the checksum stands for the copy to the GPU
    }
};

threadbare::Task<void> load(const threadbare::System& system, threadbare::Context here, Renderer& renderer,
                            std::uint32_t seed) {
    const std::string name = "texture-" + std::to_string(seed);
    return threadbare::run(system.worker(), [seed] { return read_file(seed, is_corrupt(seed)); })
        .and_then(system.worker(), [name](Bytes bytes) { return decode(name, bytes); }) // what it throws rejects the task
        .map(here, [&renderer](Image image) { renderer.upload(image, false); })
        .catch_(here, [&renderer, name](threadbare::Error error) {
            std::printf("%s: %s, a placeholder instead\n", name.c_str(), error.message().c_str());
            renderer.upload(placeholder(name), true);
        });
}

/// The frame's own work: jobs of a higher priority, which the main thread waits for.
double simulate(JobSystem& jobs, std::uint64_t frame) {
    std::atomic<std::size_t> left{jobs.threads()};
    std::atomic<std::uint64_t> moved{0};
    for (std::size_t part = 0; part < jobs.threads(); ++part) {
        jobs.push(Priority::Frame, [&, part] {
            double x = static_cast<double>(frame + part);
            for (int step = 0; step < 5000; ++step) x = std::sin(x) + 1.0;
            moved.fetch_add(static_cast<std::uint64_t>(x * 1000), std::memory_order_relaxed);
            left.fetch_sub(1, std::memory_order_release); // the last use of this frame's stack
        });
    }
    while (left.load(std::memory_order_acquire) > 0) std::this_thread::yield();
    return static_cast<double>(moved.load(std::memory_order_relaxed));
}

struct Times {
    std::vector<microseconds> all;
    void add(Clock::duration time) { all.push_back(std::chrono::duration_cast<microseconds>(time)); }
    void print(const char* what, microseconds budget) {
        std::sort(all.begin(), all.end());
        const auto over = std::count_if(all.begin(), all.end(), [&](microseconds time) { return time > budget; });
        std::printf("%s: p50 %.2f ms, worst %.2f ms, budget %.2f ms, %lld of %zu over it\n", what,
                    static_cast<double>(all[all.size() / 2].count()) / 1000, static_cast<double>(all.back().count()) / 1000,
                    static_cast<double>(budget.count()) / 1000, static_cast<long long>(over), all.size());
    }
};

/// Is everything there, as it was made, once?
bool is_right(const Renderer& renderer) {
    std::size_t placeholders = 0, wrong = 0;
    std::vector<bool> seen(TEXTURES);
    for (const Renderer::Texture& texture : renderer.textures) {
        const auto seed = static_cast<std::uint32_t>(std::stoul(texture.name.substr(texture.name.find('-') + 1)));
        wrong += seen[seed] || texture.is_placeholder != is_corrupt(seed) ||
                 (!texture.is_placeholder && texture.checksum != original(texture.name, seed).checksum());
        seen[seed] = true;
        placeholders += texture.is_placeholder;
    }
    std::printf("%zu textures, %zu of them placeholders\n", renderer.textures.size(), placeholders);
    if (renderer.textures.size() == TEXTURES && wrong == 0 && renderer.wrong_thread == 0) return true;
    std::printf("WRONG: %zu textures, %zu uploads on another thread\n", wrong, renderer.wrong_thread);
    return false;
}

} // namespace

int main() {
    // Destroyed from below: the main thread leaves, the system goes, and the last jobs have been run when the threads join.
    JobSystem jobs(std::max(2u, std::thread::hardware_concurrency()) - 1);
    Renderer renderer;
    threadbare::System system(std::make_unique<StreamingJobs>(jobs));
    threadbare::MainThread here = *system.enter();

    std::vector<threadbare::Task<void>> loads;
    for (std::uint32_t seed = 0; seed < TEXTURES; ++seed) loads.push_back(load(system, here, renderer, seed));
    threadbare::Task<void> loading = threadbare::all(std::move(loads));

    Times frames, dispatches;
    double moved = 0;
    for (auto next = Clock::now(); !loading.is_settled(); std::this_thread::sleep_until(next)) {
        const auto start = Clock::now();
        moved += simulate(jobs, frames.all.size());
        const auto before = Clock::now();
        here.dispatch_for(BUDGET);
        dispatches.add(Clock::now() - before);
        frames.add(Clock::now() - start);
        next = std::max(next + FRAME, Clock::now()); // frames that were missed are not made up for
    }
    frames.print("frames", std::chrono::duration_cast<microseconds>(FRAME));
    dispatches.print("loading on the main thread", BUDGET);
    if (!std::move(loading).try_wait() || !is_right(renderer) || !(moved > 0)) return 1;
    std::puts("the engine in C++: all right");
    return 0;
}
