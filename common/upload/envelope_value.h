/** Inner: from the text of an element or an attribute, as it stands in the document, to its value. */
#ifndef MUSTER_COMMON_UPLOAD_ENVELOPE_VALUE_H
#define MUSTER_COMMON_UPLOAD_ENVELOPE_VALUE_H

#include "common/upload/upload.h"

/** Memory for values that cannot be taken from the document as they are. */
struct envelope_scratch {
    char *at, *end;
};

/**
 * Entities and CDATA become their characters, comments and processing instructions vanish, ends of lines become LF, what XML does
 * not allow is left out. Blanks at the ends stay.
 *
 * @param raw        what is between the tags (no elements in it; comments and the like are closed) or between the quotes
 * @param attribute  blanks of every kind become spaces; '<' is a character
 * @param out        on ST_OK: a view of `raw` or of `scratch`; absent when nothing but blanks is left
 * @retval ST_MALFORMED  '&' that begins no reference to a character that XML knows   @retval ST_TOO_BIG  `scratch` is full
 */
MUST_CHECK status envelope_value(struct view raw, bool attribute, struct envelope_scratch *scratch, struct view *out);

#endif
