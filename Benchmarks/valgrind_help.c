/* Loaded into the measured program so that valgrind can run it, and to allocate on purpose.
 *
 *   cc -O2 -shared -fPIC -o help.so valgrind_help.c
 *   cc -O2 -shared -fPIC -DALLOCATE -o control.so valgrind_help.c
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* libdispatch keeps its mask in read-only memory; valgrind 3.19 takes signals of its own out of it, and crashes. */
int sigsuspend(const sigset_t *mask) {
    sigset_t copy = *mask;
    return (int)syscall(SYS_rt_sigsuspend, &copy, _NSIG / 8);
}

#ifdef ALLOCATE
/* The replay asks for the time once a frame: one allocation a frame, which the count must show. */
int clock_gettime(clockid_t clock, struct timespec *time) {
    void *volatile memory = malloc(24);
    free(memory);
    return (int)syscall(SYS_clock_gettime, clock, time);
}
#endif
