#include "services/gateway/server.h"

#include "common/base/clock.h"
#include "common/http/http.h"
#include "common/log/log.h"
#include "common/tls/tls.h"
#include "services/gateway/handlers.h"

#include <time.h>

struct server {
    struct gateway gateway;
    struct offer *offer;
    struct tls_context *tls; /**< NULL: no HTTPS */
    struct http_server *http;
};

/* -------------------------------------------------------------------- start ---- */

static bool make_tools(struct gateway *g)
{
    size_t count = (size_t)g->set->threads;
    g->loops = calloc(count, sizeof *g->loops);
    for (size_t i = 0; g->loops && i < count; i++) {
        g->loops[i].inflater = inflater_new((size_t)g->set->inflated_max, (unsigned)g->set->ratio_max);
        g->loops[i].scratch = malloc(LOOP_SCRATCH);
        g->loops[i].memory = BUFFER_INIT((size_t)g->set->inflated_max);
        if (!g->loops[i].inflater || !g->loops[i].scratch)
            return false;
    }
    g->columns = account_columns_new(g->set->config_refresh);
    g->coders = reply_coders_new();
    return g->loops && g->columns && g->coders &&
           rate_limit_new(g->set->rate_max, g->set->rate_addresses, &g->rate) == ST_OK;
}

static void free_tools(struct gateway *g)
{
    for (int64_t i = 0; g->loops && i < g->set->threads; i++) {
        inflater_destroy(g->loops[i].inflater);
        free(g->loops[i].scratch);
        buffer_clear(&g->loops[i].memory);
    }
    free(g->loops);
    reply_coders_destroy(g->coders);
    account_columns_destroy(g->columns);
    agent_gate_destroy(g->gate);
    access_destroy(g->access);
    activity_destroy(g->activity);
    trusted_destroy(g->trusted);
    rate_limit_destroy(g->rate);
}

static status make_tls(struct server *s, struct reason *why)
{
    const struct gateway_settings *set = s->gateway.set;
    if (!*set->https)
        return ST_OK;
    const struct tls_settings tls = {
        .certificate = set->certificate,
        .key = set->key,
        .folder = set->tls_folder,
        .client_ca = set->client_ca,
        .names = set->tls_names,
    };
    return tls_context_new(&tls, &s->tls, why);
}

static status listen_for_agents(struct server *s, struct reason *why)
{
    const struct gateway_settings *set = s->gateway.set;
    const struct http_settings http = {
        .http = set->http,
        .https = set->https,
        .http_proxied = set->http_proxied,
        .tls = s->tls,
        .proxies = set->proxies,
        .threads = (unsigned)set->threads,
        .body_max = (size_t)set->body_max,
        .bodies_max = (size_t)set->bodies_max,
        .connections_max = (unsigned)set->connections_max,
        .request_ms = (unsigned)set->request_time,
        .idle_ms = (unsigned)set->idle_time,
        .handshake_ms = (unsigned)set->handshake_time,
        .rate_min = (unsigned)set->rate_min,
        .retry_after_s = (unsigned)(set->retry_after / 1000),
    };
    const struct http_route routes[] = {{"/ocsinventory", gateway_route, &s->gateway}};
    return http_server_new(&http, routes, COUNT(routes), &s->http, why);
}

static status open_all(struct server *s, struct reason *why)
{
    if (!make_tools(&s->gateway)) {
        reason_set(why, "no_memory", "no memory for the loops");
        return ST_NO_MEMORY;
    }
    status st = agent_gate_new(s->gateway.set->agents, s->gateway.set->agents_file, &s->gateway.gate, why);
    if (st == ST_OK)
        st = trusted_new(s->gateway.set->trusted, &s->gateway.trusted, why);
    if (st == ST_OK)
        st = access_new(s->gateway.set, &s->gateway.access, why);
    if (st == ST_OK)
        st = activity_new(s->gateway.set->activity_log, &s->gateway.activity, why);
    if (st == ST_OK)
        st = make_tls(s, why);
    return st == ST_OK ? listen_for_agents(s, why) : st;
}

status server_start(const struct server_parts *parts, struct server **out, struct reason *why)
{
    struct server *s = calloc(1, sizeof *s);
    if (!s) {
        reason_set(why, "no_memory", "no memory for the server");
        return ST_NO_MEMORY;
    }
    s->gateway = (struct gateway){
        .set = parts->set, .spool = parts->spool, .lookup = parts->lookup, .exporter = parts->exporter};
    s->gateway.herd.limits = (struct herd_limits){
        .uploads = parts->set->lag_uploads,
        .age_ms = parts->set->lag_age,
        .fill = parts->set->lag_fill,
        .spool_max = parts->set->spool_max,
        .segment_size = parts->set->segment_size,
    };
    s->offer = parts->offer;
    status st = open_all(s, why);
    if (st == ST_OK)
        *out = s;
    else
        server_destroy(s);
    return st;
}

void server_destroy(struct server *s)
{
    if (!s)
        return;
    if (s->gateway.access)
        access_stop(s->gateway.access);
    http_server_destroy(s->http);
    tls_context_destroy(s->tls);
    free_tools(&s->gateway);
    free(s);
}

/* ------------------------------------------------------------------- telling ---- */

void server_announce(const struct server *s)
{
    log_info("listening", LOG_TEXT("http", http_server_address(s->http, false)),
             LOG_TEXT("https", http_server_address(s->http, true)), LOG_TEXT("parsers", s->gateway.set->bind),
             LOG_TEXT("spool", s->gateway.set->spool_dir));
    char fingerprint[TLS_FINGERPRINT_TEXT];
    if (s->tls && tls_is_self_signed(s->tls))
        log_info("certificate is self-signed: agents need a copy of it",
                 LOG_TEXT("certificate", tls_certificate_path(s->tls)),
                 LOG_TEXT("sha256", tls_fingerprint(s->tls, fingerprint)));
}

/** "name": "text", with what JSON cannot hold as it is escaped; our texts are addresses and paths. */
static void json_text(struct buffer *out, const char *name, const char *text)
{
    buffer_format(out, "\"%s\": \"", name);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            buffer_char(out, '\\');
        if (c < 0x20)
            buffer_format(out, "\\u%04x", c);
        else
            buffer_char(out, (char)c);
    }
    buffer_text(out, "\", ");
}

static void json_spool(struct buffer *out, struct spool *spool)
{
    struct spool_counts n = spool_count(spool);
    int64_t oldest_s = n.oldest_us ? (clock_wall_us() - n.oldest_us) / 1000000 : 0;
    buffer_format(out,
                  "\"spool\": {\"pending\": %lld, \"in_flight\": %lld, \"bytes\": %lld, \"oldest_s\": %lld, "
                  "\"quarantined\": %lld, \"healthy\": %s}, ",
                  (long long)n.pending, (long long)n.in_flight, (long long)n.bytes,
                  (long long)(oldest_s > 0 ? oldest_s : 0), /* a clock that was set back */
                  (long long)n.quarantined, n.healthy ? "true" : "false");
}

void server_status(void *ctx, struct buffer *out)
{
    struct server *s = ctx;
    char fingerprint[TLS_FINGERPRINT_TEXT];
    json_text(out, "http", http_server_address(s->http, false));
    json_text(out, "https", http_server_address(s->http, true));
    json_text(out, "certificate", s->tls ? tls_certificate_path(s->tls) : "");
    json_text(out, "fingerprint", s->tls ? tls_fingerprint(s->tls, fingerprint) : "");
    buffer_format(out, "\"self_signed\": %s, ", s->tls && tls_is_self_signed(s->tls) ? "true" : "false");
    json_text(out, "bind", s->gateway.set->bind);
    buffer_format(out, "\"database_up\": %s, ", lookup_database_is_up(s->gateway.lookup) ? "true" : "false");
    json_spool(out, s->gateway.spool);
    buffer_format(out, "\"consumers\": %zu,", offer_consumers(s->offer));
}

void server_device(void *ctx, struct view deviceid, struct buffer *out)
{
    struct server *s = ctx;
    char when[32];
    int64_t received_us = 0;
    if (!spool_inventory_pending(s->gateway.spool, upload_device_hash(deviceid), &received_us))
        return;
    time_t seconds = (time_t)(received_us / 1000000);
    struct tm utc;
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &utc));
    json_text(out, "pending_since", when);
}

/* -------------------------------------------------------------------- drain ---- */

static int64_t left_until(int64_t deadline_ms)
{
    int64_t left = deadline_ms - clock_steady_ms();
    return left > 0 ? left : 0;
}

size_t server_drain(struct server *s, int64_t drain_ms, int64_t *left)
{
    int64_t deadline = clock_steady_ms() + drain_ms;
    size_t cut = http_server_drain(s->http, (int)drain_ms);
    const struct timespec pause = {.tv_nsec = 10000000};
    while ((*left = spool_count(s->gateway.spool).pending) > 0 && left_until(deadline) > 0 &&
           offer_consumers(s->offer) > 0)
        nanosleep(&pause, NULL);
    access_stop(s->gateway.access); /* what it would let in asks the look-ups, which are the next to go */
    return cut;
}

/* ------------------------------------------------------------------ reloading ---- */

static void tell_refreshed(const char *what, status st, bool changed, const struct reason *why)
{
    if (st != ST_OK)
        log_error("a changed file is not used", LOG_TEXT("what", what), LOG_REASON(why));
    else if (changed)
        log_info("read again", LOG_TEXT("what", what));
}

void server_refresh(struct server *s, bool force)
{
    struct reason why = {0};
    bool changed = false;
    status st = s->tls ? tls_context_refresh(s->tls, force, &changed, &why) : ST_OK;
    tell_refreshed("certificate", st, changed, &why);
    st = access_refresh(s->gateway.access, force, &changed, &why);
    tell_refreshed("users", st, changed, &why);
    st = force ? activity_reopen(s->gateway.activity, &why) : ST_OK;
    tell_refreshed("activity log", st, false, &why);
    (void)herd_look(&s->gateway.herd, s->gateway.spool); /* so that the metric is true also while no device asks */
}
