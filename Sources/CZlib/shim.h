#pragma once
#include <zlib.h>

// zlib's init functions are macros that pass the version and the struct's size; Swift cannot import them.
static inline int czlib_inflate_init(z_stream *stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}
