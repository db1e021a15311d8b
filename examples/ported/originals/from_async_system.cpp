// A tile viewer on AsyncSystem. A tile names a texture and its children; tiles share textures; one tile is broken.

#include <CesiumAsync/AsyncSystem.h>
#include <CesiumAsync/ITaskProcessor.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace CesiumAsync;

void check(bool holds, const char* what) {
  if (!holds) {
    std::cerr << "not so: " << what << "\n";
    std::exit(1);
  }
}

class ThreadPerTask : public ITaskProcessor {
public:
  void startTask(std::function<void()> f) override { std::thread(std::move(f)).detach(); }
};

// A library that calls back, on a thread of its own.
void request(const std::string& url, std::function<void(std::optional<std::string>)> done) {
  std::thread([url, done] {
    static const std::map<std::string, std::string> files{
        {"root", "grass a b c"}, {"a", "grass"}, {"b", "rock"}, {"c", ""}, {"grass", "####"}, {"rock", "##"}};
    auto it = files.find(url);
    done(it == files.end() ? std::nullopt : std::optional(it->second));
  }).detach();
}

struct Tile {
  std::string texture;
  std::vector<std::string> children;
};

Tile parse(const std::string& text) {
  std::istringstream words(text);
  Tile tile;
  if (!(words >> tile.texture)) throw std::runtime_error("a tile without a texture");
  for (std::string child; words >> child;) tile.children.push_back(child);
  return tile;
}

struct Viewer {
  AsyncSystem asyncSystem;
  ThreadPool journalThread;
  std::vector<std::string> journal; // the journal thread's
  // The main thread's:
  std::map<std::string, SharedFuture<size_t>> textures;
  std::vector<std::string> drawn;
  size_t requests = 0, texels = 0, placeholders = 0;

  Future<std::string> get(const std::string& url) {
    ++requests;
    return asyncSystem.createFuture<std::string>([&url](const Promise<std::string>& promise) {
      request(url, [promise, url](std::optional<std::string> body) {
        if (body) promise.resolve(std::move(*body));
        else promise.reject(std::runtime_error("nothing at " + url));
      });
    });
  }

  SharedFuture<size_t> texture(const std::string& url) {
    auto it = textures.find(url);
    if (it == textures.end()) {
      auto decoded = get(url).thenInWorkerThread([](std::string&& bytes) { return bytes.size(); }).share();
      it = textures.emplace(url, std::move(decoded)).first;
    }
    return it->second;
  }

  // How many tiles there are from this one on.
  Future<size_t> load(const std::string& url) {
    return get(url)
        .thenInWorkerThread([](std::string&& text) { return parse(text); })
        .thenInMainThread([this](Tile&& tile) {
          return texture(tile.texture).thenPassThrough(std::move(tile));
        })
        .thenInMainThread([this, url](std::tuple<Tile, size_t>&& tileAndTexels) {
          auto& [tile, size] = tileAndTexels;
          drawn.push_back(url);
          texels += size;
          std::vector<Future<size_t>> children;
          for (const std::string& child : tile.children) children.push_back(load(child));
          return asyncSystem.all(std::move(children));
        })
        .thenImmediately([](std::vector<size_t>&& counts) {
          size_t sum = 1;
          for (size_t count : counts) sum += count;
          return sum;
        })
        .catchInMainThread([this, url](std::exception&& error) {
          std::cout << "a placeholder for " << url << ": " << error.what() << "\n";
          ++placeholders;
          return size_t(0);
        });
  }
};

int main() {
  AsyncSystem asyncSystem(std::make_shared<ThreadPerTask>());
  Viewer viewer{asyncSystem, asyncSystem.createThreadPool(1), {}, {}, {}};

  Future<size_t> loading = viewer.load("root").thenInThreadPool(viewer.journalThread, [&viewer](size_t count) {
    viewer.journal.push_back("loaded " + std::to_string(count));
    return count;
  });
  while (!loading.isReady()) {
    asyncSystem.dispatchMainThreadTasks(); // once a frame
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  check(loading.wait() == 3, "three tiles are good");

  Future<size_t> missing = viewer.load("nowhere");
  check(missing.waitInMainThread() == 0, "there is no such tile");

  check(viewer.drawn.size() == 3 && viewer.drawn[0] == "root", "parents are drawn first");
  check(viewer.texels == 4 + 4 + 2, "each tile has its texture");
  check(viewer.placeholders == 2, "one is broken, one is missing");
  check(viewer.requests == 7, "a texture is requested once");
  check(viewer.journal == std::vector<std::string>{"loaded 3"}, "the journal is written");
  std::cout << "drawn: " << viewer.drawn.size() << " tiles with " << viewer.texels << " texels\n";
}
