#include "tools/muster/why/stores.h"

#include "common/upload/upload.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* ---- database ---- */

static struct db_rows *ask(struct db *db, const char *before, struct view key, const char *behind)
{
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(1 << 16);
    struct db_rows *rows = NULL;
    buffer_text(&sql, before);
    db_quote(db, &sql, key);
    buffer_text(&sql, behind);
    /* A table or column that is not there is a fact less. */
    if (buffer_status(&sql) != ST_OK || db_query(db, sql.data, sql.len, &rows) != ST_OK)
        return NULL;
    return rows;
}

static void take(json_t *facts, const char *name, struct view value)
{
    if (value.data)
        json_object_set_new(facts, name, json_stringn(value.data, value.len));
}

/* By name: which columns there are depends on OCS's version. */
static void take_hardware(json_t *facts, struct db_rows *rows)
{
    static const char *const names[][2] = {{"ID", "computer"},           {"LASTDATE", "last_inventory"},
                                           {"LASTCOME", "last_contact"}, {"IPADDR", "own_address"},
                                           {"IPSRC", "address"},         {"USERAGENT", "agent"}};
    const struct view *row = db_rows_next(rows);
    for (size_t c = 0; row && c < db_rows_columns(rows); c++)
        for (size_t i = 0; i < COUNT(names); i++)
            if (strcasecmp(db_rows_name(rows, c), names[i][0]) == 0)
                take(facts, names[i][1], row[c]);
}

static void take_one(struct db *db, json_t *facts, const char *name, const char *before, struct view key)
{
    AUTO(db_rows_free) struct db_rows *rows = ask(db, before, key, " LIMIT 1");
    const struct view *row = rows ? db_rows_next(rows) : NULL;
    if (row)
        take(facts, name, row[0]);
}

json_t *stores_database(struct db *db, const char *deviceid)
{
    json_t *facts = json_object();
    struct view key = view_of(deviceid);
    AUTO(db_rows_free) struct db_rows *rows = ask(db, "SELECT * FROM hardware WHERE DEVICEID=", key, " LIMIT 1");
    if (rows)
        take_hardware(facts, rows);
    take_one(db, facts, "newest_upload",
             "SELECT CONCAT(FROM_UNIXTIME(INVENTORY_HI DIV 1000000),' ',LOWER(LPAD(HEX(INVENTORY_HI),16,'0')),'-',"
             "LOWER(LPAD(HEX(INVENTORY_LO),16,'0'))) FROM muster_device WHERE INVENTORY_HI>0 AND DEVICEID=",
             key);
    take_one(db, facts, "pinned_key", "SELECT KEY_SHA256 FROM muster_pin WHERE DEVICEID=", key);
    const char *computer = json_string_value(json_object_get(facts, "computer"));
    if (computer)
        take_one(db, facts, "locked_since", "SELECT SINCE FROM locks WHERE HARDWARE_ID=", view_of(computer));
    return facts;
}

/* ---- quarantine ---- */

static void read_reason(int folder, const char *name, json_t *entry)
{
    char path[64], text[512] = "";
    snprintf(path, sizeof path, "%.40s.reason", name);
    AUTO(fd_close) int fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    text[len > 0 ? len : 0] = '\0';
    char *code_end = strchrnul(text, '\n'), *detail = *code_end ? code_end + 1 : code_end;
    *code_end = '\0';
    *strchrnul(detail, '\n') = '\0';
    json_object_set_new(entry, "reason", json_string(text));
    json_object_set_new(entry, "detail", json_string(detail));
}

static void time_text(struct upload_id id, char out[static 32])
{
    time_t seconds = (time_t)(id.hi / 1000000);
    struct tm utc;
    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &utc));
}

/* The head of an upload has a hash of its device. @return a new object, or NULL when it is of another one */
static json_t *look_into(int folder, const char *path, const char *file, uint64_t device_hash)
{
    unsigned char bytes[UPLOAD_HEAD_MAX];
    struct upload_head head;
    struct view body;
    AUTO(fd_close) int fd = openat(folder, file, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
    if (len < 0 || upload_head_decode(bytes, (size_t)len, &head, &body) != ST_OK || head.device_hash != device_hash)
        return NULL;
    char when[32], name[64], whole[FOLDER_PATH_MAX + 600];
    time_text(head.id, when);
    snprintf(name, sizeof name, "%.*s", (int)strcspn(file, "."), file);
    snprintf(whole, sizeof whole, "%s/%.255s", path, file);
    json_t *entry = json_pack("{s:s, s:s, s:s, s:s}", "upload", name, "file", whole, "time", when, "kind",
                              upload_kind_name(head.kind));
    if (entry)
        read_reason(folder, name, entry);
    return entry;
}

static void look_through(const char *path, uint64_t device_hash, json_t *out)
{
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        const char *dot = strchr(entry->d_name, '.');
        json_t *found =
            dot && strcmp(dot, ".upload") == 0 ? look_into(dirfd(dir), path, entry->d_name, device_hash) : NULL;
        if (found)
            json_array_append_new(out, found);
    }
    if (dir)
        closedir(dir);
}

json_t *stores_quarantine(const struct folder *folder, const char *deviceid)
{
    json_t *out = json_array();
    uint64_t hash = upload_device_hash(view_of(deviceid));
    char spools[FOLDER_PATH_MAX], path[FOLDER_PATH_MAX + 300];
    folder_path(folder, "spool", spools);
    DIR *dir = opendir(spools);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s/quarantine", spools, entry->d_name);
        look_through(path, hash, out);
    }
    if (dir)
        closedir(dir);
    return out;
}
