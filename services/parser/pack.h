/**
 * From what was read to a record.
 *
 * Threads: pure; a builder belongs to one thread at a time.
 */
#ifndef MUSTER_PARSER_PACK_H
#define MUSTER_PARSER_PACK_H

#include "services/parser/document.h"

/**
 * @param head  of the upload; kind says which sections are made of single values: NOTIFY (TYPE), RESULT (ID, ERR)
 * @param out   on ST_OK: the message, valid until the builder is used again
 * @param why   no_deviceid, record_too_big, record_memory
 * @retval ST_MALFORMED  the document has no DEVICEID   @retval ST_TOO_BIG  @retval ST_NO_MEMORY
 */
MUST_CHECK status pack_document(struct record_builder *builder, const struct upload_head *head,
                                const struct document *d, bool lz4, struct view *out, struct reason *why);

#endif
