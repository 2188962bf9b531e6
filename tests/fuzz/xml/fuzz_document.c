/* Any bytes as the text of an upload: the first says of which kind. Rows that come out must fit into a record. */
#include "services/parser/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum upload_kind kinds[] = {UPLOAD_INVENTORY, UPLOAD_NOTIFY, UPLOAD_DOWNLOAD, UPLOAD_SNMP};
    if (size < 1)
        return 0;
    const struct upload_head head = {.kind = kinds[data[0] % COUNT(kinds)]};
    const struct document_limits limits = {.xml = {.elements = 100000}, .memory_max = 16 << 20};
    AUTO(document_destroy) struct document *d = document_new(&limits);
    AUTO(record_builder_destroy) struct record_builder *b = record_builder_new(32 << 20);
    struct xml_repairs repairs = {0};
    struct reason why = {0};
    struct view out;
    if (document_read(d, head.kind, (struct view){(const char *)data + 1, size - 1}, &repairs, &why) != ST_OK ||
        pack_document(b, &head, d, false, &out, &why) != ST_OK)
        return 0;
    AUTO(record_close) struct record *r = NULL;
    if (record_open(out.data, out.len, 32 << 20, &r, &why) != ST_OK)
        abort();
    return 0;
}
