#include "services/writer/columns.h"

#include "common/log/log.h"
#include "services/writer/state.h"

struct columns {
    struct db_table *tables[TABLE_COUNT]; /* owned */
    size_t section_count;
    struct db_table **section_tables; /* owned, one per section */
    struct section_columns *sections; /* owned, one per section */
};

static const struct {
    const char *name;
    bool needed;
} tables[TABLE_COUNT] = {
    [TABLE_HARDWARE] = {"hardware", true},
    [TABLE_ACCOUNTINFO] = {"accountinfo", true},
    [TABLE_SOFTWARE_NAME] = {"software_name", false},
    [TABLE_SOFTWARE_PUBLISHER] = {"software_publisher", false},
    [TABLE_SOFTWARE_VERSION] = {"software_version", false},
    [TABLE_DEVICES] = {"devices", true},
    [TABLE_NETWORKS] = {"networks", true},
    [TABLE_SNMP_CONFIGS] = {"snmp_configs", false},
    [TABLE_SNMP_ACCOUNTINFO] = {"snmp_accountinfo", false},
    [TABLE_BIOS] = {"bios", false},
    [TABLE_ARCHIVE] = {"archive", false},
    [TABLE_BLACKLIST_MACADDRESSES] = {"blacklist_macaddresses", false},
    [TABLE_BLACKLIST_SERIALS] = {"blacklist_serials", false},
    [TABLE_BLACKLIST_SUBNET] = {"blacklist_subnet", false},
    [TABLE_DELETED_EQUIV] = {"deleted_equiv", false},
    [TABLE_DOWNLOAD_AVAILABLE] = {"download_available", false},
    [TABLE_DOWNLOAD_ENABLE] = {"download_enable", false},
    [TABLE_SOFTWARE_CATEGORIES_LINK] = {"software_categories_link", false},
    [TABLE_DOWNLOAD_HISTORY] = {"download_history", false},
    [TABLE_DOWNLOAD_SERVERS] = {"download_servers", false},
    [TABLE_GROUPS_CACHE] = {"groups_cache", false},
    [TABLE_ITMGMT_COMMENTS] = {"itmgmt_comments", false},
    [TABLE_LOCKS] = {"locks", false},
    [TABLE_NETMAP] = {"netmap", false},
    [TABLE_SAAS] = {"saas", false},
    [TABLE_OSNAME_CACHE] = {"hardware_osname_cache", false},
    [TABLE_REGISTRY_NAME_CACHE] = {"registry_name_cache", false},
    [TABLE_REGISTRY_VALUE_CACHE] = {"registry_regvalue_cache", false},
    [TABLE_MUSTER_DEVICE] = {"muster_device", true},
    [TABLE_MUSTER_ROWS] = {"muster_rows", true},
    [TABLE_MUSTER_SESSION] = {"muster_session", false},
    [TABLE_PROLOG_CONNTRACK] = {"prolog_conntrack", false},
};

static status read_tables(struct db *db, struct columns *c, struct reason *why)
{
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        status st = db_table_read(db, tables[i].name, &c->tables[i]);
        if (st == ST_NOT_FOUND && !tables[i].needed)
            continue;
        if (st != ST_OK) {
            reason_set(why, "db_schema", "table %s: %s", tables[i].name,
                       st == ST_NOT_FOUND ? "not there; is this an OCS database, and was `muster db create` run?"
                                          : db_error(db));
            return st;
        }
    }
    return ST_OK;
}

/* Name, type and length of what is written: a longer column must make us write the longer text. */
static uint64_t layout_add(uint64_t layout, const struct db_column *column)
{
    uint8_t numbers[16];
    put_be32(numbers, (uint32_t)column->type);
    put_be32(numbers + 4, column->length);
    put_be64(numbers + 8, column->max);
    layout = state_hash(layout, column->name, strlen(column->name));
    return state_hash(layout + column->utf8mb4, numbers, sizeof numbers);
}

static void map_section(const struct section *section, const struct db_table *table, struct section_columns *out)
{
    *out = (struct section_columns){.section = section, .key = state_section_key(view_of(section->path))};
    out->lack = !section->table                          ? LACK_NOTHING
                : !table                                 ? LACK_TABLE
                : !db_table_column(table, "HARDWARE_ID") ? LACK_KEY
                                                         : LACK_NOTHING;
    if (!table || out->lack)
        return;
    const struct db_column *id = db_table_column(table, "ID");
    out->has_id = id && id->auto_increment;
    for (const char *const *field = section->fields; *field; field++) {
        const struct db_column *column = db_table_column(table, *field);
        out->missing += column == NULL;
        if (!column)
            continue;
        out->columns[out->count++] = column;
        out->layout = layout_add(out->layout, column);
    }
    if (out->count == 0 && section->form != SECTION_SOFTWARE)
        out->lack = LACK_COLUMNS;
    else
        out->table = table;
}

/* Software is written through the dictionaries; databases before 2.8 have none. */
static bool lacks_dictionaries(const struct columns *c, const struct section_columns *s)
{
    if (s->section->form != SECTION_SOFTWARE || !s->table)
        return false;
    return !c->tables[TABLE_SOFTWARE_NAME] || !c->tables[TABLE_SOFTWARE_PUBLISHER] ||
           !c->tables[TABLE_SOFTWARE_VERSION] || !db_table_column(s->table, "NAME_ID") ||
           !db_table_column(s->table, "PUBLISHER_ID") || !db_table_column(s->table, "VERSION_ID");
}

static status read_section(struct db *db, const struct section *section, struct db_table **table)
{
    status st = section->table ? db_table_read(db, section->table, table) : ST_NOT_FOUND;
    return st == ST_NOT_FOUND ? ST_OK : st;
}

static status read_sections(struct db *db, const struct section_map *sections, struct columns *c, struct reason *why)
{
    size_t count = sections->count;
    c->section_tables = calloc(count, sizeof *c->section_tables);
    c->sections = calloc(count, sizeof *c->sections);
    if (!c->section_tables || !c->sections)
        return ST_NO_MEMORY;
    c->section_count = count;
    for (size_t i = 0; i < count; i++) {
        status st = read_section(db, &sections->items[i], &c->section_tables[i]);
        if (st != ST_OK) {
            reason_set(why, "db_schema", "table %s: %s", sections->items[i].table, db_error(db));
            return st;
        }
        map_section(&sections->items[i], c->section_tables[i], &c->sections[i]);
        if (lacks_dictionaries(c, &c->sections[i]))
            c->sections[i].table = NULL, c->sections[i].lack = LACK_TABLE;
    }
    return ST_OK;
}

status columns_read(struct db *db, const struct section_map *sections, struct columns **out, struct reason *why)
{
    AUTO(columns_free) struct columns *c = calloc(1, sizeof *c);
    if (!c)
        return ST_NO_MEMORY;
    status st = read_tables(db, c, why);
    if (st == ST_OK)
        st = read_sections(db, sections, c, why);
    if (st == ST_OK)
        *out = STEAL(c);
    return st;
}

static void log_missing_fields(const struct section_columns *c)
{
    for (const char *const *field = c->section->fields; *field; field++)
        if (!db_table_column(c->table, *field))
            log_warning("field of a section has no column", LOG_TEXT("section", c->section->path),
                        LOG_TEXT("table", c->section->table), LOG_TEXT("field", *field));
}

void columns_log_missing(const struct columns *now, const struct columns *before)
{
    static const char *const lacks[] = {[LACK_TABLE] = "section has no table",
                                        [LACK_KEY] = "table of a section has no column HARDWARE_ID",
                                        [LACK_COLUMNS] = "table of a section has none of its columns"};
    for (size_t i = 0; i < now->section_count; i++) {
        const struct section_columns *c = &now->sections[i], *old = before ? &before->sections[i] : NULL;
        if (c->lack && (!old || old->lack != c->lack))
            log_warning(lacks[c->lack], LOG_TEXT("section", c->section->path), LOG_TEXT("table", c->section->table));
        if (c->table && c->missing && c->section->form != SECTION_SOFTWARE && (!old || old->layout != c->layout))
            log_missing_fields(c);
    }
}

void columns_free(struct columns *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < TABLE_COUNT; i++)
        free(c->tables[i]);
    for (size_t i = 0; i < c->section_count; i++)
        free(c->section_tables[i]);
    free(c->section_tables);
    free(c->sections);
    free(c);
}

const struct db_table *columns_table(const struct columns *c, enum columns_table table)
{
    return c->tables[table];
}

const struct db_column *columns_column(const struct columns *c, enum columns_table table, const char *column)
{
    return c->tables[table] ? db_table_column(c->tables[table], column) : NULL;
}

size_t columns_section_count(const struct columns *c)
{
    return c->section_count;
}

const struct section_columns *columns_section(const struct columns *c, size_t section)
{
    return &c->sections[section];
}
