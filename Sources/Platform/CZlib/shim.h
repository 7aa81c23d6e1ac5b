// What Swift cannot import from zlib: a macro that is a call.
#include <zlib.h>

static inline int errand_inflate_begin(z_stream *stream, int window) { return inflateInit2(stream, window); }
