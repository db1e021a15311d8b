#include <cstdlib>
#include <new>

#include "common.hpp"

#if !defined(TB_SANITIZED) // whose operators see more
static void* counted(std::size_t size, std::size_t align) {
    ++allocations;
    void* place = std::aligned_alloc(align, (size + align - 1) / align * align);
    if (place == nullptr) std::abort();
    return place;
}

void* operator new(std::size_t size) { return counted(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t align) { return counted(size, static_cast<std::size_t>(align)); }
void operator delete(void* place) noexcept { std::free(place); }
void operator delete(void* place, std::size_t) noexcept { std::free(place); }
void operator delete(void* place, std::align_val_t) noexcept { std::free(place); }
void operator delete(void* place, std::size_t, std::align_val_t) noexcept { std::free(place); }
#endif

int main(int count, char** arguments) {
    if (!threadbare::set_error_hook(Unseen::hook)) return 2;
    if (threadbare::set_error_hook(Unseen::hook)) return 2;
    return check::run(count, arguments);
}
