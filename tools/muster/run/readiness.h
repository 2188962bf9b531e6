/**
 * Is a child ready, and where does a gateway listen?
 *
 * Threads: one caller.
 */
#ifndef MUSTER_TOOLS_READINESS_H
#define MUSTER_TOOLS_READINESS_H

#include "tools/muster/run/child.h"

/** Ask once. @param why  when not: what it says or why it cannot be asked */
bool readiness_ask(const struct child *c, const char *database, struct reason *why);

/** Put the addresses that a gateway is bound to into `c`, for people and for its next start; they stay when it does not answer. */
void readiness_addresses(struct child *c);

/** What a gateway says about its certificate. Empty texts when it does not answer. */
struct certificate_note {
    char path[FOLDER_PATH_MAX], fingerprint[128];
    bool self_signed;
};
void readiness_certificate(const struct child *c, struct certificate_note *out);

#endif
