/* A spool in a folder of its own, for tests: appending with an answer, taking, and what a disk can do. */
#ifndef MUSTER_TESTS_SPOOL_SANDBOX_H
#define MUSTER_TESTS_SPOOL_SANDBOX_H

#include "services/gateway/spool/calls.h"
#include "services/gateway/spool/segment.h"
#include "tests/support/patience.h"

enum { SANDBOX_SEGMENT = 16 << 10, ALL_KINDS = 0xff };

struct sandbox {
    char folder[64];
    struct spool_settings set;
    struct spool *spool;
};

/* A new folder with an open spool of 16 segments of 16 KiB. */
void sandbox_start(struct sandbox *b);
void sandbox_open(struct sandbox *b);
void sandbox_open_with(struct sandbox *b, const struct spool_calls *calls);
void sandbox_close(struct sandbox *b);
/* Close and open again. */
void sandbox_restart(struct sandbox *b);
/* Close and remove the folder. */
void sandbox_end(struct sandbox *b);

/* Append an INVENTORY of `device` whose body is `len` bytes of `fill`, and wait for the outcome. */
status sandbox_append(struct sandbox *b, uint64_t device, char fill, size_t len, struct upload_id *id);
status sandbox_append_kind(struct sandbox *b, enum upload_kind kind, uint64_t device, char fill, size_t len,
                           struct upload_id *id);
/* The next upload: its body's first byte (0: empty), -1: there is none. */
int sandbox_next(struct sandbox *b, struct upload_id *id);
/* Take and acknowledge all; the first bytes of the bodies in their order. */
const char *sandbox_drain(struct sandbox *b);
void sandbox_ack(struct sandbox *b, struct upload_id id);

/* Remove all files of a folder. */
void sandbox_empty(const struct sandbox *b, const char *sub);
/* Path of the first segment with records (by number), and of a file in the folder. */
void sandbox_segment(const struct sandbox *b, int which, char path[128]);
int sandbox_count_files(const struct sandbox *b, const char *sub, const char *suffix);

#endif
