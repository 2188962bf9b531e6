/**
 * That a device has asked, as an upload: LASTCOME, FIDELITY, USERAGENT and the states of packages are written by the writer, batched
 * with everything else. A record (common/record) of kind UPLOAD_CONTACT with these sections, in the order in which they are to be
 * applied:
 *
 *   CONTACT              RESPONSE: SEND or STOP                           always, one row
 *   DOWNLOAD_FROM_GROUP  IVALUE, FORCE ("1" or "0")                       rows `devices` to make, unless they are there
 *   DOWNLOAD_IN_HISTORY  IVALUE                                           rows to set to SUCCESS_ALREADY_IN_HISTORY
 *   DOWNLOAD_NOTIFIED    ALL: "1"                                         one row: what is pending becomes NOTIFIED
 *
 * The record's upload id is 0: the spool makes the id, it is in the head that the upload travels with.
 */
#ifndef MUSTER_GATEWAY_PROLOG_CONTACT_H
#define MUSTER_GATEWAY_PROLOG_CONTACT_H

#include "common/record/record.h"
#include "services/gateway/prolog/options.h"

/** @param out  on ST_OK: valid until the next use of `b`  @retval ST_TOO_BIG  @retval ST_NO_MEMORY */
MUST_CHECK status contact_build(struct record_builder *b, const struct record_head *head, bool send,
                                const struct prolog_effects *effects, struct view *out);

#endif
