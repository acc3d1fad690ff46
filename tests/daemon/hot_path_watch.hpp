// Counts what a thread does while it is watched: heap calls, locks, system calls. For one test program and one file of
// it only, because it defines the C library's own names: the linker then takes these in place of the library's, for the
// shared libraries too. Sanitizers define the same names, so that such builds have nothing of this.
#pragma once
#include <cstddef>
#include <cstdint>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GRFD_HOT_PATH_WATCH 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GRFD_HOT_PATH_WATCH 0
#endif
#endif
#if !defined(GRFD_HOT_PATH_WATCH) && defined(__GLIBC__)
#define GRFD_HOT_PATH_WATCH 1
#elif !defined(GRFD_HOT_PATH_WATCH)
#define GRFD_HOT_PATH_WATCH 0
#endif

namespace hot_path {

struct Counts {
  std::uint64_t heap = 0, locks = 0, doorbells = 0, system_calls = 0;
  long first_system_call = -1;
  const char* first_lock = nullptr;
};
inline thread_local bool watching = false;
inline thread_local Counts counts;

}  // namespace hot_path

#if GRFD_HOT_PATH_WATCH
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

namespace hot_path {

inline thread_local volatile char selector = 0;  // 0 lets system calls pass, 1 traps them

inline void heap() noexcept {
  if (watching) ++counts.heap;
}
inline void lock(const char* what) noexcept {
  if (!watching) return;
  if (counts.locks++ == 0) counts.first_lock = what;
}
/// Lets the call of a forwarding function through.
struct Pass {
  char before = selector;
  Pass() noexcept { selector = 0; }
  ~Pass() { selector = before; }
};
template <class Function>
Function* next(const char* name) noexcept {
  const Pass pass;
  void* found = dlsym(RTLD_NEXT, name);
  Function* function;
  __builtin_memcpy(&function, &found, sizeof function);
  return function;
}

#if defined(__x86_64__) && defined(PR_SET_SYSCALL_USER_DISPATCH)
/// Every system call of a watched thread that is not forwarded below ends here; it is counted and then done.
inline void on_trap(int, siginfo_t* info, void* context) {
  selector = 0;
  auto* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  if (counts.system_calls++ == 0) counts.first_system_call = info->si_syscall;
  register long r10 asm("r10") = registers[REG_R10];
  register long r8 asm("r8") = registers[REG_R8];
  register long r9 asm("r9") = registers[REG_R9];
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "0"(static_cast<long>(info->si_syscall)), "D"(registers[REG_RDI]), "S"(registers[REG_RSI]),
                 "d"(registers[REG_RDX]), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  registers[REG_RAX] = result;
  // What follows until the next `Watch` passes unseen: the first one is enough to fail.
}
/// @return whether this kernel traps system calls for this thread
inline bool trap_system_calls() {
  struct sigaction action {};
  action.sa_sigaction = on_trap;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSYS, &action, nullptr);
  return prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &selector) == 0;
}
inline void release_system_calls() { prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0); }
#else
inline bool trap_system_calls() { return false; }
inline void release_system_calls() {}
#endif

/// Watches the calling thread while it lives.
struct Watch {
  Watch() noexcept {
    watching = true;
    selector = 1;
  }
  ~Watch() {
    selector = 0;
    watching = false;
  }
};

}  // namespace hot_path

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t n) noexcept {
  hot_path::heap();
  return __libc_malloc(n);
}
void* calloc(std::size_t n, std::size_t size) noexcept {
  hot_path::heap();
  return __libc_calloc(n, size);
}
void* realloc(void* p, std::size_t n) noexcept {
  hot_path::heap();
  return __libc_realloc(p, n);
}
void free(void* p) noexcept {
  hot_path::heap();
  __libc_free(p);
}
void* memalign(std::size_t alignment, std::size_t n) noexcept {
  hot_path::heap();
  return __libc_memalign(alignment, n);
}
void* aligned_alloc(std::size_t alignment, std::size_t n) noexcept {
  hot_path::heap();
  return __libc_memalign(alignment, n);
}
int posix_memalign(void** p, std::size_t alignment, std::size_t n) noexcept {
  hot_path::heap();
  void* got = __libc_memalign(alignment, n);
  if (!got) return ENOMEM;
  *p = got;
  return 0;
}

#define GRFD_COUNT_LOCK(name, specifier, parameters, arguments)        \
  int name parameters specifier {                                      \
    static const auto forward = hot_path::next<int parameters>(#name); \
    hot_path::lock(#name);                                             \
    return forward arguments;                                          \
  }
GRFD_COUNT_LOCK(pthread_mutex_lock, noexcept, (pthread_mutex_t * m), (m))
GRFD_COUNT_LOCK(pthread_mutex_trylock, noexcept, (pthread_mutex_t * m), (m))
GRFD_COUNT_LOCK(pthread_mutex_timedlock, noexcept, (pthread_mutex_t * m, const timespec* t), (m, t))
GRFD_COUNT_LOCK(pthread_rwlock_rdlock, noexcept, (pthread_rwlock_t * l), (l))
GRFD_COUNT_LOCK(pthread_rwlock_wrlock, noexcept, (pthread_rwlock_t * l), (l))
GRFD_COUNT_LOCK(pthread_spin_lock, noexcept, (pthread_spinlock_t * l), (l))
GRFD_COUNT_LOCK(pthread_cond_signal, noexcept, (pthread_cond_t * c), (c))
GRFD_COUNT_LOCK(pthread_cond_broadcast, noexcept, (pthread_cond_t * c), (c))
GRFD_COUNT_LOCK(pthread_cond_wait, , (pthread_cond_t * c, pthread_mutex_t* m), (c, m))
GRFD_COUNT_LOCK(pthread_cond_timedwait, , (pthread_cond_t * c, pthread_mutex_t* m, const timespec* t), (c, m, t))
GRFD_COUNT_LOCK(sem_wait, , (sem_t * s), (s))
GRFD_COUNT_LOCK(sem_post, noexcept, (sem_t * s), (s))
#undef GRFD_COUNT_LOCK

ssize_t write(int file, const void* data, std::size_t n) {
  const hot_path::Pass pass;
  if (hot_path::watching) ++hot_path::counts.doorbells;
  return syscall(SYS_write, file, data, n);
}
}
#else
namespace hot_path {
inline bool trap_system_calls() { return false; }
inline void release_system_calls() {}
struct Watch {
  Watch() noexcept {}
  ~Watch() {}
};
}  // namespace hot_path
#endif
