/* Which elements of which upload matter. INVENTORY's sections are those of the section map. */
#include "services/parser/document.h"

struct value_place {
    enum upload_kind kind; /* 0: every kind */
    const char *path;
    enum document_value value;
};

static const struct value_place values[] = {
    {0, "DEVICEID", VALUE_DEVICEID},
    {0, "CONTENT/DEVICEID", VALUE_CONTENT_DEVICEID},
    {UPLOAD_INVENTORY, "CONTENT/OLD_DEVICEID", VALUE_OLD_DEVICEID},
    {UPLOAD_INVENTORY, "CONTENT/DOWNLOAD/HISTORY/OLD_DEVICEID", VALUE_OLD_DEVICEID},
    {UPLOAD_NOTIFY, "TYPE", VALUE_TYPE},
    {UPLOAD_DOWNLOAD, "ID", VALUE_ID},
    {UPLOAD_DOWNLOAD, "ERR", VALUE_ERR},
};

struct container_place {
    enum upload_kind kind;
    const char *path;
};

static const struct container_place containers[] = {
    {0, "CONTENT"},
    {UPLOAD_INVENTORY, "CONTENT/IPDISCOVER"},
    {UPLOAD_INVENTORY, "CONTENT/DOWNLOAD"},
    {UPLOAD_INVENTORY, "CONTENT/DOWNLOAD/HISTORY"},
};

static const char *const notify_hardware[] = {"IPADDR", NULL};
static const char *const notify_iface[] = {"MAC", "IP", "MASK", "GW", "SUBNET", "DHCP", NULL};

static bool applies(enum upload_kind of_row, enum upload_kind kind)
{
    return of_row == 0 || of_row == kind;
}

static struct place rows_of_inventory(const struct section_map *sections, struct view name)
{
    const struct section *s = section_map_find(sections, name);
    if (!s)
        return (struct place){.form = PLACE_NONE};
    return (struct place){.form = PLACE_ROWS, .section = view_of(s->path), .fields = s->fields, .single = s->single};
}

static struct place rows_of_notify(struct view path)
{
    if (view_is(path, "HARDWARE"))
        return (struct place){.form = PLACE_ROWS, .section = path, .fields = notify_hardware, .single = true};
    if (view_is(path, "IFACE"))
        return (struct place){.form = PLACE_ROWS, .section = path, .fields = notify_iface};
    return (struct place){.form = PLACE_NONE};
}

struct place place_find(const struct section_map *sections, enum upload_kind kind, struct view path)
{
    static const char content[] = "CONTENT/";
    for (size_t i = 0; i < COUNT(values); i++)
        if (applies(values[i].kind, kind) && view_is(path, values[i].path))
            return (struct place){.form = PLACE_VALUE, .value = values[i].value};
    for (size_t i = 0; i < COUNT(containers); i++)
        if (applies(containers[i].kind, kind) && view_is(path, containers[i].path))
            return (struct place){.form = PLACE_CONTAINER};
    if (kind == UPLOAD_NOTIFY)
        return rows_of_notify(path);
    size_t skip = sizeof content - 1;
    if (path.len <= skip || memcmp(path.data, content, skip) != 0)
        return (struct place){.form = PLACE_NONE};
    struct view below = {path.data + skip, path.len - skip};
    if (kind == UPLOAD_SNMP)
        return (struct place){.form = PLACE_ANY_ROWS, .section = below};
    return kind == UPLOAD_INVENTORY ? rows_of_inventory(sections, below) : (struct place){.form = PLACE_NONE};
}
