/**
 * The files of `muster import`: found, read, and put into the form that agents send.
 *
 * Threads: one caller.
 */
#ifndef MUSTER_TOOLS_FILES_H
#define MUSTER_TOOLS_FILES_H

#include "common/base/buffer.h"

enum { FILES_MAX = 5000000, FILE_BYTES_MAX = 64 << 20 };

struct files {
    char **paths;
    size_t count, room;
};

/** Add a file, or every file below a folder that is not hidden, in the order of their names. @retval ST_NOT_FOUND  @retval ST_TOO_BIG  @retval ST_NO_MEMORY */
MUST_CHECK status files_add(struct files *f, const char *path, struct reason *why);
void files_clear(struct files *f);

/**
 * Read one and make a body of it: zlib and gzip stay as they are, plain XML is compressed with zlib, as agents do.
 *
 * @retval ST_IO  @retval ST_TOO_BIG more than FILE_BYTES_MAX  @retval ST_MALFORMED empty, or none of the three  @retval ST_NO_MEMORY
 */
MUST_CHECK status files_read(const char *path, struct buffer *body, struct reason *why);

/** The same for bytes at hand; pure. */
MUST_CHECK status files_encode(struct view content, struct buffer *body);

#endif
