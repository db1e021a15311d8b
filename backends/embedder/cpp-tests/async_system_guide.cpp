// Programs as people write them on AsyncSystem: a page with images, a callback library, a cache.
#include <map>
#include <optional>
#include <tuple>

#include "async_system_common.hpp"

using namespace CesiumAsync;

namespace {

using Bytes = std::vector<char>;

/// A server, with a thread for each request.
Future<std::shared_ptr<Bytes>> fetch(const AsyncSystem& asyncSystem, const std::string& url) {
    return asyncSystem.createFuture<std::shared_ptr<Bytes>>([&](const Promise<std::shared_ptr<Bytes>>& promise) {
        if (url.empty()) throw std::invalid_argument("no url");
        std::thread([promise, url] {
            if (url == "missing") {
                promise.reject(std::runtime_error("404 " + url));
            } else {
                promise.resolve(std::make_shared<Bytes>(url.begin(), url.end()));
            }
        }).detach();
    });
}

struct Page {
    std::string title;
    std::vector<std::string> images;
    std::optional<std::string> failure;
};

Page parse(const Bytes& bytes) { return {std::string(bytes.begin(), bytes.end()), {"rock.png", "grass.png"}, {}}; }

struct Fixture {
    std::shared_ptr<Threads> pProcessor = std::make_shared<Threads>();
    AsyncSystem asyncSystem{pProcessor};
};

} // namespace

TEST(guide_wait_for_a_request) {
    Fixture fixture;
    Future<std::shared_ptr<Bytes>> future = fetch(fixture.asyncSystem, "index");
    std::shared_ptr<Bytes> pBytes = std::move(future).wait();
    CHECK(pBytes->size() == 5);
    CHECK(thrown([&] { fetch(fixture.asyncSystem, "missing").wait(); }) == "404 missing");
    CHECK(thrown([&] { fetch(fixture.asyncSystem, "").wait(); }) == "no url");
}

TEST(guide_fetch_decode_show) {
    Fixture fixture;
    const std::thread::id main = std::this_thread::get_id();
    std::string shown;
    Future<void> future = fetch(fixture.asyncSystem, "index")
                              .thenInWorkerThread([main](std::shared_ptr<Bytes>&& pBytes) {
                                  CHECK(std::this_thread::get_id() != main);
                                  return parse(*pBytes);
                              })
                              .thenInMainThread([main, &shown](Page&& page) {
                                  CHECK(std::this_thread::get_id() == main);
                                  shown = page.title;
                              });
    while (!future.isReady()) {
        fixture.asyncSystem.dispatchMainThreadTasks();
        std::this_thread::yield();
    }
    future.wait();
    CHECK(shown == "index");
    CHECK(fixture.pProcessor->started == 1);
}

TEST(guide_an_error_becomes_a_value) {
    Fixture fixture;
    bool skipped = true;
    Future<std::string> future = fetch(fixture.asyncSystem, "missing")
                                     .thenInWorkerThread([&skipped](std::shared_ptr<Bytes>&& pBytes) {
                                         skipped = false;
                                         return parse(*pBytes);
                                     })
                                     .catchInMainThread([](std::exception&& e) { return Page{"", {}, e.what()}; })
                                     .thenImmediately([](Page&& page) { return page.failure.value_or("none"); });
    CHECK(future.waitInMainThread() == "404 missing" && skipped);
    auto rethrown = fixture.asyncSystem.createResolvedFuture(1)
                        .thenImmediately([](int) -> int { throw std::runtime_error("first"); })
                        .catchImmediately([](std::exception&& e) -> int { throw std::runtime_error(std::string(e.what()) + ", second"); })
                        .thenImmediately([](int value) { return CHECK(false), value; });
    CHECK(thrown([&] { rethrown.wait(); }) == "first, second");
}

TEST(guide_a_page_and_its_images) {
    Fixture fixture;
    Future<size_t> future = fetch(fixture.asyncSystem, "index")
                                .thenInWorkerThread([asyncSystem = fixture.asyncSystem](std::shared_ptr<Bytes>&& pBytes) {
                                    Page page = parse(*pBytes);
                                    std::vector<Future<std::shared_ptr<Bytes>>> images;
                                    for (const std::string& url : page.images) images.emplace_back(fetch(asyncSystem, url));
                                    return asyncSystem.all(std::move(images)).thenPassThrough(std::move(page));
                                })
                                .thenInMainThread([](std::tuple<Page, std::vector<std::shared_ptr<Bytes>>>&& tuple) {
                                    auto& [page, images] = tuple;
                                    CHECK(page.images.size() == images.size());
                                    return images[0]->size() + images[1]->size();
                                });
    CHECK(future.waitInMainThread() == 17);
}

TEST(guide_either_a_value_or_another_request) {
    Fixture fixture;
    auto image = [&](bool has) {
        return fetch(fixture.asyncSystem, "index").thenInWorkerThread([asyncSystem = fixture.asyncSystem, has](auto&&) {
            if (!has) return asyncSystem.createResolvedFuture<std::shared_ptr<Bytes>>(nullptr);
            return fetch(asyncSystem, "image");
        });
    };
    CHECK(image(true).wait()->size() == 5);
    CHECK(image(false).wait() == nullptr);
    Future<int> caught = fixture.asyncSystem.createFuture<int>([](const auto& promise) { promise.reject(std::runtime_error("no")); })
                             .catchInMainThread([asyncSystem = fixture.asyncSystem](std::exception&&) {
                                 return asyncSystem.createResolvedFuture(2);
                             });
    CHECK(caught.waitInMainThread() == 2);
}

TEST(guide_a_callback_library) {
    Fixture fixture;
    auto compute = [](int input, std::function<void(int)> done) { std::thread([=] { done(input * input); }).detach(); };
    Promise<int> promise = fixture.asyncSystem.createPromise<int>();
    Future<int> future = promise.getFuture();
    compute(5, [promise](int value) { promise.resolve(value); });
    CHECK(future.wait() == 25);
    CHECK(!thrown([&] { static_cast<void>(promise.getFuture()); }).empty());
}

TEST(guide_a_model_travels) {
    Fixture fixture;
    auto model = std::make_unique<std::string>("model");
    auto future = fixture.asyncSystem
                      .runInWorkerThread([model = std::move(model)]() mutable {
                          *model += ", decoded";
                          return std::move(model);
                      })
                      .thenInMainThread([](std::unique_ptr<std::string>&& back) { return std::move(*back); });
    CHECK(future.waitInMainThread() == "model, decoded");
}

TEST(guide_a_cache_on_a_thread_of_its_own) {
    Fixture fixture;
    ThreadPool journal = fixture.asyncSystem.createThreadPool(1);
    std::vector<std::thread::id> writers;
    std::map<std::string, SharedFuture<size_t>> cache;
    int decoded = 0;
    auto load = [&](const std::string& url) {
        auto it = cache.find(url);
        if (it == cache.end()) {
            auto loading = fetch(fixture.asyncSystem, url).thenInMainThread([&decoded](std::shared_ptr<Bytes>&& pBytes) {
                ++decoded;
                return pBytes->size();
            });
            it = cache.emplace(url, std::move(loading).share()).first;
        }
        return it->second;
    };
    std::vector<SharedFuture<size_t>> all = {load("rock"), load("rock"), load("grass")};
    auto sizes = fixture.asyncSystem.all(std::move(all));
    auto written = load("rock").thenInThreadPool(journal, [&writers](size_t) { writers.push_back(std::this_thread::get_id()); });
    auto again = fixture.asyncSystem.runInThreadPool(journal, [&writers] { writers.push_back(std::this_thread::get_id()); });
    CHECK(sizes.waitInMainThread() == std::vector<size_t>({4, 4, 5}));
    written.waitInMainThread();
    again.wait();
    CHECK(decoded == 2);
    CHECK(writers.size() == 2 && writers[0] == writers[1] && writers[0] != std::this_thread::get_id());
}

TEST(guide_continue_in_the_words_of_threadbare) {
    Fixture fixture;
    threadbare::Task<int> task = fixture.asyncSystem.createResolvedFuture(20).task().map(fixture.asyncSystem.worker(), [](int n) { return n + 1; });
    Future<int> future = fixture.asyncSystem.adopt(std::move(task)).thenInMainThread([](int n) { return n * 2; });
    CHECK(future.waitInMainThread() == 42);
}
