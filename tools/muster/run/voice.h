/**
 * What the supervisor says: to the person who started it, and with the time to log/up.log.
 *
 * Threads: one caller.
 */
#ifndef MUSTER_TOOLS_VOICE_H
#define MUSTER_TOOLS_VOICE_H

#include <stdio.h>

struct voice {
    FILE *person; /**< NULL: nobody listens (any more) */
    FILE *log;    /**< NULL: none */
};

/** One line or several; the line end is added. */
void voice_say(struct voice *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
