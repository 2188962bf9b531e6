/* Inflate and parse in memory, beside zlib, libdeflate and libxml2's SAX alone, on the same documents. */
#include "bench/measure.h"
#include "bench/stages.h"
#include "common/inflate/inflate.h"
#include "services/parser/pack.h"

#include <dirent.h>
#include <libdeflate.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <zlib.h>

enum { DOCUMENTS_MAX = 200, TEXT_MAX = 8 << 20 };

struct documents {
    struct view text[DOCUMENTS_MAX], body[DOCUMENTS_MAX];
    size_t count, text_bytes;
    char *memory[2 * DOCUMENTS_MAX];
};

static struct view keep(struct documents *d, size_t slot, struct view v)
{
    d->memory[slot] = malloc(v.len + 1);
    if (!d->memory[slot])
        return VIEW_ABSENT;
    memcpy(d->memory[slot], v.data, v.len);
    return (struct view){d->memory[slot], v.len};
}

static void add_document(struct documents *d, struct view text)
{
    AUTO(buffer_clear) struct buffer body = BUFFER_INIT(TEXT_MAX);
    fleet_compress(text, &body);
    size_t i = d->count;
    d->text[i] = keep(d, 2 * i, text);
    d->body[i] = keep(d, 2 * i + 1, buffer_view(&body));
    d->text_bytes += text.len;
    d->count += d->text[i].data && d->body[i].data;
}

static void clear_p(struct documents *d)
{
    for (size_t i = 0; i < COUNT(d->memory); i++)
        free(d->memory[i]);
}

static void add_file(struct documents *d, const char *folder, const char *name)
{
    char path[4096];
    static char text[TEXT_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    size_t len = f ? fread(text, 1, sizeof text, f) : 0;
    if (f)
        fclose(f);
    if (len && d->count < DOCUMENTS_MAX)
        add_document(d, (struct view){text, len});
}

static void add_folder(struct documents *d, const char *folder)
{
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (strstr(e->d_name, ".xml"))
            add_file(d, folder, e->d_name);
    if (dir)
        closedir(dir);
}

static void add_fleet(struct documents *d, const struct bench *b)
{
    AUTO(buffer_clear) struct buffer xml = BUFFER_INIT(TEXT_MAX);
    for (unsigned i = 0; i < b->devices && i < 20; i++) {
        buffer_reset(&xml);
        fleet_inventory(b->fleet, &(struct fleet_moment){.device = i}, &xml);
        add_document(d, buffer_view(&xml));
    }
}

/* ---- loops: CPU seconds of one pass over all documents ---- */

static void ignore_text(void *ctx, const xmlChar *text, int len)
{
    (void)ctx, (void)text, (void)len;
}

static bool bare_sax(const struct documents *d, size_t i, void *ctx)
{
    xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC, .characters = ignore_text};
    (void)ctx;
    return xmlSAXUserParseMemory(&sax, NULL, d->text[i].data, (int)d->text[i].len) == 0;
}

static bool bare_zlib(const struct documents *d, size_t i, void *ctx)
{
    static unsigned char to[TEXT_MAX];
    uLongf len = sizeof to;
    (void)ctx;
    return uncompress(to, &len, (const Bytef *)d->body[i].data, d->body[i].len) == Z_OK && len == d->text[i].len;
}

static bool bare_libdeflate(const struct documents *d, size_t i, void *ctx)
{
    static char to[TEXT_MAX];
    size_t len;
    return libdeflate_zlib_decompress(ctx, d->body[i].data, d->body[i].len, to, sizeof to, &len) == LIBDEFLATE_SUCCESS;
}

struct ours {
    struct inflater *inflater;
    struct document *document;
    struct record_builder *builder;
    size_t readable;
};

static bool our_inflate(const struct documents *d, size_t i, void *ctx)
{
    struct ours *o = ctx;
    struct view text;
    struct reason why;
    enum inflate_coding coding;
    return inflater_run(o->inflater, d->body[i], &text, &coding, &why) == ST_OK && text.len == d->text[i].len;
}

/* Documents that are no inventories are read as well: they cost what they cost. */
static bool our_parse(const struct documents *d, size_t i, void *ctx)
{
    struct ours *o = ctx;
    const struct upload_head head = {.kind = UPLOAD_INVENTORY};
    struct xml_repairs repairs = {0};
    struct reason why = {0};
    struct view record;
    if (document_read(o->document, UPLOAD_INVENTORY, d->text[i], &repairs, &why) == ST_OK &&
        pack_document(o->builder, &head, o->document, false, &record, &why) == ST_OK)
        o->readable++;
    return true;
}

typedef bool loop_fn(const struct documents *d, size_t i, void *ctx);

static double time_loop(const struct bench *b, const struct documents *d, loop_fn *loop, void *ctx)
{
    double begin = measure_own_cpu_s();
    for (unsigned round = 0; round < b->rounds; round++)
        for (size_t i = 0; i < d->count; i++)
            if (!loop(d, i, ctx))
                return 0;
    return (measure_own_cpu_s() - begin) / b->rounds;
}

static status measure(struct bench *b, const struct documents *d, const char *which)
{
    AUTO(inflater_destroy) struct inflater *inflater = inflater_new(TEXT_MAX, 1100);
    AUTO(document_destroy) struct document *document = document_new(&(struct document_limits){0});
    AUTO(record_builder_destroy) struct record_builder *builder = record_builder_new(64 << 20);
    struct libdeflate_decompressor *decoder = libdeflate_alloc_decompressor();
    if (!inflater || !document || !builder || !decoder)
        return ST_NO_MEMORY;
    struct ours ours = {inflater, document, builder, 0};
    double zlib = time_loop(b, d, bare_zlib, NULL), deflate = time_loop(b, d, bare_libdeflate, decoder);
    double inflate = time_loop(b, d, our_inflate, &ours), parse = time_loop(b, d, our_parse, &ours);
    double sax = time_loop(b, d, bare_sax, NULL), count = (double)d->count, mb = (double)d->text_bytes / 1e6;
    libdeflate_free_decompressor(decoder);
    if (inflate <= 0 || parse <= 0 || !ours.readable)
        return reason_set(&b->why, "bench_parse", "documents of %s cannot be read", which), ST_MALFORMED;
    report_format(
        &b->report,
        (struct figure){
            .stage = "parse", .unit = "us", .value = inflate / count * 1e6, .bare = zlib / count * 1e6, .less = true},
        "inflate, %s; bare: zlib", which);
    report_format(&b->report,
                  (struct figure){.stage = "parse",
                                  .unit = "us",
                                  .value = inflate / count * 1e6,
                                  .bare = deflate / count * 1e6,
                                  .less = true},
                  "inflate, %s; bare: libdeflate", which);
    report_format(&b->report,
                  (struct figure){.stage = "parse",
                                  .unit = "us",
                                  .value = parse / count * 1e6,
                                  .bare = sax / count * 1e6,
                                  .goal = 0.75,
                                  .less = true},
                  "parse and pack, %s; bare: SAX2", which);
    report_format(&b->report,
                  (struct figure){.stage = "parse", .unit = "MB/s/core", .value = mb / parse, .bare = mb / sax},
                  "parse and pack, %s; bare: SAX2", which);
    report_format(
        &b->report,
        (struct figure){
            .stage = "parse", .unit = "us", .value = (inflate + parse) / count * 1e6, .goal = 600, .less = true},
        "all of it for one inventory, alone, %s", which);
    return ST_OK;
}

status stage_parse(struct bench *b)
{
    AUTO(clear) struct documents fleet = {.count = 0}, real = {.count = 0};
    xml_library_init();
    add_fleet(&fleet, b);
    status st = measure(b, &fleet, "reference");
    if (st == ST_OK && b->inventories)
        add_folder(&real, b->inventories);
    return st == ST_OK && real.count ? measure(b, &real, "real ones") : st;
}
