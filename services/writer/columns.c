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
    if (!table || !db_table_column(table, "HARDWARE_ID"))
        return;
    out->table = table;
    out->has_id = db_table_column(table, "ID") != NULL;
    for (const char *const *field = section->fields; *field; field++) {
        const struct db_column *column = db_table_column(table, *field);
        if (!column)
            continue;
        out->columns[out->count++] = column;
        out->layout = layout_add(out->layout, column);
    }
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

static status read_sections(struct db *db, struct columns *c, struct reason *why)
{
    size_t count = sections_inventory_count;
    c->section_tables = calloc(count, sizeof *c->section_tables);
    c->sections = calloc(count, sizeof *c->sections);
    if (!c->section_tables || !c->sections)
        return ST_NO_MEMORY;
    c->section_count = count;
    for (size_t i = 0; i < count; i++) {
        status st = read_section(db, &sections_inventory[i], &c->section_tables[i]);
        if (st != ST_OK) {
            reason_set(why, "db_schema", "table %s: %s", sections_inventory[i].table, db_error(db));
            return st;
        }
        map_section(&sections_inventory[i], c->section_tables[i], &c->sections[i]);
        if (lacks_dictionaries(c, &c->sections[i]))
            c->sections[i].table = NULL;
    }
    return ST_OK;
}

status columns_read(struct db *db, struct columns **out, struct reason *why)
{
    AUTO(columns_free) struct columns *c = calloc(1, sizeof *c);
    if (!c)
        return ST_NO_MEMORY;
    status st = read_tables(db, c, why);
    if (st == ST_OK)
        st = read_sections(db, c, why);
    if (st == ST_OK)
        *out = STEAL(c);
    return st;
}

void columns_log_missing(const struct columns *now, const struct columns *before)
{
    for (size_t i = 0; i < now->section_count; i++) {
        const struct section *section = now->sections[i].section;
        if (section->table && !now->sections[i].table && (!before || before->sections[i].table))
            log_warning("section has no table", LOG_TEXT("section", section->path), LOG_TEXT("table", section->table));
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

const struct section_columns *columns_section(const struct columns *c, size_t section)
{
    return &c->sections[section];
}
