/* Loaded into the collector on trial: sets its time of day, fills its disk and silences its name server, on demand.
 *
 *   clang -O2 -shared -fPIC -o chaos_help.so chaos_help.c -ldl
 *   CHAOS_CONTROL=file CHAOS_DIRECTORY=folder LD_PRELOAD=./chaos_help.so sluice run ...
 *
 * The file holds a `struct control`, shared with whoever writes to it; without it nothing changes. The program alone
 * is touched, not the machine: the exchange and the NATS server keep the true time.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct control {
    int64_t offset;            /* Nanoseconds that the time of day is ahead. */
    int32_t disk;              /* 1: files of the folder cannot grow; 2: nothing can be written in them. */
    int32_t names;             /* 1: no name has an address. */
    uint64_t clocks, writes, lookups; /* How often each made a difference. */
};

#define BILLION 1000000000LL
#define SLICE (BILLION / 4)
#define REAL(name) ((__typeof__(&name))real_##name)
#define LOAD(name) \
    static void *real_##name; \
    if (!real_##name) real_##name = dlsym(RTLD_NEXT, #name)

static struct control *shared;
static char folder[4096];

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("CHAOS_CONTROL"), *name = getenv("CHAOS_DIRECTORY");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *memory = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (name) snprintf(folder, sizeof folder, "%s/", name);
    if (memory != MAP_FAILED) shared = memory;
}

static void count(uint64_t *counter) { __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED); }

/* The time of day. */

static int64_t offset(void) { return shared ? __atomic_load_n(&shared->offset, __ATOMIC_RELAXED) : 0; }

static struct timespec moved(struct timespec time, int64_t by) {
    int64_t sum = time.tv_sec * BILLION + time.tv_nsec + by;
    return (struct timespec){sum / BILLION, sum % BILLION};
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    LOAD(clock_gettime);
    int result = REAL(clock_gettime)(clock, time);
    int64_t ahead = offset();
    if (result == 0 && ahead != 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        *time = moved(*time, ahead);
        count(&shared->clocks);
    }
    return result;
}

int gettimeofday(struct timeval *restrict value, void *restrict zone) {
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *value = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *value) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (value) *value = now.tv_sec;
    return now.tv_sec;
}

/* When to look again, by the kernel's clock: a wait until a time of day follows the steps that come during it. */
static struct timespec slice(const struct timespec *deadline, int *is_last) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t left = (deadline->tv_sec - now.tv_sec) * BILLION + deadline->tv_nsec - now.tv_nsec;
    *is_last = left <= SLICE;
    return moved(moved(now, -offset()), *is_last ? left : SLICE);
}

/* Deadlines by the clock that only goes forward are small numbers. */
static int is_time_of_day(const struct timespec *deadline) { return shared && deadline->tv_sec > BILLION; }

/* Waiters for a condition expect to be woken for nothing. */
int pthread_cond_timedwait(
    pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex, const struct timespec *restrict deadline) {
    LOAD(pthread_cond_timedwait);
    if (!is_time_of_day(deadline)) return REAL(pthread_cond_timedwait)(condition, mutex, deadline);
    int is_last;
    struct timespec until = slice(deadline, &is_last);
    int result = REAL(pthread_cond_timedwait)(condition, mutex, &until);
    return result == ETIMEDOUT && !is_last ? 0 : result;
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict deadline) {
    LOAD(sem_timedwait);
    if (!is_time_of_day(deadline)) return REAL(sem_timedwait)(semaphore, deadline);
    for (;;) {
        int is_last;
        struct timespec until = slice(deadline, &is_last);
        if (REAL(sem_timedwait)(semaphore, &until) == 0) return 0;
        if (errno != ETIMEDOUT || is_last) return -1;
    }
}

/* The disk. */

/* Whether a write up to `end` finds no room; below zero for one that only shortens a file. */
static int is_full(int file, int64_t end) {
    int disk = shared ? __atomic_load_n(&shared->disk, __ATOMIC_RELAXED) : 0;
    if (!disk || !folder[0]) return 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    struct stat status;
    if (strncmp(path, folder, strlen(folder)) != 0 || fstat(file, &status) != 0) return 0;
    if (disk == 1 && end <= status.st_size) return 0;
    count(&shared->writes);
    errno = ENOSPC;
    return 1;
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t at) {
    LOAD(pwrite);
    return is_full(file, at + (int64_t)size) ? -1 : REAL(pwrite)(file, bytes, size, at);
}

ssize_t write(int file, const void *bytes, size_t size) {
    LOAD(write);
    return is_full(file, INT64_MAX) ? -1 : REAL(write)(file, bytes, size);
}

int ftruncate(int file, off_t size) {
    LOAD(ftruncate);
    return is_full(file, size) ? -1 : REAL(ftruncate)(file, size);
}

/* Names. */

int getaddrinfo(
    const char *restrict node, const char *restrict service, const struct addrinfo *restrict hints,
    struct addrinfo **restrict result) {
    LOAD(getaddrinfo);
    int is_name = node && !strchr(node, ':') && strspn(node, "0123456789.") != strlen(node);
    if (shared && is_name && __atomic_load_n(&shared->names, __ATOMIC_RELAXED)) {
        count(&shared->lookups);
        return EAI_AGAIN;
    }
    return REAL(getaddrinfo)(node, service, hints, result);
}
