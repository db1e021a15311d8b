// An asset registry on std::future and a thread pool, as LoadAsync is meant: one pool, one load a path, typed handles.

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

void check(bool holds, const char* what) {
  if (!holds) {
    std::cerr << "not so: " << what << "\n";
    std::exit(1);
  }
}

class ThreadPool {
public:
  explicit ThreadPool(unsigned count = std::thread::hardware_concurrency()) {
    for (unsigned i = 0; i < std::max(count, 2u); ++i) threads_.emplace_back([this] { work(); });
  }

  ~ThreadPool() {
    {
      std::lock_guard lock(mutex_);
      closing_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  template <class F> auto enqueue(F f) -> std::future<std::invoke_result_t<F>> {
    auto task = std::make_shared<std::packaged_task<std::invoke_result_t<F>()>>(std::move(f));
    {
      std::lock_guard lock(mutex_);
      queue_.emplace_back([task] { (*task)(); });
    }
    wake_.notify_one();
    return task->get_future();
  }

private:
  void work() {
    for (;;) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
      if (queue_.empty()) return;
      auto job = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      job();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  std::vector<std::thread> threads_;
  bool closing_ = false;
};

struct Texture {
  std::vector<unsigned char> texels;
};
template <class T> using Handle = std::shared_ptr<const T>;

Texture decode(const std::string& path) {
  if (path.substr(path.find('.') + 1) != "png") throw std::runtime_error("not a texture: " + path);
  return Texture{std::vector<unsigned char>(path.size(), 7)};
}

class Registry {
public:
  explicit Registry(ThreadPool& pool) : pool_(pool) {}

  std::shared_future<Handle<Texture>> load(const std::string& path) {
    std::lock_guard lock(mutex_);
    auto it = textures_.find(path);
    if (it == textures_.end()) {
      ++loads;
      auto loading = pool_.enqueue([path]() -> Handle<Texture> { return std::make_shared<Texture>(decode(path)); });
      it = textures_.emplace(path, loading.share()).first;
    }
    return it->second;
  }

  int loads = 0;

private:
  ThreadPool& pool_;
  std::mutex mutex_;
  std::map<std::string, std::shared_future<Handle<Texture>>> textures_;
};

int main() {
  std::vector<size_t> uploaded; // the main thread's
  ThreadPool pool;
  Registry registry(pool);

  // Several ask for the same; a consumer of each does its own work with it. Consumers have threads of their own, since
  // `get` would block a worker of the pool.
  std::vector<std::future<size_t>> sums;
  for (const char* path : {"hero.png", "grass.png", "hero.png", "notes.txt"}) {
    sums.push_back(std::async(std::launch::async, [texture = registry.load(path)] {
      size_t sum = 0;
      for (unsigned char texel : texture.get()->texels) sum += texel;
      return sum;
    }));
  }
  int failures = 0;
  for (auto& sum : sums) {
    while (sum.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
    } // draw a progress bar
    try {
      uploaded.push_back(sum.get());
    } catch (const std::exception& error) {
      std::cout << "a placeholder: " << error.what() << "\n";
      ++failures;
    }
  }
  check(uploaded == std::vector<size_t>{56, 63, 56}, "three loads are good");
  check(failures == 1 && registry.loads == 3, "one load a path");

  // A value from elsewhere: the player presses a key. And one that never comes.
  std::promise<char> key;
  std::future<char> pressed = key.get_future();
  std::thread input([key = std::move(key)]() mutable { key.set_value('y'); });
  check(pressed.get() == 'y', "the key arrives");
  input.join();
  std::future<char> never;
  {
    std::promise<char> lost;
    never = lost.get_future();
  }
  try {
    never.get();
    check(false, "nobody has pressed it");
  } catch (const std::future_error& error) {
    check(error.code() == std::future_errc::broken_promise, "the promise is broken");
  }
  std::cout << "uploaded: " << uploaded.size() << " textures\n";
}
