/*
 * The writer alone: records made before, applied in this process in batches of 50 to the site's database; beside it the same rows inserted
 * by one client with multi-row statements.
 */
#include "bench/bare_rows.h"
#include "bench/measure.h"
#include "bench/stages.h"
#include "services/parser/pack.h"
#include "services/writer/batch.h"

#include <stdio.h>

enum { BATCH = 50, FIRST_DEVICE = 1000000, RECORD_MAX_BYTES = 16 << 20 };

struct records {
    struct upload_id *ids;
    struct view *records;
    size_t count;
};

static void clear_p(struct records *r)
{
    for (size_t i = 0; i < r->count; i++)
        free((void *)(uintptr_t)r->records[i].data);
    free(r->records);
    free(r->ids);
}

struct maker {
    const struct bench *b;
    struct document *document;
    struct record_builder *builder;
    struct buffer xml;
};

static status make_record(struct maker *k, struct fleet_moment m, struct upload_id id, struct view *out,
                          struct reason *why)
{
    const struct upload_head head = {.kind = UPLOAD_INVENTORY, .id = id, .from = {.bytes = {127, 0, 0, 1}, .len = 4}};
    struct xml_repairs repairs = {0};
    struct view record;
    buffer_reset(&k->xml);
    fleet_inventory(k->b->fleet, &m, &k->xml);
    status st = document_read(k->document, UPLOAD_INVENTORY, buffer_view(&k->xml), &repairs, why);
    if (st == ST_OK)
        st = pack_document(k->builder, &head, k->document, false, &record, why);
    char *copy = st == ST_OK ? malloc(record.len) : NULL;
    if (!copy)
        return st == ST_OK ? ST_NO_MEMORY : st;
    *out = (struct view){memcpy(copy, record.data, record.len), record.len};
    return ST_OK;
}

static status make_records(struct bench *b, struct fleet_moment m, struct records *out)
{
    AUTO(document_destroy) struct document *document = document_new(&(struct document_limits){0});
    AUTO(record_builder_destroy) struct record_builder *builder = record_builder_new(RECORD_MAX_BYTES);
    AUTO(buffer_clear) struct buffer xml = BUFFER_INIT(8 << 20);
    struct maker maker = {b, document, builder, xml};
    status st = document && builder ? ST_OK : ST_NO_MEMORY;
    *out = (struct records){calloc(b->devices, sizeof *out->ids), calloc(b->devices, sizeof *out->records), 0};
    for (unsigned i = 0; st == ST_OK && i < b->devices; i++) {
        out->ids[i] = (struct upload_id){(uint64_t)(1000000 + m.contact) * 1000000000u + i, 1};
        m.device = FIRST_DEVICE + i;
        st = make_record(&maker, m, out->ids[i], &out->records[i], &b->why);
        out->count += st == ST_OK;
    }
    xml = maker.xml;
    return st;
}

struct cost {
    double seconds, own_cpu_s, database_cpu_s;
};

static status apply_all(struct bench *b, struct applier *to, const struct records *r, struct cost *cost)
{
    AUTO(batch_destroy) struct batch *batch = batch_new(BATCH, RECORD_MAX_BYTES);
    status st = batch ? applier_connect(to, &b->why) : ST_NO_MEMORY;
    double wall = measure_wall_s(), own = measure_own_cpu_s(), database = site_cpu_s(b->site, SITE_DATABASE);
    for (size_t i = 0; st == ST_OK && i < r->count;) {
        size_t n = 0;
        for (; n < BATCH && i < r->count; n++, i++)
            batch_add(batch, r->ids[i], UPLOAD_INVENTORY, r->records[i].data, r->records[i].len, NULL);
        st = batch_apply(batch, to, &b->why);
        for (size_t k = 0; st == ST_OK && k < n; k++)
            if (batch_outcome(batch, k, &b->why) != UPLOAD_APPLIED)
                st = ST_IO;
        batch_answer(batch, NULL, NULL);
    }
    *cost = (struct cost){measure_wall_s() - wall, measure_own_cpu_s() - own,
                          site_cpu_s(b->site, SITE_DATABASE) - database};
    return st;
}

static const struct {
    const char *name;
    struct fleet_moment moment;
    double cpu_goal;
} passes[] = {
    {"new", {.contact = 1}, 400},
    {"unchanged", {.contact = 2}, 60},
    {"2 % changed", {.round = 1, .contact = 3}, 150},
};

static void tell(struct bench *b, size_t p, const struct cost *cost)
{
    double n = b->devices;
    report_format(&b->report, (struct figure){.stage = "write", .unit = "devices/s", .value = n / cost->seconds}, "%s",
                  passes[p].name);
    report_format(&b->report,
                  (struct figure){.stage = "write",
                                  .unit = "us CPU",
                                  .value = cost->own_cpu_s / n * 1e6,
                                  .goal = passes[p].cpu_goal,
                                  .less = true},
                  "%s: the writer's CPU for a device", passes[p].name);
    report_format(
        &b->report,
        (struct figure){.stage = "write", .unit = "us CPU", .value = cost->database_cpu_s / n * 1e6, .less = true},
        "%s: MariaDB's CPU for a device", passes[p].name);
}

static status tell_bare(struct bench *b, const struct cost *ours)
{
    struct bare_rows bare;
    char sql[256], first[64], last[64];
    fleet_deviceid(b->fleet, FIRST_DEVICE, first);
    snprintf(sql, sizeof sql, "SELECT ID FROM hardware WHERE DEVICEID = '%s'", first);
    uint64_t from = (uint64_t)site_number(b->site, sql);
    fleet_deviceid(b->fleet, FIRST_DEVICE + b->devices - 1, last);
    snprintf(sql, sizeof sql, "SELECT MAX(ID) FROM hardware");
    uint64_t to = (uint64_t)site_number(b->site, sql);
    status st = bare_rows_insert(b->site, from, to, BATCH, &bare);
    if (st != ST_OK)
        return reason_set(&b->why, "bench_write", "bare inserts: %s", db_error(b->site->db)), st;
    double n = b->devices, rows = (double)bare.rows;
    report_format(&b->report,
                  (struct figure){.stage = "write",
                                  .unit = "rows/s",
                                  .value = rows / ours->seconds,
                                  .bare = rows / bare.seconds,
                                  .goal = 0.85},
                  "new, %.0f rows a device; bare: multi-row inserts", rows / n);
    report_format(&b->report,
                  (struct figure){.stage = "write",
                                  .unit = "us CPU",
                                  .value = (ours->database_cpu_s + ours->own_cpu_s) / n * 1e6,
                                  .bare = (bare.database_cpu_s + bare.client_cpu_s) / n * 1e6,
                                  .less = true},
                  "new, CPU of both sides; bare: multi-row inserts");
    return ST_OK;
}

static status run_pass(struct bench *b, struct applier *to, size_t p)
{
    AUTO(clear) struct records records = {.count = 0};
    struct cost cost;
    status st = make_records(b, passes[p].moment, &records);
    if (st == ST_OK)
        st = apply_all(b, to, &records, &cost);
    if (st != ST_OK)
        return st;
    tell(b, p, &cost);
    return p == 0 ? tell_bare(b, &cost) : ST_OK;
}

status stage_write(struct bench *b)
{
    struct applier_settings set = {.target = b->site->target,
                                   .words_max = 200000,
                                   .memory_max = 1 << 30,
                                   .absent = ABSENT_KEEP,
                                   .asset_tag = true,
                                   .retry_for_ms = 30000,
                                   .columns_refresh_ms = 300000,
                                   .config_refresh_ms = 2000,
                                   .assets_refresh_ms = 300000};
    AUTO(applier_destroy) struct applier *applier = applier_new(&set);
    status st = applier ? ST_OK : ST_NO_MEMORY;
    for (size_t p = 0; st == ST_OK && p < COUNT(passes); p++)
        st = run_pass(b, applier, p);
    return st;
}
