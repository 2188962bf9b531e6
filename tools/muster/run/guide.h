/** What `up` prints when all is ready: addresses, the certificate, and how to point each agent at them. */
#ifndef MUSTER_TOOLS_GUIDE_H
#define MUSTER_TOOLS_GUIDE_H

#include "tools/muster/run/readiness.h"
#include "tools/muster/run/voice.h"

struct guide {
    const char *data;     /**< folder, for the commands that are shown */
    const char *listen;   /**< --listen as given */
    const char *database; /**< socket of the private one, or "" */
    bool detached;
    const struct child *gateways; /**< with their addresses, `count` of them */
    size_t count;
    struct certificate_note certificate;
};

void guide_print(const struct guide *g, FILE *to);

/** "192.0.2.1:8080" -> host as an agent would call it, "host:port"; 0.0.0.0 and [::] become this machine's name. Pure but for the name. */
void guide_address(const char *bound, char *out, size_t room);

#endif
