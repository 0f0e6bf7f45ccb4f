// SPDX-License-Identifier: MIT
//
// Counts what is allocated with operator new, by the test and by the library, and can let it fail.
// Include it in one source of a program only: it replaces the global operators.

#ifndef H4MK_TESTS_SUPPORT_ALLOCATIONS_H_
#define H4MK_TESTS_SUPPORT_ALLOCATIONS_H_

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace h4mk_test {

inline std::atomic<int64_t> g_allocated{0};  // bytes in use now
inline std::atomic<int64_t> g_peak{0};       // the most since the last AllocationMeter
inline std::atomic<int64_t> g_allocations{0};

// Measures the most memory that was in use at one moment since its construction, beyond what was in
// use then, and counts the allocations since.
class AllocationMeter {
 public:
  AllocationMeter() : base_(g_allocated), allocations_(g_allocations) { g_peak = base_; }
  int64_t peak() const { return g_peak - base_; }
  int64_t count() const { return g_allocations - allocations_; }

 private:
  int64_t base_, allocations_;
};

inline std::atomic<int64_t> g_until_failure{-1};  // allocations that still succeed; -1: all

// While it lives, the allocation number `number` (from 0) fails, that one only.
class FailingAllocation {
 public:
  explicit FailingAllocation(int64_t number) { g_until_failure = number; }
  ~FailingAllocation() { g_until_failure = -1; }
  bool has_failed() const { return g_until_failure < 0; }
};

// NULL when out of memory.
inline void* CountedAllocNothrow(size_t size, size_t alignment) {
  if (g_until_failure >= 0 && g_until_failure-- == 0) return nullptr;
  ++g_allocations;
  size = std::max<size_t>(size, 1);
  void* p = alignment <= alignof(std::max_align_t)
                ? std::malloc(size)
                : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (p == nullptr) return nullptr;
  const int64_t now = g_allocated += static_cast<int64_t>(malloc_usable_size(p));
  int64_t peak = g_peak;
  while (now > peak && !g_peak.compare_exchange_weak(peak, now)) {
  }
  return p;
}

inline void* CountedAlloc(size_t size, size_t alignment) {
  void* p = CountedAllocNothrow(size, alignment);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}

inline void CountedFree(void* p) {
  if (p == nullptr) return;
  g_allocated -= static_cast<int64_t>(malloc_usable_size(p));
  std::free(p);
}

}  // namespace h4mk_test

void* operator new(size_t size) { return h4mk_test::CountedAlloc(size, 1); }
void* operator new[](size_t size) { return h4mk_test::CountedAlloc(size, 1); }
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return h4mk_test::CountedAllocNothrow(size, 1);
}
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
  return h4mk_test::CountedAllocNothrow(size, 1);
}
void* operator new(size_t size, std::align_val_t alignment) {
  return h4mk_test::CountedAlloc(size, static_cast<size_t>(alignment));
}
void* operator new[](size_t size, std::align_val_t alignment) {
  return h4mk_test::CountedAlloc(size, static_cast<size_t>(alignment));
}
void operator delete(void* p) noexcept { h4mk_test::CountedFree(p); }
void operator delete[](void* p) noexcept { h4mk_test::CountedFree(p); }
void operator delete(void* p, size_t) noexcept { h4mk_test::CountedFree(p); }
void operator delete[](void* p, size_t) noexcept { h4mk_test::CountedFree(p); }
void operator delete(void* p, std::align_val_t) noexcept { h4mk_test::CountedFree(p); }
void operator delete[](void* p, std::align_val_t) noexcept { h4mk_test::CountedFree(p); }
void operator delete(void* p, size_t, std::align_val_t) noexcept { h4mk_test::CountedFree(p); }
void operator delete[](void* p, size_t, std::align_val_t) noexcept { h4mk_test::CountedFree(p); }

#endif  // H4MK_TESTS_SUPPORT_ALLOCATIONS_H_
