/* What the log says about uploads: one line each, with the words that every service uses. */
#include "services/writer/apply/apply.h"

static struct view agent_of(const struct upload *u)
{
    return u->head ? u->head->agent : VIEW_ABSENT;
}

void upload_tell(enum log_level level, const char *event, const struct upload *u)
{
    char id[UPLOAD_ID_TEXT];
    log_event(level, event,
              LOG_FIELDS_(LOG_TEXT("upload", upload_id_text(u->id, id)), LOG_TEXT("kind", upload_kind_name(u->kind)),
                          LOG_VIEW("device", u->key), LOG_VIEW("agent", agent_of(u)), LOG_TEXT("phase", "write"),
                          LOG_REASON(&u->why)));
}

static void tell_adjusted(const struct device *d)
{
    char id[UPLOAD_ID_TEXT];
    log_info("values adjusted", LOG_TEXT("upload", upload_id_text(d->upload->id, id)), LOG_VIEW("device", d->key),
             LOG_VIEW("agent", agent_of(d->upload)), LOG_TEXT("phase", "write"), LOG_TEXT("reason", "values_adjusted"),
             LOG_NUMBER("count", d->adjusted), LOG_TEXT("first_column", d->adjusted_first));
}

static void tell_upload(const struct upload *u)
{
    char id[UPLOAD_ID_TEXT];
    const struct device *d = u->device;
    const char *result = u->skipped             ? "nothing"
                         : !d || u != d->upload ? "applied"
                         : d->is_new            ? "new"
                         : d->has_changed       ? "changed"
                                                : "unchanged";
    log_debug("upload written", LOG_TEXT("upload", upload_id_text(u->id, id)),
              LOG_TEXT("kind", upload_kind_name(u->kind)), LOG_VIEW("device", u->key), LOG_VIEW("agent", agent_of(u)),
              LOG_TEXT("phase", "write"), LOG_TEXT("result", result),
              LOG_TEXT("reason", !u->skipped                ? ""
                                 : d && d->hardware_id == 0 ? "device_unknown"
                                                            : "upload_stale"));
    if (d && u == d->upload && !u->skipped && d->adjusted)
        tell_adjusted(d);
}

void wave_tell(const struct wave *w)
{
    for (size_t i = 0; i < w->upload_count; i++)
        if (w->uploads[i]->outcome == UPLOAD_WAITS)
            tell_upload(w->uploads[i]);
}
