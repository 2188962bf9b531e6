#include "services/gateway/refusals.h"

#include "common/log/log.h"

#include <string.h>

static const struct {
    const char *name;
    int status;
} rows[] = {
#define X(code, status, help) {#code, status},
    REFUSALS(X)
#undef X
};

static metric counts[REFUSAL_COUNT];

static const struct metric_row metric_rows[] = {
#define X(code, status, help)                                                                                          \
    {"muster_gateway_refused_total{reason=\"" #code "\"}", METRIC_COUNTER, "requests refused, by reason"},
    REFUSALS(X)
#undef X
};

const struct metric_table refusals_table = {metric_rows, REFUSAL_COUNT, counts};

const char *refusal_name(enum refusal r)
{
    return rows[r].name;
}

int refusal_status(enum refusal r)
{
    return rows[r].status;
}

enum refusal refusal_of(const struct reason *why)
{
    for (size_t i = 0; i < REFUSAL_COUNT; i++)
        if (strcmp(rows[i].name, why->code) == 0)
            return (enum refusal)i;
    return REFUSE_other;
}

enum refusal refusal_of_spool(status st)
{
    switch (st) {
    case ST_AGAIN: return REFUSE_spool_busy;
    case ST_NO_SPACE: return REFUSE_spool_full;
    case ST_TOO_BIG: return REFUSE_spool_too_big;
    case ST_NO_MEMORY: return REFUSE_no_memory;
    default: return REFUSE_spool_failed;
    }
}

void refuse(struct http_request *request, const struct refused *what, enum refusal r, const struct reason *why)
{
    const struct http_view *view = http_request_view(request);
    char from[UPLOAD_ADDRESS_TEXT];
    metric_add(&counts[r], 1);
    /* Most agents send their password only when they are asked for it: nothing to see at every contact. */
    enum log_level level = r == REFUSE_auth_missing ? LOG_DEBUG : LOG_INFO;
    log_event(level, "refused",
              LOG_FIELDS_(LOG_TEXT("reason", rows[r].name), LOG_TEXT("phase", what->phase),
                          LOG_VIEW("device", what->device), LOG_NUMBER("status", rows[r].status),
                          LOG_TEXT("from", upload_address_text(&view->from, from)), LOG_VIEW("agent", view->agent),
                          LOG_VIEW("path", view->path), LOG_TEXT("detail", why ? why->text : "")));
    if (rows[r].status == 401)
        http_answer(request, &(struct http_response){.status = 401,
                                                     .content_type = "text/plain; charset=utf-8",
                                                     .challenge = what->challenge,
                                                     .body = view_of(rows[r].name)});
    else
        http_answer_status(request, rows[r].status, rows[r].name);
}
