/* Whether a target is built with the memory sanitizer: to that, what a library
 * wrote was never written, so targets leave libraries out. */
#ifndef FUZZ_MSAN_H
#define FUZZ_MSAN_H

#ifdef __has_feature
#define IN_MSAN __has_feature(memory_sanitizer)
#else
#define IN_MSAN 0
#endif

#endif
