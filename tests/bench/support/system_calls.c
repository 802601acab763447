// Counts a program's system calls for I/O and waiting: loaded before the C library by LD_PRELOAD, it stands in front of its functions.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

static atomic_ulong calls;

unsigned long bench_system_calls(void) { return atomic_load_explicit(&calls, memory_order_relaxed); }

// Their arguments are all whole numbers and pointers, at most six: handed on as they came.
#define COUNTED(name)                                                                             \
    long name(long a, long b, long c, long d, long e, long f)                                     \
    {                                                                                             \
        static long (*real)(long, long, long, long, long, long);                                  \
        if (real == NULL) {                                                                       \
            *(void**)&real = dlsym(RTLD_NEXT, #name);                                             \
        }                                                                                         \
        atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);                               \
        return real(a, b, c, d, e, f);                                                            \
    }

#pragma GCC diagnostic ignored "-Wbuiltin-declaration-mismatch"
COUNTED(read)
COUNTED(write)
COUNTED(readv)
COUNTED(writev)
COUNTED(recv)
COUNTED(send)
COUNTED(recvfrom)
COUNTED(sendto)
COUNTED(recvmsg)
COUNTED(sendmsg)
COUNTED(poll)
COUNTED(ppoll)
COUNTED(select)
COUNTED(epoll_wait)
COUNTED(epoll_pwait)
COUNTED(epoll_ctl)
COUNTED(timerfd_settime)
COUNTED(ioctl)
COUNTED(getsockopt)
COUNTED(setsockopt)
COUNTED(accept)
COUNTED(connect)
