/** One try at one wave. */
#ifndef MUSTER_WRITER_TRANSACTION_H
#define MUSTER_WRITER_TRANSACTION_H

#include "services/writer/apply/apply.h"

/**
 * Prepare, begin, apply, commit.
 *
 * On ST_OK the outcome of each upload that stayed in the wave is UPLOAD_APPLIED; others are UPLOAD_DEFERRED or UPLOAD_HELD. On anything else nothing
 * of it is in the database (unless the answer to COMMIT was lost: then repeating it finds it done), and the caller must roll back or
 * close the connection.
 */
MUST_CHECK status wave_run(struct wave *w);

#endif
