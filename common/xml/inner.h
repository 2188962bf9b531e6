/** Inner: the steps of xml_read(), each tested by itself. */
#ifndef MUSTER_COMMON_XML_INNER_H
#define MUSTER_COMMON_XML_INNER_H

#include "common/xml/xml.h"

enum { XML_TAG_MAX = 4096 };

/** One pass over UTF-8 text: no DOCTYPE, no tag above XML_TAG_MAX, everything that opens closes. */
MUST_CHECK status xml_guard(struct view text, struct reason *why);

/**
 * The text without what XML forbids (see xml.h), appended to `out`.
 * @param as_utf8  bytes that are not UTF-8 become U+FFFD, else the Latin-1 character
 * @retval ST_OK  whether anything was repaired is in `repairs`  @retval ST_TOO_BIG  @retval ST_NO_MEMORY
 */
MUST_CHECK status xml_repair(struct view text, bool as_utf8, struct buffer *out, struct xml_repairs *repairs);

#endif
