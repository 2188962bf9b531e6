/*
 * xml_read(): to UTF-8; the plain scanner; else guard and SAX; when that fails and the text can be repaired, guard and SAX once more
 * over the repaired text.
 * libxml2 is known in this file only.
 */
#include "common/xml/inner.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>

enum { DEPTH = 64, ELEMENTS = 4000000, NAMES = 32768, ATTRIBUTES_MAX = 256 };

/* ---- memory that is out: libxml2 says so seldom; it takes what it could not keep for a fault of the document, or leaves it out ---- */

static _Thread_local bool is_short; /* since it was last set to false: libxml2's hooks know no context */

static void *noted(void *memory)
{
    is_short |= !memory;
    return memory;
}

static void *take(size_t len)
{
    return noted(malloc(len));
}

static void *take_more(void *memory, size_t len)
{
    return noted(realloc(memory, len));
}

static char *take_copy(const char *text)
{
    return noted(strdup(text));
}

/* What it says of that it would print: we say it. */
__attribute__((format(printf, 2, 3))) static void say_nothing(void *ctx, const char *format, ...)
{
    (void)ctx, (void)format;
}

void xml_library_init(void)
{
    (void)xmlMemSetup(free, take, take_more, take_copy); /* it cannot fail with four functions */
    xmlInitParser();
    xmlSetGenericErrorFunc(NULL, say_nothing);
    xmlThrDefSetGenericErrorFunc(NULL, say_nothing); /* for the threads to come */
}

/* ---- one run of the parser ---- */
struct run {
    xmlParserCtxtPtr parser;
    const struct xml_handler *handler;
    struct xml_limits limits;
    size_t depth, elements, names;
    const xmlChar *last_name; /* names are interned: one seen again at once is not new */
    status st;                /* why we stopped it, ST_OK while we did not */
    struct reason *why;
    char fault[120]; /* libxml2's first complaint */
    int line;
    char decoded[XML_TAG_MAX]; /* attributes of the tag at hand that hold an ampersand */
    size_t decoded_len;
};

static void stop(struct run *r, status st)
{
    r->st = st;
    xmlStopParser(r->parser);
}

static void stop_at_limit(struct run *r, const char *code, size_t limit)
{
    reason_set(r->why, code, "more than %zu", limit);
    stop(r, ST_TOO_BIG);
}

/* libxml2's time grows with the square of the number of different names. Its dictionary knows how many there are. */
static bool within_limits(struct run *r, const xmlChar *name)
{
    if (++r->depth > r->limits.depth)
        return stop_at_limit(r, "xml_depth", r->limits.depth), false;
    if (++r->elements > r->limits.elements)
        return stop_at_limit(r, "xml_elements", r->limits.elements), false;
    if (name != r->last_name && (size_t)xmlDictSize(r->parser->dict) > r->limits.names)
        return stop_at_limit(r, "xml_names", r->limits.names), false;
    r->last_name = name;
    return true;
}

/* The name as it is written: with its prefix it is not the same as without. NULL in the dictionary: memory is out, which ends it. */
static struct view full_name(struct run *r, const xmlChar *prefix, const xmlChar *name)
{
    const xmlChar *full = prefix ? xmlDictQLookup(r->parser->dict, prefix, name) : name;
    return view_of((const char *)(full ? full : name));
}

/* libxml2 hands out an attribute's ampersand as "&#38;" (2.9.14, for its own tree builder), and nothing else as a reference. */
static struct view decode_attribute(struct run *r, const xmlChar *from, const xmlChar *end)
{
    struct view raw = {(const char *)from, (size_t)(end - from)};
    if (!memchr(raw.data, '&', raw.len) || raw.len > sizeof r->decoded - r->decoded_len)
        return raw;
    char *begin = r->decoded + r->decoded_len, *to = begin;
    for (size_t i = 0; i < raw.len; i++) {
        *to++ = raw.data[i];
        if (raw.len - i >= 5 && memcmp(raw.data + i, "&#38;", 5) == 0)
            i += 4;
    }
    r->decoded_len += (size_t)(to - begin);
    return (struct view){begin, (size_t)(to - begin)};
}

static void on_open(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespaces,
                    const xmlChar **declared, int count, int defaulted, const xmlChar **raw)
{
    (void)uri, (void)namespaces, (void)declared, (void)defaulted;
    struct run *r = ctx;
    if (r->st != ST_OK || !within_limits(r, name))
        return;
    struct xml_attribute attributes[ATTRIBUTES_MAX];
    size_t n = 0;
    r->decoded_len = 0;
    for (; n < (size_t)count && n < ATTRIBUTES_MAX; n++) {
        const xmlChar **a = raw + 5 * n; /* name, prefix, URI, value, end of the value */
        attributes[n] = (struct xml_attribute){full_name(r, a[1], a[0]), decode_attribute(r, a[3], a[4])};
    }
    status st = r->handler->open(r->handler->ctx, full_name(r, prefix, name), attributes, n);
    if (st != ST_OK)
        stop(r, st);
}

static void on_close(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    (void)name, (void)prefix, (void)uri;
    struct run *r = ctx;
    if (r->st != ST_OK)
        return;
    r->depth--;
    status st = r->handler->close(r->handler->ctx);
    if (st != ST_OK)
        stop(r, st);
}

static void on_text(void *ctx, const xmlChar *text, int len)
{
    struct run *r = ctx;
    if (r->st != ST_OK)
        return;
    status st = r->handler->text(r->handler->ctx, (struct view){(const char *)text, (size_t)len}, false);
    if (st != ST_OK)
        stop(r, st);
}

/* The guard lets no DOCTYPE through; should one come all the same, this ends it. */
static void on_document_type(void *ctx, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    (void)name, (void)external, (void)system;
    struct run *r = ctx;
    reason_set(r->why, "xml_doctype", "a document type");
    stop(r, ST_MALFORMED);
}

static void on_fault(void *ctx, xmlErrorPtr fault)
{
    struct run *r = ctx;
    if (r->fault[0] || fault->level < XML_ERR_ERROR)
        return;
    snprintf(r->fault, sizeof r->fault, "%.*s", (int)strcspn(fault->message ? fault->message : "?", "\n"),
             fault->message ? fault->message : "?");
    r->line = fault->line;
}

static const xmlSAXHandler sax = {
    .initialized = XML_SAX2_MAGIC,
    .startElementNs = on_open,
    .endElementNs = on_close,
    .characters = on_text,
    .ignorableWhitespace = on_text,
    .cdataBlock = on_text,
    .internalSubset = on_document_type,
    .serror = on_fault,
};

/* Whatever else was heard or said is worth nothing then. */
static status no_memory(const struct run *r)
{
    reason_set(r->why, "no_memory", "no memory to read the document");
    return ST_NO_MEMORY;
}

static status parse(struct view text, struct run *r)
{
    if (text.len == 0 || text.len > INT32_MAX)
        return reason_set(r->why, "xml_not_well_formed", "%zu bytes", text.len), ST_MALFORMED;
    r->handler->restart(r->handler->ctx);
    is_short = false;
    r->parser = xmlCreateMemoryParserCtxt(text.data, (int)text.len);
    if (!r->parser)
        return no_memory(r);
    *r->parser->sax = sax;
    r->parser->userData = r;
    xmlCtxtUseOptions(r->parser, XML_PARSE_NONET);
    xmlSwitchEncoding(r->parser, XML_CHAR_ENCODING_UTF8);
    xmlParseDocument(r->parser);
    bool well_formed = r->parser->wellFormed;
    xmlFreeParserCtxt(r->parser);
    if (is_short)
        return no_memory(r);
    if (r->st != ST_OK)
        return r->st;
    if (well_formed)
        return ST_OK;
    reason_set(r->why, "xml_not_well_formed", "line %d: %s", r->line, r->fault[0] ? r->fault : "not well-formed");
    return ST_MALFORMED;
}

status xml_parse(struct view text, const struct xml_limits *limits, const struct xml_handler *handler,
                 struct reason *why)
{
    status st = xml_guard(text, why);
    if (st != ST_OK)
        return st;
    struct run run = {.handler = handler, .limits = *limits, .why = why};
    return parse(text, &run);
}

status xml_read(struct view text, const struct xml_limits *limits, const struct xml_handler *handler,
                struct buffer *memory, struct xml_repairs *repairs, struct reason *why)
{
    struct xml_limits use = {
        .depth = limits->depth ? limits->depth : DEPTH,
        .elements = limits->elements ? limits->elements : ELEMENTS,
        .names = limits->names ? limits->names : NAMES,
    };
    struct view utf8;
    bool is_utf8;
    buffer_reset(memory);
    status st = xml_to_utf8(text, memory, &utf8, &is_utf8, why);
    if (st != ST_OK)
        return st;
    if (xml_plain(utf8, &use, handler, &st))
        return st;
    struct reason first = {0};
    st = xml_parse(utf8, &use, handler, &first);
    if (st == ST_MALFORMED && strcmp(first.code, "xml_not_well_formed") == 0) {
        AUTO(buffer_clear) struct buffer repaired = BUFFER_INIT(memory->max);
        struct xml_repairs done = {0};
        st = xml_repair(utf8, is_utf8, &repaired, &done);
        if (st != ST_OK)
            reason_set(&first, "xml_memory", "its repaired text needs more than %zu bytes", memory->max);
        else if (done.forbidden + done.bytes == 0)
            st = ST_MALFORMED;
        else {
            first = (struct reason){0};
            st = xml_parse(buffer_view(&repaired), &use, handler, &first);
        }
        repairs->forbidden += done.forbidden;
        repairs->bytes += done.bytes;
    }
    if (first.code[0] && st != ST_OK) /* else the handler has said why */
        reason_set(why, first.code, "%s", first.text);
    return st;
}
