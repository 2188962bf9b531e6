/**
 * The writer's threads, one for each connection to the database: take what parsers have, apply it, answer.
 *
 * Threads: the functions are called from main.
 */
#ifndef MUSTER_WRITER_H
#define MUSTER_WRITER_H

#include "common/admin/admin.h"
#include "services/writer/applier.h"
#include "services/writer/writer_settings.h"

struct writer;

/** What main made of the settings; all of it must outlive the writer. */
struct writer_setup {
    const struct writer_settings *set;
    const struct db_target *target;
    const struct section_map *sections;
    struct admin *admin;
};

/** Connect to the parsers and start. Does not wait for parsers or database: `admin` learns when they are there. */
MUST_CHECK status writer_start(const struct writer_setup *setup, struct writer **out, struct reason *why);
/** Take nothing more, finish what was taken. @return whether it ended within `timeout_ms` */
bool writer_drain(struct writer *w, int64_t timeout_ms);
/** NULL is allowed. Waits for the threads. */
void writer_destroy(struct writer *w);
AUTO_DEFINE(struct writer, writer_destroy)

#endif
