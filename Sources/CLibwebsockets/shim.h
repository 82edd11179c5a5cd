#pragma once
#include <libwebsockets.h>
#include <sys/epoll.h>  // absent from Swift's Glibc module
#include <sys/prctl.h>

// What Swift cannot import from libwebsockets 4.1.6: macros that carry types, and variadic functions.
enum { CLWS_PRE = LWS_PRE };  // bytes of headroom that lws_write wants in front of a payload

static inline void clws_log(int level, const char *message) {
    _lws_log(level, "%s\n", message);
}

// Names the calling thread, 15 bytes at most; glibc's own function hides behind _GNU_SOURCE.
static inline void clws_name_thread(const char *name) {
    prctl(PR_SET_NAME, (unsigned long)name, 0UL, 0UL, 0UL);
}
