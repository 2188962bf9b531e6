/**
 * Bounded reading of agents' XML: libxml2's SAX over one memory buffer, behind a guard, with limits of our own, and a second try with
 * repaired text. It gives events; what they mean is the caller's.
 *
 * libxml2's own options do not stop every attack (2.9.14: quadratic time in the attributes of one element and in the number of different
 * names, no depth limit for SAX, entities that expand to gigabytes). Therefore: no DOCTYPE at all, no tag above 4 KiB (which bounds
 * attributes), counted elements, names, depth and bytes. No entity is expanded but the five predefined ones; nothing is ever fetched.
 *
 * Most documents never see libxml2: what is plain (elements without attributes, text, references, CDATA, comments) is read by a scanner of our own in a
 * quarter of the time. Where it meets anything else, right or wrong, libxml2 begins again from the beginning.
 *
 * Text that is nearly right is repaired, and counted: characters that XML forbids are left out (raw or as references), bytes that are not
 * UTF-8 become U+FFFD when the document says that it is UTF-8, else the Latin-1 character. A document that is cut or not well-formed is
 * never repaired.
 *
 * Threads: xml_library_init() once in main; everything else is pure.
 */
#ifndef MUSTER_COMMON_XML_XML_H
#define MUSTER_COMMON_XML_XML_H

#include "common/base/buffer.h"

struct xml_limits {
    size_t depth;    /**< elements open at once; default 64 */
    size_t elements; /**< in all; default 4,000,000 */
    size_t names;    /**< different names of elements and attributes; default 32,768, which cost 25 ms */
};

struct xml_attribute {
    struct view name, value; /**< value decoded; absent only when memory ran out */
};

/** What the caller does with a document. A status other than ST_OK ends the reading with that status. */
struct xml_handler {
    void *ctx;
    /** A new beginning: everything heard so far is void (the second try). Called before the first event, too. */
    void (*restart)(void *ctx);
    /** `name.data` is the same pointer for the same name within one reading; a prefix is part of the name.
     *  Views are valid during the call. */
    status (*open)(void *ctx, struct view name, const struct xml_attribute *attributes, size_t count);
    /** Text of the element that is open, in pieces; CDATA is text, comments vanish without splitting it.
     *  @param stays  the piece is valid as long as the document's text and `memory` are, not only during the call */
    status (*text)(void *ctx, struct view piece, bool stays);
    status (*close)(void *ctx);
};

/** What had to be repaired, in places. */
struct xml_repairs {
    unsigned forbidden; /**< characters that XML does not allow, left out */
    unsigned bytes;     /**< bytes that were not UTF-8 */
};

/** Once, in main, before threads. */
void xml_library_init(void);

/**
 * The text as UTF-8 without byte order mark and without XML declaration: UTF-16 by its mark, other encodings by the declaration.
 *
 * @param text      the document as inflated
 * @param memory    used when the text must be converted; the result may point into it
 * @param out       on ST_OK: a view of `text` or of `memory`
 * @param is_utf8   on ST_OK: whether it was declared (or marked) as UTF-8, or converted to it
 * @param why       xml_encoding: declared but unknown, or UTF-16 that is none
 * @retval ST_MALFORMED  @retval ST_TOO_BIG `memory` reached its cap  @retval ST_NO_MEMORY
 */
MUST_CHECK status xml_to_utf8(struct view text, struct buffer *memory, struct view *out, bool *is_utf8,
                              struct reason *why);

/**
 * Read a whole document.
 *
 * @param text     as inflated, any encoding of xml_to_utf8()
 * @param limits   0 in a field: default
 * @param memory   for conversion and repair; reset at the beginning
 * @param repairs  counts are added
 * @param why      xml_encoding, xml_doctype, xml_tag_too_long, xml_depth, xml_elements, xml_names, xml_not_well_formed, xml_memory,
 *                 no_memory
 * @retval ST_MALFORMED  @retval ST_TOO_BIG a limit  @retval ST_NO_MEMORY  or what a handler returned
 */
MUST_CHECK status xml_read(struct view text, const struct xml_limits *limits, const struct xml_handler *handler,
                           struct buffer *memory, struct xml_repairs *repairs, struct reason *why);

#endif
