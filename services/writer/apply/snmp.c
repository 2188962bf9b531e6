/* What a computer found over SNMP (protocol.md 6): each section is a table of one of the operator's types, each field one of its labels.
 *
 * Names come from an upload and end in statements, so they must be identifiers and be configured, letter by letter; the first element that
 * is not ends the upload. What came before it is stored, as OCS does it. Nothing here makes or alters a table: only the console does. */
#include "services/writer/apply/apply.h"
#include "services/writer/writer_metrics.h"

#include "common/log/log.h"

enum { NAME_MAX_LEN = 64, LABELS_MAX = 100000 };

struct snmp_label {
    struct view table, name;
    bool reconciles;
};

struct snmp_types {
    struct wave *wave;
    struct snmp_label *labels; /* of all types, those of one type together, in the console's order */
    size_t count;
};

/* One section of one upload. */
struct snmp_rows {
    struct wave *wave;
    struct upload *upload;
    const struct record_section_view *section;
    struct db_table *table;                             /* owned; what the columns really are */
    const struct snmp_label *reconciles;                /* NULL: nothing tells its rows apart */
    int reconciling_field;                              /* of the record; -1: the upload has it nowhere */
    const struct db_column *columns[RECORD_FIELDS_MAX]; /* of each field; NULL: not allowed */
    bool stopped;
};

static void rows_clear_p(struct snmp_rows *r)
{
    free(r->table);
}

/* ---- what is configured ---- */

static status types_read(struct wave *w, struct snmp_types *out)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    statement_start(&w->st,
                    "SELECT t.TABLE_TYPE_NAME,l.LABEL_NAME,c.RECONCILIATION='Yes' FROM snmp_types t "
                    "JOIN snmp_configs c ON c.TYPE_ID=t.ID JOIN snmp_labels l ON l.ID=c.LABEL_ID "
                    "ORDER BY t.ID,c.ID LIMIT %d",
                    LABELS_MAX);
    status st = statement_run(&w->st, &rows);
    if (st != ST_OK)
        return st;
    *out = (struct snmp_types){w, arena_alloc(w->arena, (db_rows_count(rows) + 1) * sizeof *out->labels), 0};
    if (!out->labels)
        return ST_NO_MEMORY;
    for (const struct view *row; (row = db_rows_next(rows));) {
        struct snmp_label label = {arena_copy(w->arena, row[0]), arena_copy(w->arena, row[1]), view_is(row[2], "1")};
        if (!label.table.data || !label.name.data)
            return ST_NO_MEMORY;
        out->labels[out->count++] = label;
    }
    return ST_OK;
}

static bool is_identifier(struct view name)
{
    if (name.len == 0 || name.len > NAME_MAX_LEN || (name.data[0] >= '0' && name.data[0] <= '9'))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'))
            return false;
    }
    return true;
}

static bool is_table_name(struct view name)
{
    static const char prefix[] = "snmp_";
    return is_identifier(name) && name.len >= sizeof prefix && memcmp(name.data, prefix, sizeof prefix - 1) == 0;
}

static const struct snmp_label *find_label(const struct snmp_types *types, struct view table, struct view name)
{
    for (size_t i = 0; i < types->count; i++)
        if (view_equal(types->labels[i].table, table) && view_equal(types->labels[i].name, name))
            return &types->labels[i];
    return NULL;
}

static const struct snmp_label *find_reconciliation(const struct snmp_types *types, struct view table, bool *known)
{
    *known = false;
    for (size_t i = 0; i < types->count; i++)
        if (view_equal(types->labels[i].table, table)) {
            *known = true;
            if (types->labels[i].reconciles)
                return &types->labels[i];
        }
    return NULL;
}

static void stop(struct snmp_rows *r, const char *detail, struct view name)
{
    char id[UPLOAD_ID_TEXT];
    r->stopped = true;
    log_warning("SNMP upload not stored to its end", LOG_TEXT("upload", upload_id_text(r->upload->id, id)),
                LOG_VIEW("device", r->upload->key), LOG_TEXT("detail", detail), LOG_VIEW("name", name));
}

/* Which of the fields may be written, and where. */
static status map_fields(struct snmp_rows *r, const struct snmp_types *types)
{
    struct view name = r->section->name;
    bool known = false;
    if (is_table_name(name))
        r->reconciles = find_reconciliation(types, name, &known);
    if (!known)
        return stop(r, "no such type", name), ST_OK;
    char table[NAME_MAX_LEN + 1];
    memcpy(table, name.data, name.len);
    table[name.len] = '\0';
    status st = db_table_read(r->wave->st.db, table, &r->table);
    if (st == ST_NOT_FOUND)
        return stop(r, "its type has no table", name), ST_OK;
    for (size_t i = 0; st == ST_OK && i < r->section->field_count; i++) {
        struct view field = r->section->fields[i];
        const struct snmp_label *label = is_identifier(field) ? find_label(types, name, field) : NULL;
        r->columns[i] = label ? db_table_column(r->table, label->name.data) : NULL;
        if (label && label == r->reconciles)
            r->reconciling_field = (int)i;
    }
    return st;
}

/* ---- its rows ---- */

/* Which fields a row has, as bits; `allowed` says whether it has only those that it may have. */
static uint64_t fields_of(const struct snmp_rows *r, const struct record_row_view *row, struct view *foreign)
{
    uint64_t fields = 0;
    *foreign = VIEW_ABSENT;
    for (size_t i = 0; i < r->section->field_count; i++) {
        if (row->values[i].len == 0)
            continue;
        fields |= (uint64_t)1 << i;
        if (!r->columns[i])
            *foreign = r->section->fields[i];
    }
    return fields;
}

/* An absent field keeps what was there, so rows of one statement have the same fields. */
static void start_insert(struct snmp_rows *r, struct insert *in, struct buffer *tail, uint64_t fields)
{
    bool dated = db_table_column(r->table, "LASTDATE") != NULL;
    insert_init(in, &r->wave->st, NULL, "");
    buffer_reset(tail);
    buffer_text(&in->head, "INSERT INTO ");
    db_name(&in->head, view_of(r->table->name));
    buffer_text(&in->head, " (");
    buffer_text(tail, " ON DUPLICATE KEY UPDATE ");
    for (size_t i = 0, listed = 0; i < r->section->field_count; i++) {
        if (!(fields >> i & 1))
            continue;
        struct view name = view_of(r->columns[i]->name);
        buffer_text(&in->head, listed ? "," : "");
        buffer_text(tail, listed++ ? "," : "");
        db_name(&in->head, name);
        db_name(tail, name);
        buffer_text(tail, "=VALUES(");
        db_name(tail, name);
        buffer_char(tail, ')');
    }
    buffer_text(&in->head, dated ? ",LASTDATE) VALUES " : ") VALUES ");
    buffer_text(tail, dated ? ",LASTDATE=VALUES(LASTDATE)" : "");
    in->tail = tail->data ? tail->data : "";
}

static status add_row(struct snmp_rows *r, struct insert *in, const struct record_row_view *row, uint64_t fields)
{
    struct buffer *sql = &r->wave->st.text;
    insert_row(in);
    for (size_t i = 0, listed = 0; i < r->section->field_count; i++)
        if (fields >> i & 1) {
            buffer_text(sql, listed++ ? "," : "");
            append_fitted(r->wave, r->columns[i], row->values[i]);
        }
    if (db_table_column(r->table, "LASTDATE")) {
        buffer_char(sql, ',');
        append_time(sql, r->upload->id);
    }
    return insert_row_end(in, NULL, 0);
}

/* `count` rows from `at` on, which have the same fields. */
static status write_together(struct snmp_rows *r, const uint8_t *at, size_t count, uint64_t fields)
{
    AUTO(insert_clear) struct insert in = {0};
    AUTO(buffer_clear) struct buffer tail = BUFFER_INIT(1 << 16);
    struct record_row_view row;
    start_insert(r, &in, &tail, fields);
    status st = buffer_status(&tail);
    for (size_t i = 0; i < count && st == ST_OK && record_next_row(r->section, &at, &row); i++)
        st = add_row(r, &in, &row, fields);
    return st == ST_OK ? insert_finish(&in) : st;
}

/* A table with two unique keys may find two rows that stand for one device: that device is left out, the others are not. */
static status write_run(struct snmp_rows *r, const uint8_t *at, size_t count, uint64_t fields)
{
    struct record_row_view row;
    status st = write_together(r, at, count, fields);
    if (st == ST_OK)
        metric_add(&writer_metrics.snmp_rows, (int64_t)count);
    if (st != ST_CONFLICT)
        return st;
    st = ST_OK;
    for (size_t i = 0; i < count && st == ST_OK; i++) {
        st = write_together(r, at, 1, fields);
        metric_add(&writer_metrics.snmp_rows, st == ST_OK);
        if (st == ST_CONFLICT) {
            log_warning("SNMP device stands for two rows", LOG_TEXT("table", r->table->name),
                        LOG_TEXT("database", db_error(r->wave->st.db)));
            st = ST_OK;
        }
        if (!record_next_row(r->section, &at, &row))
            break;
    }
    return st;
}

/* ---- administrative values ---- */

static void append_key(struct snmp_rows *r, struct view value)
{
    append_sought(r->wave, columns_column(r->wave->columns, TABLE_SNMP_ACCOUNTINFO, "SNMP_RECONCILIATION_VALUE"),
                  value);
}

static void append_where(struct snmp_rows *r, const char *alias)
{
    struct buffer *sql = &r->wave->st.text;
    buffer_format(sql, " WHERE %sSNMP_TYPE=", alias);
    statement_value(&r->wave->st, r->section->name);
    buffer_format(sql, " AND %sSNMP_RECONCILIATION_FIELD=", alias);
    statement_value(&r->wave->st, r->reconciles->name);
}

/* The values that tell the devices apart, of rows from `at` on, with `between` before each; as many as fit one statement. */
static size_t append_values(struct snmp_rows *r, const uint8_t **at, size_t *left, const char *first,
                            const char *between)
{
    struct record_row_view row;
    size_t listed = 0;
    for (; *left && listed < INSERT_ROWS_MAX && record_next_row(r->section, at, &row); --*left) {
        struct view value = row.values[r->reconciling_field];
        if (value.len == 0)
            continue;
        buffer_text(&r->wave->st.text, listed++ ? between : first);
        append_key(r, value);
    }
    return listed;
}

static status link_tag(struct snmp_rows *r, struct view tag, const uint8_t *at, size_t left)
{
    status st = ST_OK;
    while (left && st == ST_OK) {
        statement_start(&r->wave->st, "UPDATE snmp_accountinfo SET TAG=");
        statement_value(&r->wave->st, tag);
        append_where(r, "");
        if (append_values(r, &at, &left, " AND SNMP_RECONCILIATION_VALUE IN (", ",") == 0)
            break;
        buffer_char(&r->wave->st.text, ')');
        st = statement_run(&r->wave->st, NULL);
    }
    return st;
}

/* Whoever finds the same device at the same time waited for its row in the type's table, so that it sees what we made here. */
static status make_missing(struct snmp_rows *r, bool tagged, struct view tag, const uint8_t *at, size_t left)
{
    struct buffer *sql = &r->wave->st.text;
    status st = ST_OK;
    while (left && st == ST_OK) {
        statement_start(&r->wave->st,
                        "INSERT INTO snmp_accountinfo "
                        "(SNMP_TYPE,SNMP_RECONCILIATION_FIELD,SNMP_RECONCILIATION_VALUE%s) SELECT ",
                        tagged ? ",TAG" : "");
        statement_value(&r->wave->st, r->section->name);
        buffer_char(sql, ',');
        statement_value(&r->wave->st, r->reconciles->name);
        buffer_text(sql, ",v.X");
        if (tagged) {
            buffer_char(sql, ',');
            statement_value(&r->wave->st, tag);
        }
        if (append_values(r, &at, &left, " FROM (SELECT NULL AS X UNION SELECT ", " UNION SELECT ") == 0)
            break;
        buffer_text(sql, ") v WHERE v.X IS NOT NULL AND NOT EXISTS (SELECT 1 FROM snmp_accountinfo a");
        append_where(r, "a.");
        buffer_text(sql, " AND a.SNMP_RECONCILIATION_VALUE=v.X)");
        st = statement_run(&r->wave->st, NULL);
    }
    return st;
}

/* The TAG of the computer that scanned; absent when it has none. */
static status read_tag(struct snmp_rows *r, struct view *tag)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    *tag = VIEW_ABSENT;
    if (!columns_column(r->wave->columns, TABLE_ACCOUNTINFO, "TAG"))
        return ST_OK;
    statement_start(&r->wave->st, "SELECT TAG FROM accountinfo WHERE HARDWARE_ID=%u", r->upload->device->hardware_id);
    status st = statement_run(&r->wave->st, &rows);
    const struct view *row = st == ST_OK ? db_rows_next(rows) : NULL;
    if (row)
        *tag = arena_copy(r->wave->arena, row[0]);
    return row && row[0].data && !tag->data ? ST_NO_MEMORY : st;
}

static status write_account(struct snmp_rows *r, const uint8_t *at, size_t count)
{
    struct view tag = VIEW_ABSENT;
    bool tagged = r->wave->options->snmp_link_tag != 0;
    if (count == 0 || r->reconciling_field < 0 || !columns_table(r->wave->columns, TABLE_SNMP_ACCOUNTINFO))
        return ST_OK;
    status st = tagged ? read_tag(r, &tag) : ST_OK;
    if (st == ST_OK && tagged)
        st = link_tag(r, tag, at, count);
    return st == ST_OK ? make_missing(r, tagged, tag, at, count) : st;
}

/* ---- one upload ---- */

/* The rows of a section in runs of those with the same fields, up to the first one that has a field that it must not have. */
static status write_rows(struct snmp_rows *r)
{
    struct record_row_view row;
    const uint8_t *at = r->section->rows, *run = at;
    uint64_t fields = 0;
    size_t good = 0, in_run = 0;
    status st = ST_OK;
    for (const uint8_t *before = at; st == ST_OK && record_next_row(r->section, &at, &row); before = at) {
        struct view foreign;
        uint64_t has = fields_of(r, &row, &foreign);
        if (foreign.data) {
            stop(r, "its type has no such label", foreign);
            break;
        }
        if (has != fields && in_run && fields)
            st = write_run(r, run, in_run, fields);
        if (has != fields) {
            run = before;
            in_run = 0;
        }
        fields = has;
        in_run++;
        good++;
    }
    if (st == ST_OK && in_run && fields)
        st = write_run(r, run, in_run, fields);
    return st == ST_OK ? write_account(r, r->section->rows, good) : st;
}

static status write_upload(struct wave *w, struct upload *u, const struct snmp_types *types)
{
    status st = ST_OK;
    bool stopped = false;
    for (size_t i = 0; i < record_section_count(u->record) && st == ST_OK && !stopped; i++) {
        __attribute__((cleanup(rows_clear_p))) struct snmp_rows r = {
            .wave = w, .upload = u, .section = record_section_at(u->record, i), .reconciling_field = -1};
        st = map_fields(&r, types);
        if (st == ST_OK && !r.stopped)
            st = write_rows(&r);
        stopped = r.stopped;
    }
    metric_add(stopped ? &writer_metrics.snmp_stopped : &writer_metrics.snmp_stored, st == ST_OK);
    return st;
}

status snmp_apply(struct wave *w)
{
    struct snmp_types types = {0};
    status st = ST_OK;
    for (size_t i = 0; i < w->upload_count && st == ST_OK; i++) {
        struct upload *u = w->uploads[i];
        if (u->kind != UPLOAD_SNMP || u->skipped)
            continue;
        if (!types.wave && columns_table(w->columns, TABLE_SNMP_CONFIGS))
            st = types_read(w, &types);
        if (u->device->hardware_id) {
            u->device->contact = u->id;
            u->device->contacted = true;
        }
        if (st == ST_OK)
            st = write_upload(w, u, &types);
    }
    return st;
}
