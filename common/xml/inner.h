/** Inner: the steps of xml_read(), each tested by itself. */
#ifndef MUSTER_COMMON_XML_INNER_H
#define MUSTER_COMMON_XML_INNER_H

#include "common/xml/xml.h"

enum { XML_TAG_MAX = 4096 };

/** One pass over UTF-8 text: no DOCTYPE, no tag above XML_TAG_MAX, everything that opens closes. */
MUST_CHECK status xml_guard(struct view text, struct reason *why);

/** Guard and libxml2: whatever is XML. @param limits none of them 0 @param why as xml_read(), unless the handler ended it */
MUST_CHECK status xml_parse(struct view text, const struct xml_limits *limits, const struct xml_handler *handler,
                            struct reason *why);

/**
 * Read a plain document: elements without attributes, text, references, CDATA, comments, nothing else.
 * @param text    UTF-8 without a declaration
 * @param limits  none of them 0
 * @param st      on true: ST_OK, or what the handler returned
 * @return false: not plain, or beyond a limit; what the handler has heard is void
 */
MUST_CHECK bool xml_plain(struct view text, const struct xml_limits *limits, const struct xml_handler *handler,
                          status *st);

/** Length of the character of XML in UTF-8 at `p`, at most `left` bytes; 0: it is none. */
size_t xml_character(const char *p, size_t left);
/** @return bytes written; 0: `code` is no character of XML */
size_t xml_put_utf8(uint32_t code, char to[4]);

/**
 * The text without what XML forbids (see xml.h), appended to `out`.
 * @param as_utf8  bytes that are not UTF-8 become U+FFFD, else the Latin-1 character
 * @retval ST_OK  whether anything was repaired is in `repairs`  @retval ST_TOO_BIG  @retval ST_NO_MEMORY
 */
MUST_CHECK status xml_repair(struct view text, bool as_utf8, struct buffer *out, struct xml_repairs *repairs);

#endif
