/**
 * Release on every path without labels: AUTO gives a local an owner's clean-up, STEAL hands it on.
 */
#ifndef MUSTER_COMMON_BASE_CLEANUP_H
#define MUSTER_COMMON_BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

/** Release a local when its scope ends, on every path: `AUTO(buffer_free) struct buffer *b = NULL;`
 *  Always initialise it where it is declared. */
#define AUTO(fn) __attribute__((cleanup(fn##_p)))

/** Make `fn##_p` for AUTO from a destroy function that accepts NULL. */
#define AUTO_DEFINE(type, fn)                                                                                          \
    static inline void fn##_p(type **p)                                                                                \
    {                                                                                                                  \
        fn(*p);                                                                                                        \
    }

/** Hand a local on to the caller: returns its value and leaves NULL behind, so AUTO does nothing. */
#define STEAL(p)                                                                                                       \
    __extension__({                                                                                                    \
        __typeof__(p) stolen_ = (p);                                                                                   \
        (p) = NULL;                                                                                                    \
        stolen_;                                                                                                       \
    })

/** AUTO(mem_free) for anything from malloc. */
static inline void mem_free_p(void *pointer_to_pointer)
{
    free(*(void **)pointer_to_pointer);
}

/** AUTO(fd_close) int fd = -1; */
static inline void fd_close_p(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

#endif
