/* Which devices a wave is about: what is remembered of each (muster_device), its row in hardware, and the locks on both.
 *
 * The row of muster_device is the device's lock: its key makes sure that a DEVICEID gets one row of hardware, however many writers see
 * it for the first time at once. hardware itself cannot have such a key (groups share a DEVICEID). */
#include "services/writer/apply/apply.h"
#include "services/writer/apply/lookup.h"
#include "services/writer/writer_metrics.h"

#define DEVICE_COLUMNS "DEVICEID,HARDWARE_ID,INVENTORY_HI,INVENTORY_LO,CONTACT_HI,CONTACT_LO,NORMALISER,FLAGS,SECTIONS"

/* A list of texts with what they belong to, as lookup_exact() wants it. */
struct device_keys {
    struct wave *wave;
    size_t count;
    struct view *texts;
    bool *found;
    struct device **devices;
};

static status keys_make(struct wave *w, struct device_keys *k)
{
    size_t n = w->device_count + 1;
    *k = (struct device_keys){w, 0, arena_alloc(w->arena, n * sizeof *k->texts), arena_alloc(w->arena, n),
                              arena_alloc(w->arena, n * sizeof(struct device *))};
    return k->texts && k->found && k->devices ? ST_OK : ST_NO_MEMORY;
}

static void keys_add(struct device_keys *k, struct device *d, struct view text)
{
    k->texts[k->count] = text;
    k->found[k->count] = false;
    k->devices[k->count++] = d;
}

/* ---- grouping ---- */

static void start_device(struct wave *w, struct upload *u)
{
    w->devices[w->device_count++] = (struct device){.key = u->key};
}

static status group_uploads(struct wave *w)
{
    w->devices = arena_alloc(w->arena, (w->upload_count + 1) * sizeof *w->devices);
    if (!w->devices)
        return ST_NO_MEMORY;
    w->device_count = 0;
    for (size_t i = 0; i < w->upload_count; i++) {
        struct upload *u = w->uploads[i];
        if (w->device_count == 0 || !view_equal(w->devices[w->device_count - 1].key, u->key))
            start_device(w, u);
        u->device = &w->devices[w->device_count - 1];
        u->skipped = false;
        if (u->kind == UPLOAD_INVENTORY)
            u->device->upload = u;
    }
    return ST_OK;
}

/* ---- rows of muster_device ---- */

static status take_device(void *ctx, size_t index, const struct view *row)
{
    struct device_keys *k = ctx;
    struct device *d = k->devices[index];
    d->row_key = arena_copy(k->wave->arena, row[0]);
    d->hardware_id = (uint32_t)db_number(row[1]);
    d->inventory = (struct upload_id){db_number(row[2]), db_number(row[3])};
    d->contact = (struct upload_id){db_number(row[4]), db_number(row[5])};
    d->normaliser = (unsigned)db_number(row[6]);
    d->flags = (unsigned)db_number(row[7]);
    if (!state_sections_unpack(row[8], &d->sections))
        d->trusts_nothing = true;
    return d->row_key.data ? ST_OK : ST_NO_MEMORY;
}

static struct lookup_query device_query(struct device_keys *k, bool lock)
{
    return (struct lookup_query){.st = &k->wave->st,
                                 .head = "SELECT " DEVICE_COLUMNS
                                         " FROM muster_device FORCE INDEX (PRIMARY) WHERE DEVICEID",
                                 .tail = lock ? " ORDER BY DEVICEID FOR UPDATE" : "",
                                 .take = take_device,
                                 .ctx = k};
}

static status take_existence(void *ctx, size_t index, const struct view *row)
{
    (void)ctx, (void)index, (void)row;
    return ST_OK;
}

/* Of devices that only made contact, those that have a row in hardware. DEVICEIDs that nobody knows leave no trace. */
static status find_known(struct wave *w, const struct device_keys *missing, struct device_keys *known)
{
    status st = keys_make(w, known);
    for (size_t i = 0; i < missing->count && st == ST_OK; i++)
        if (!missing->found[i] && !missing->devices[i]->upload)
            keys_add(known, missing->devices[i], missing->texts[i]);
    if (st != ST_OK || known->count == 0)
        return st;
    struct lookup_query q = {
        .st = &w->st, .head = "SELECT DEVICEID,ID FROM hardware WHERE DEVICEID", .tail = "", .take = take_existence};
    size_t others = 0;
    st = lookup_exact(&q, known->texts, known->found, known->count, &others);
    return st == ST_OK && others ? lookup_spelled(&q, known->texts, known->found, known->count) : st;
}

static bool is_known(const struct device_keys *known, const struct device *d)
{
    for (size_t i = 0; i < known->count; i++)
        if (known->devices[i] == d)
            return known->found[i];
    return false;
}

static status make_rows(struct wave *w, const struct device_keys *keys, const struct device_keys *known)
{
    AUTO(insert_clear) struct insert in;
    insert_init(&in, &w->st, NULL, "");
    buffer_text(&in.head, "INSERT IGNORE INTO muster_device (DEVICEID) VALUES ");
    status st = ST_OK;
    for (size_t i = 0; i < keys->count && st == ST_OK; i++) {
        if (keys->found[i] || (!keys->devices[i]->upload && !is_known(known, keys->devices[i])))
            continue;
        insert_row(&in);
        statement_value(&w->st, keys->texts[i]);
        st = insert_row_end(&in, NULL, 0);
    }
    return st == ST_OK ? insert_finish(&in) : st;
}

static status make_missing(struct wave *w, struct device_keys *keys)
{
    struct device_keys known;
    struct lookup_query q = device_query(keys, false);
    status st = find_known(w, keys, &known);
    if (st == ST_OK)
        st = make_rows(w, keys, &known);
    if (st == ST_OK)
        st = lookup_exact(&q, keys->texts, keys->found, keys->count, NULL);
    /* Other spellings of a row that is there: only what must have a row by now is asked for. */
    for (size_t i = 0; i < keys->count && st == ST_OK; i++)
        if (!keys->found[i] && (keys->devices[i]->upload || is_known(&known, keys->devices[i]))) {
            struct device_keys one = {w, 1, &keys->texts[i], &keys->found[i], &keys->devices[i]};
            q.ctx = &one;
            st = lookup_spelled(&q, one.texts, one.found, 1);
        }
    return st;
}

/* Two spellings of one device in one wave would be written side by side: the second waits for the next wave. */
static void defer_spellings(struct wave *w)
{
    for (size_t i = 0; i < w->upload_count; i++) {
        struct device *d = w->uploads[i]->device;
        for (struct device *other = w->devices; other < d && d->row_key.data; other++)
            if (view_equal(other->row_key, d->row_key)) {
                w->uploads[i]->outcome = UPLOAD_DEFERRED;
                break;
            }
    }
}

void devices_drop(struct wave *w)
{
    size_t kept = 0;
    for (size_t i = 0; i < w->upload_count; i++)
        if (w->uploads[i]->outcome == UPLOAD_WAITS)
            w->uploads[kept++] = w->uploads[i];
    w->upload_count = kept;
    size_t devices = 0;
    for (size_t i = 0; i < w->device_count; i++) {
        bool used = false;
        for (size_t u = 0; u < kept; u++)
            used |= w->uploads[u]->device == &w->devices[i];
        if (!used)
            continue;
        for (size_t u = 0; u < kept; u++)
            if (w->uploads[u]->device == &w->devices[i])
                w->uploads[u]->device = &w->devices[devices];
        if (devices != i)
            w->devices[devices] = w->devices[i];
        devices++;
    }
    w->device_count = devices;
}

status devices_prepare(struct wave *w)
{
    struct device_keys keys;
    status st = group_uploads(w);
    if (st == ST_OK)
        st = keys_make(w, &keys);
    if (st != ST_OK)
        return st;
    for (size_t i = 0; i < w->device_count; i++)
        keys_add(&keys, &w->devices[i], w->devices[i].key);
    struct lookup_query q = device_query(&keys, false);
    st = lookup_exact(&q, keys.texts, keys.found, keys.count, NULL);
    bool missing = false;
    for (size_t i = 0; i < keys.count; i++)
        missing |= !keys.found[i];
    if (st == ST_OK && missing) {
        st = make_missing(w, &keys);
        defer_spellings(w);
        devices_drop(w);
    }
    return st;
}

/* ---- locks ---- */

static int compare_row_keys(const void *a, const void *b)
{
    const struct device *const *x = a, *const *y = b;
    return lookup_compare(&(*x)->row_key, &(*y)->row_key);
}

static status lock_rows(struct wave *w)
{
    struct device_keys keys;
    status st = keys_make(w, &keys);
    if (st != ST_OK)
        return st;
    for (size_t i = 0; i < w->device_count; i++)
        if (w->devices[i].row_key.data)
            keys.devices[keys.count++] = &w->devices[i];
    qsort(keys.devices, keys.count, sizeof(struct device *), compare_row_keys);
    for (size_t i = 0; i < keys.count; i++) {
        keys.texts[i] = keys.devices[i]->row_key;
        keys.found[i] = false;
        keys.devices[i]->trusts_nothing = false;
    }
    struct lookup_query q = device_query(&keys, true);
    st = lookup_exact(&q, keys.texts, keys.found, keys.count, NULL);
    for (size_t i = 0; i < keys.count && st == ST_OK; i++)
        if (!keys.found[i])
            st = ST_AGAIN; /* somebody removed it since */
    return st;
}

static void skip(struct upload *u)
{
    u->skipped = true;
    metric_add(&writer_metrics.skipped, 1);
}

/* An upload that is not newer than what was applied says nothing new: it is late, or it comes again. */
static void skip_old(struct wave *w)
{
    for (size_t i = 0; i < w->upload_count; i++) {
        struct upload *u = w->uploads[i];
        struct upload_id newest = u->kind == UPLOAD_INVENTORY ? u->device->inventory : u->device->contact;
        if (upload_id_compare(u->id, newest) <= 0)
            skip(u);
    }
}

static bool has_work(const struct wave *w, const struct device *d)
{
    for (size_t i = 0; i < w->upload_count; i++)
        if (w->uploads[i]->device == d && !w->uploads[i]->skipped)
            return true;
    return false;
}

/* ---- rows of hardware ---- */

static double read_decimal(struct view v)
{
    char text[32] = "";
    if (v.data && v.len < sizeof text)
        memcpy(text, v.data, v.len);
    return strtod(text, NULL);
}

static status take_hardware(struct wave *w, struct device *d, const struct view *row)
{
    d->locked = true;
    d->userid = arena_copy(w->arena, row[2]);
    d->quality = (struct contact_quality){
        .fidelity_known = row[3].data != NULL,
        .fidelity = (int64_t)db_number(row[3]),
        .quality = read_decimal(row[4]),
        .lastcome_s = (int64_t)read_decimal(row[5]),
    };
    return row[2].data && !d->userid.data ? ST_NO_MEMORY : ST_OK;
}

static struct device *device_of(struct wave *w, uint32_t hardware_id)
{
    for (size_t i = 0; i < w->device_count; i++)
        if (w->devices[i].hardware_id == hardware_id)
            return &w->devices[i];
    return NULL;
}

/* Whether a row is that of the device: the console may have deleted or merged it, and a database may use an id again. A row that was
 * just found by its DEVICEID is, whatever its spelling. */
static bool is_own_row(const struct device *d, struct view deviceid)
{
    uint64_t hash = upload_device_hash(deviceid);
    return d->was_found || hash == upload_device_hash(d->row_key) || hash == upload_device_hash(d->key);
}

static bool is_to_lock(const struct device *d)
{
    return d->works && d->hardware_id && !d->locked;
}

/* FORCE INDEX: in a small table a scan would look cheaper, and wait for the locks of rows that are not ours. */
static status lock_by_id(struct wave *w)
{
    size_t listed = 0;
    statement_start(&w->st, "SELECT DEVICEID,ID,USERID,FIDELITY,QUALITY,UNIX_TIMESTAMP(LASTCOME) FROM hardware "
                            "FORCE INDEX (PRIMARY) WHERE ID IN (");
    for (size_t i = 0; i < w->device_count; i++)
        if (is_to_lock(&w->devices[i]))
            buffer_format(&w->st.text, "%s%u", listed++ ? "," : "", w->devices[i].hardware_id);
    if (listed == 0)
        return ST_OK;
    buffer_text(&w->st.text, ") ORDER BY ID FOR UPDATE");
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = statement_run(&w->st, &rows);
    const struct view *row;
    while (st == ST_OK && (row = db_rows_next(rows))) {
        struct device *d = device_of(w, (uint32_t)db_number(row[1]));
        if (d && is_own_row(d, row[0]))
            st = take_hardware(w, d, row);
    }
    return st;
}

static void forget_lost(struct wave *w)
{
    for (size_t i = 0; i < w->device_count; i++) {
        struct device *d = &w->devices[i];
        if (!d->works || d->locked)
            continue;
        d->former_id = d->hardware_id;
        d->hardware_id = 0;
        d->sections.count = 0;
        d->trusts_nothing = true;
    }
}

static status take_by_text(void *ctx, size_t index, const struct view *row)
{
    struct device_keys *k = ctx;
    k->devices[index]->hardware_id = (uint32_t)db_number(row[1]);
    k->devices[index]->was_found = true;
    return ST_OK;
}

/* Not locking: whoever makes such a row holds the row of muster_device, as we do. */
static struct lookup_query hardware_query(struct device_keys *k)
{
    return (struct lookup_query){.st = &k->wave->st,
                                 .head = "SELECT DEVICEID,ID FROM hardware WHERE DEVICEID",
                                 .tail = " ORDER BY ID",
                                 .take = take_by_text,
                                 .ctx = k};
}

static status insert_hardware(struct wave *w, struct device_keys *k)
{
    AUTO(insert_clear) struct insert in;
    insert_init(&in, &w->st, NULL, "");
    buffer_text(&in.head, "INSERT INTO hardware (DEVICEID) VALUES ");
    status st = ST_OK;
    for (size_t i = 0; i < k->count && st == ST_OK; i++) {
        if (k->found[i] || !device_writes(k->devices[i]))
            continue;
        k->devices[i]->is_new = true;
        insert_row(&in);
        statement_value(&w->st, k->texts[i]);
        st = insert_row_end(&in, NULL, 0);
    }
    if (st == ST_OK)
        st = insert_finish(&in);
    if (st != ST_OK || in.total == 0)
        return st;
    struct lookup_query q = hardware_query(k);
    return lookup_exact(&q, k->texts, k->found, k->count, NULL);
}

static status find_or_make(struct wave *w)
{
    struct device_keys keys;
    status st = keys_make(w, &keys);
    for (size_t i = 0; i < w->device_count && st == ST_OK; i++)
        if (w->devices[i].works && !w->devices[i].locked)
            keys_add(&keys, &w->devices[i], w->devices[i].key);
    if (st != ST_OK || keys.count == 0)
        return st;
    struct lookup_query q = hardware_query(&keys);
    size_t others = 0;
    st = lookup_exact(&q, keys.texts, keys.found, keys.count, &others);
    if (st == ST_OK && others)
        st = lookup_spelled(&q, keys.texts, keys.found, keys.count);
    if (st == ST_OK)
        st = insert_hardware(w, &keys);
    return st == ST_OK ? lock_by_id(w) : st;
}

/* A row that was found and is gone before it could be locked: begin again. */
static status check_locks(const struct wave *w)
{
    for (size_t i = 0; i < w->device_count; i++)
        if (is_to_lock(&w->devices[i]) || (device_writes(&w->devices[i]) && !w->devices[i].hardware_id))
            return ST_AGAIN;
    return ST_OK;
}

/* What else a device sent in this wave came before its INVENTORY: it was not known then. Devices found over SNMP are of use whoever
 * found them. */
static void skip_unknown(struct wave *w)
{
    for (size_t i = 0; i < w->upload_count; i++) {
        struct upload *u = w->uploads[i];
        bool known = u->device->hardware_id && !u->device->is_new;
        if (u->skipped || u->kind == UPLOAD_INVENTORY || u->kind == UPLOAD_SNMP || known)
            continue;
        u->skipped = true;
        metric_add(&writer_metrics.contacts_unknown, 1);
    }
}

static void judge_trust(struct device *d)
{
    if (!device_writes(d))
        return;
    if ((d->flags & DEVICE_TRUST_NOTHING) || d->normaliser != d->upload->head->normaliser)
        d->trusts_nothing = true;
}

status devices_lock(struct wave *w)
{
    status st = lock_rows(w);
    if (st != ST_OK)
        return st;
    skip_old(w);
    for (size_t i = 0; i < w->device_count; i++)
        w->devices[i].works = w->devices[i].row_key.data && has_work(w, &w->devices[i]);
    st = lock_by_id(w);
    if (st != ST_OK)
        return st;
    forget_lost(w);
    st = find_or_make(w);
    if (st == ST_OK)
        st = check_locks(w);
    skip_unknown(w);
    for (size_t i = 0; i < w->device_count; i++)
        judge_trust(&w->devices[i]);
    return st;
}

/* ---- what is remembered ---- */

static status delete_former(struct wave *w)
{
    size_t listed = 0;
    statement_start(&w->st, "DELETE FROM muster_rows WHERE HARDWARE_ID IN (");
    for (size_t i = 0; i < w->device_count; i++)
        if (w->devices[i].former_id && w->devices[i].former_id != w->devices[i].hardware_id)
            buffer_format(&w->st.text, "%s%u", listed++ ? "," : "", w->devices[i].former_id);
    buffer_char(&w->st.text, ')');
    return listed ? statement_send(&w->st) : ST_OK;
}

static void append_device(struct wave *w, const struct device *d)
{
    struct buffer *sql = &w->st.text;
    AUTO(buffer_clear) struct buffer packed = BUFFER_INIT(1 << 16);
    state_sections_pack(&d->sections, &packed);
    bool writes = device_writes(d);
    struct upload_id inventory = writes ? d->upload->id : d->inventory;
    statement_value(&w->st, d->row_key);
    buffer_format(sql, ",%u,%llu,%llu,%llu,%llu,%u,%u,", d->hardware_id, (unsigned long long)inventory.hi,
                  (unsigned long long)inventory.lo, (unsigned long long)d->contact.hi,
                  (unsigned long long)d->contact.lo, writes ? d->upload->head->normaliser : d->normaliser,
                  writes ? 0u : d->flags);
    db_bytes(sql, buffer_view(&packed));
}

status devices_save(struct wave *w)
{
    AUTO(insert_clear) struct insert in;
    status st = delete_former(w);
    insert_init(&in, &w->st, NULL,
                " ON DUPLICATE KEY UPDATE HARDWARE_ID=VALUES(HARDWARE_ID),INVENTORY_HI=VALUES(INVENTORY_HI),"
                "INVENTORY_LO=VALUES(INVENTORY_LO),CONTACT_HI=VALUES(CONTACT_HI),CONTACT_LO=VALUES(CONTACT_LO),"
                "NORMALISER=VALUES(NORMALISER),FLAGS=VALUES(FLAGS),SECTIONS=VALUES(SECTIONS)");
    buffer_text(&in.head, "INSERT INTO muster_device (" DEVICE_COLUMNS ") VALUES ");
    for (size_t i = 0; i < w->device_count && st == ST_OK; i++) {
        if (!device_writes(&w->devices[i]) && !w->devices[i].contacted)
            continue;
        insert_row(&in);
        append_device(w, &w->devices[i]);
        st = insert_row_end(&in, NULL, 0);
    }
    return st == ST_OK ? insert_send(&in) : st;
}
