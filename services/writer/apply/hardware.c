/* The row of hardware (inventory-to-database.md 6). Every column is set at every inventory; a missing element gives NULL. */
#include "services/writer/apply/apply.h"

enum column_rule {
    RULE_TEXT,     /* the element or NULL */
    RULE_NUMBER,   /* the element if it is only digits, else 0 */
    RULE_LASTDATE, /* the agent's, if it is a date, else the time of acceptance */
    RULE_LASTCOME,
    RULE_USERID,
    RULE_IPADDR,
    RULE_IPSRC,
    RULE_AGENT,
    RULE_CHECKSUM,
    RULE_CATEGORY,
    RULE_NULL,
};

/* `always`: also for an upload without HARDWARE, which must not blank the device. CATEGORY_ID is what the
 * console's queries say, never the agent. */
static const struct {
    const char *column;
    enum column_rule rule;
    bool always;
} rules[] = {
    {"USERAGENT", RULE_AGENT, true},    {"LASTDATE", RULE_LASTDATE, true},
    {"LASTCOME", RULE_LASTCOME, true},  {"CHECKSUM", RULE_CHECKSUM, true},
    {"IPSRC", RULE_IPSRC, true},        {"NAME", RULE_TEXT, false},
    {"WORKGROUP", RULE_TEXT, false},    {"USERDOMAIN", RULE_TEXT, false},
    {"OSNAME", RULE_TEXT, false},       {"OSVERSION", RULE_TEXT, false},
    {"OSCOMMENTS", RULE_TEXT, false},   {"PROCESSORT", RULE_TEXT, false},
    {"DNS", RULE_TEXT, false},          {"DEFAULTGATEWAY", RULE_TEXT, false},
    {"DESCRIPTION", RULE_TEXT, false},  {"WINCOMPANY", RULE_TEXT, false},
    {"WINOWNER", RULE_TEXT, false},     {"WINPRODID", RULE_TEXT, false},
    {"WINPRODKEY", RULE_TEXT, false},   {"UUID", RULE_TEXT, false},
    {"ARCH", RULE_TEXT, false},         {"PROCESSORS", RULE_NUMBER, false},
    {"PROCESSORN", RULE_NUMBER, false}, {"MEMORY", RULE_NUMBER, false},
    {"SWAP", RULE_NUMBER, false},       {"TYPE", RULE_NUMBER, false},
    {"IPADDR", RULE_IPADDR, false},     {"CATEGORY_ID", RULE_CATEGORY, false},
    {"USERID", RULE_USERID, false},     {"ETIME", RULE_NULL, false},
};

/* One device and its HARDWARE section (NULL: it has none). */
struct hardware_row {
    struct wave *wave;
    const struct device *device;
    const struct record_section_view *section;
    struct record_row_view row;
};

static struct view element(const struct hardware_row *h, const char *name)
{
    return h->section ? row_value(h->section, &h->row, name) : VIEW_ABSENT;
}

static void append_lastdate(const struct hardware_row *h, const struct db_column *column)
{
    bool adjusted = false;
    struct view value = element(h, "LASTDATE"), fitted = db_fit(column, value, h->wave->arena, &adjusted);
    bool valid = rule_lastdate_is_valid(value, fitted);
    if (valid)
        statement_value(&h->wave->st, fitted);
    else
        append_time(&h->wave->st.text, h->device->upload->id);
    count_adjusted(h->wave, value, valid ? fitted : VIEW_ABSENT);
}

static void append_number(const struct hardware_row *h, const struct db_column *column, struct view value)
{
    if (rule_is_number(value)) {
        append_fitted(h->wave, column, value);
        return;
    }
    buffer_char(&h->wave->st.text, '0');
    count_adjusted(h->wave, value, VIEW_ABSENT);
}

static void append_userid(const struct hardware_row *h, const struct db_column *column)
{
    struct view user = element(h, "USERID");
    if (rule_is_system_user(user))
        statement_value(&h->wave->st, h->device->userid);
    else
        append_fitted(h->wave, column, user);
}

/* The address that the upload came from, if it is one of the device's own; else what the agent takes for its main one. */
static struct view main_address(const struct hardware_row *h, const char *source)
{
    const struct record_section_view *networks = record_section_find(h->device->upload->record, "NETWORKS");
    struct record_row_view row;
    if (!networks || networks->row_count == 0)
        return VIEW_ABSENT;
    for (const uint8_t *at = networks->rows; source[0] && record_next_row(networks, &at, &row);)
        if (view_is(row_value(networks, &row, "IPADDRESS"), source))
            return row_value(networks, &row, "IPADDRESS");
    return element(h, "IPADDR");
}

static void append_category(const struct hardware_row *h)
{
    uint32_t category = asset_categories_of(h->wave->assets, element(h, "NAME"));
    if (category)
        buffer_format(&h->wave->st.text, "%u", category);
    else
        buffer_text(&h->wave->st.text, "NULL");
}

static void append_value(const struct hardware_row *h, enum column_rule rule, const struct db_column *column)
{
    const struct upload *u = h->device->upload;
    char source[UPLOAD_ADDRESS_TEXT];
    upload_address_text(&u->head->from, source);
    struct view value = element(h, column->name);
    switch (rule) {
    case RULE_TEXT: append_fitted(h->wave, column, value); break;
    case RULE_NUMBER: append_number(h, column, value); break;
    case RULE_LASTDATE: append_lastdate(h, column); break;
    case RULE_LASTCOME: append_time(&h->wave->st.text, u->id); break;
    case RULE_USERID: append_userid(h, column); break;
    case RULE_IPADDR: append_fitted(h->wave, column, main_address(h, source)); break;
    case RULE_IPSRC: append_fitted(h->wave, column, source[0] ? view_of(source) : VIEW_ABSENT); break;
    case RULE_AGENT: append_fitted(h->wave, column, u->head->agent); break;
    case RULE_CHECKSUM:
        buffer_format(&h->wave->st.text, "%u",
                      h->section ? rule_checksum(value, h->device->changed) : h->device->changed & CHECKSUM_BITS);
        break;
    case RULE_CATEGORY: append_category(h); break;
    case RULE_NULL: buffer_text(&h->wave->st.text, "NULL"); break;
    }
}

/* Bits of CHECKSUM are ours to set and its readers' to clear, so it is read in the statement that sets it. A late upload must not make
 * LASTCOME older, unless a clock was wrong and it lies in the future. */
static void append_assignment(struct buffer *out, const char *column, enum column_rule rule)
{
    if (rule == RULE_CHECKSUM)
        buffer_format(out, "CHECKSUM=COALESCE(CHECKSUM,0)|VALUES(CHECKSUM)");
    else if (rule == RULE_LASTCOME)
        buffer_format(out, "LASTCOME=IF(LASTCOME<=NOW(),GREATEST(LASTCOME,VALUES(LASTCOME)),VALUES(LASTCOME))");
    else
        buffer_format(out, "`%s`=VALUES(`%s`)", column, column);
}

static bool is_written(const struct wave *w, size_t rule, bool full)
{
    if (rules[rule].rule == RULE_CATEGORY && !asset_categories_known(w->assets))
        return false;
    return (full || rules[rule].always) && columns_column(w->columns, TABLE_HARDWARE, rules[rule].column);
}

static void append_frame(const struct wave *w, bool full, struct buffer *head, struct buffer *tail)
{
    buffer_text(head, "INSERT INTO hardware (ID");
    buffer_text(tail, " ON DUPLICATE KEY UPDATE ");
    const char *comma = "";
    for (size_t i = 0; i < COUNT(rules); i++) {
        if (!is_written(w, i, full))
            continue;
        buffer_format(head, ",`%s`", rules[i].column);
        buffer_text(tail, comma);
        append_assignment(tail, rules[i].column, rules[i].rule);
        comma = ",";
    }
    buffer_text(head, ") VALUES ");
}

static bool open_row(struct wave *w, const struct device *d, struct hardware_row *h)
{
    *h = (struct hardware_row){.wave = w, .device = d};
    const struct record_section_view *s = record_section_find(d->upload->record, "HARDWARE");
    const uint8_t *at = s ? s->rows : NULL;
    if (s && record_next_row(s, &at, &h->row))
        h->section = s;
    return h->section != NULL;
}

static status write_rows(struct wave *w, bool full)
{
    AUTO(insert_clear) struct insert in;
    AUTO(buffer_clear) struct buffer tail = BUFFER_INIT(1 << 14);
    insert_init(&in, &w->st, NULL, "");
    append_frame(w, full, &in.head, &tail);
    status st = buffer_status(&tail);
    in.tail = tail.data;
    struct hardware_row h;
    for (size_t i = 0; i < w->device_count && st == ST_OK; i++) {
        if (!device_writes(&w->devices[i]) || open_row(w, &w->devices[i], &h) != full)
            continue;
        insert_row(&in);
        buffer_format(&w->st.text, "%u", w->devices[i].hardware_id);
        w->fitting = &w->devices[i];
        for (size_t r = 0; r < COUNT(rules); r++) {
            if (!is_written(w, r, full))
                continue;
            buffer_char(&w->st.text, ',');
            append_value(&h, rules[r].rule, columns_column(w->columns, TABLE_HARDWARE, rules[r].column));
        }
        w->fitting = NULL;
        st = insert_row_end(&in, NULL, 0);
    }
    return st == ST_OK ? insert_send(&in) : st;
}

status hardware_write(struct wave *w)
{
    status st = write_rows(w, true);
    return st == ST_OK ? write_rows(w, false) : st;
}
