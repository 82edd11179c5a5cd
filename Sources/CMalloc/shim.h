#pragma once

/* The C library's allocator settings, which Glibc's module map leaves out: mallopt(3). */
#include <malloc.h>
