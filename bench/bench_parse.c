/*
 * How much more than the bare libraries our parser takes, measured in one run over the same documents:
 *
 *   bench-parse FILE...          inventories as plain XML
 *
 * Columns: microseconds of CPU per document for libxml2's SAX alone, for reading into rows, for packing the record; and the ratio of
 * the bare SAX to all of ours (1.00 would be free).
 */
#include "services/parser/pack.h"

#include <libxml/parser.h>
#include <stdio.h>
#include <time.h>

enum { ROUNDS = 50 };

struct sums {
    double bare, read, pack;
};

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    char *data = NULL;
    size_t room;
    if (!f)
        return NULL;
    FILE *to = open_memstream(&data, &room);
    char piece[65536];
    for (size_t got; (got = fread(piece, 1, sizeof piece, f)) > 0;)
        fwrite(piece, 1, got, to);
    *len = (size_t)ftell(to);
    fclose(to);
    fclose(f);
    return data;
}

static void ignore_text(void *ctx, const xmlChar *text, int len)
{
    (void)ctx, (void)text, (void)len;
}

static double time_bare(const char *text, size_t len)
{
    xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC, .characters = ignore_text};
    double begin = cpu_us();
    for (int i = 0; i < ROUNDS; i++)
        (void)xmlSAXUserParseMemory(&sax, NULL, text, (int)len);
    return (cpu_us() - begin) / ROUNDS;
}

static bool time_ours(struct document *d, struct record_builder *b, struct view text, struct sums *out)
{
    const struct upload_head head = {.kind = UPLOAD_INVENTORY};
    struct xml_repairs repairs = {0};
    struct reason why = {0};
    struct view record;
    double begin = cpu_us();
    for (int i = 0; i < ROUNDS; i++)
        if (document_read(d, UPLOAD_INVENTORY, text, &repairs, &why) != ST_OK)
            return false;
    double middle = cpu_us();
    for (int i = 0; i < ROUNDS; i++)
        if (pack_document(b, &head, d, false, &record, &why) != ST_OK)
            return false;
    out->read = (middle - begin) / ROUNDS;
    out->pack = (cpu_us() - middle) / ROUNDS;
    return true;
}

static void print_row(const char *name, size_t len, const struct sums *s)
{
    printf("%-44.44s %9zu %9.0f %9.0f %9.0f %7.2f\n", name, len, s->bare, s->read, s->pack,
           s->bare / (s->read + s->pack));
}

int main(int argc, char **argv)
{
    xml_library_init();
    AUTO(document_destroy) struct document *d = document_new(&(struct document_limits){0});
    AUTO(record_builder_destroy) struct record_builder *b = record_builder_new(64 << 20);
    struct sums all = {0};
    size_t bytes = 0;
    printf("%-44s %9s %9s %9s %9s %7s\n", "file", "bytes", "bare us", "read us", "pack us", "ratio");
    for (int i = 1; i < argc; i++) {
        size_t len = 0;
        AUTO(mem_free) char *text = read_file(argv[i], &len);
        struct sums one = {0};
        if (!text || !time_ours(d, b, (struct view){text, len}, &one))
            continue; /* not a readable inventory */
        one.bare = time_bare(text, len);
        const char *slash = strrchr(argv[i], '/');
        print_row(slash ? slash + 1 : argv[i], len, &one);
        all = (struct sums){all.bare + one.bare, all.read + one.read, all.pack + one.pack};
        bytes += len;
    }
    print_row("all", bytes, &all);
    return bytes == 0;
}
