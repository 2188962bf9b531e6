/* An owner of numbered messages for the tests of a link: a queue that takes back what is lost or to be retried. */
#ifndef MUSTER_TESTS_LINK_OWNER_H
#define MUSTER_TESTS_LINK_OWNER_H

#include "common/link/link.h"
#include "tests/support/patience.h"

#include <pthread.h>

enum { OWNER_MAX = 4096 };

enum owner_state { OWNER_READY, OWNER_OUT, OWNER_DONE, OWNER_REJECTED };

struct owner {
    pthread_mutex_t lock;
    size_t count;    /* messages 1 to count exist */
    size_t body_len; /* of each */
    bool takes_back; /* offers again what was lost or is to be retried */
    bool is_suspect; /* each message */
    enum owner_state states[OWNER_MAX + 1];
    unsigned attempts[OWNER_MAX + 1];
    size_t verdicts[LINK_LOST + 1];
    struct reason last_why;
    struct link_owner link; /* for link_producer_new() */
};

void owner_init(struct owner *o, size_t count, size_t body_len);
/* One more message. */
void owner_add(struct owner *o);
size_t owner_verdicts(struct owner *o, enum link_verdict verdict);
size_t owner_out(struct owner *o);

/** A process of its own. It is forked before the test has threads, whose locks it would find held for ever, and waits for its address. */
struct peer {
    pid_t pid;
    int address;
};

/** @param run  called with `ctx` in the new process once it hears an address; does not return */
struct peer peer_new(void (*run)(const char *address, void *ctx), void *ctx);
void peer_begin(const struct peer *p, const char *address);
/** Wait for its end, which must come. One that never began ends with the test. @return as waitpid() tells it */
int peer_end(struct peer *p);

#endif
