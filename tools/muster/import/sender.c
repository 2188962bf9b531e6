#include "tools/muster/import/sender.h"

#include "common/base/clock.h"

#include <curl/curl.h>
#include <stdio.h>

enum { PARALLEL_MAX = 64, TRIES = 5, PAUSE_MS = 500, ANSWER_S = 120, BUSY = 503, REPLY_MAX = 64 << 10 };

/** One of the connections, and the file that it has in hand. */
struct lane {
    CURL *curl;
    const char *path;   /* NULL: free */
    struct buffer body; /* what is sent */
    size_t sent;
    unsigned tries;
    int64_t again_at_ms; /* waiting until then; 0: under way */
    char error[CURL_ERROR_SIZE];
};

struct sending {
    const struct sender *sender;
    const struct files *files;
    CURLM *multi;
    struct curl_slist *headers;
    struct lane lanes[PARALLEL_MAX];
    unsigned lane_count;
    size_t next; /* of `files` */
    size_t open; /* lanes with a file */
};

static size_t forget(char *data, size_t size, size_t count, void *ctx)
{
    (void)data, (void)ctx;
    return size * count;
}

static bool open_lane(struct sending *s, struct lane *lane)
{
    lane->body = BUFFER_INIT((size_t)FILE_BYTES_MAX + (1 << 20)); /* XML that does not compress grows a little */
    lane->curl = curl_easy_init();
    if (!lane->curl)
        return false;
    curl_easy_setopt(lane->curl, CURLOPT_URL, s->sender->url);
    curl_easy_setopt(lane->curl, CURLOPT_HTTPHEADER, s->headers);
    curl_easy_setopt(lane->curl, CURLOPT_USERAGENT, "muster-import_v1");
    curl_easy_setopt(lane->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(lane->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(lane->curl, CURLOPT_WRITEFUNCTION, forget);
    curl_easy_setopt(lane->curl, CURLOPT_ERRORBUFFER, lane->error);
    curl_easy_setopt(lane->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(lane->curl, CURLOPT_TIMEOUT, (long)ANSWER_S);
    curl_easy_setopt(lane->curl, CURLOPT_PRIVATE, lane);
    if (*s->sender->ca)
        curl_easy_setopt(lane->curl, CURLOPT_CAINFO, s->sender->ca);
    return true;
}

static void report(struct sending *s, struct lane *lane, const char *text)
{
    s->sender->done(s->sender->ctx, lane->path, text);
    lane->path = NULL;
    s->open--;
}

static void post(struct sending *s, struct lane *lane)
{
    lane->again_at_ms = 0;
    lane->tries++;
    lane->error[0] = '\0';
    curl_easy_setopt(lane->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)lane->body.len);
    curl_easy_setopt(lane->curl, CURLOPT_POSTFIELDS, lane->body.data);
    if (curl_multi_add_handle(s->multi, lane->curl) != CURLM_OK)
        report(s, lane, "out of memory");
}

/* Give every free lane a file; one that cannot be read is reported at once. */
static void fill(struct sending *s)
{
    for (unsigned i = 0; i < s->lane_count; i++) {
        struct lane *lane = &s->lanes[i];
        while (!lane->path && s->next < s->files->count) {
            struct reason why = {.text = "out of memory"};
            lane->path = s->files->paths[s->next++];
            lane->tries = 0;
            s->open++;
            if (files_read(lane->path, &lane->body, &why) == ST_OK)
                post(s, lane);
            else
                report(s, lane, why.text);
        }
    }
}

static void answered(struct sending *s, struct lane *lane, CURLcode result)
{
    char text[CURL_ERROR_SIZE + 32];
    long code = 0;
    curl_easy_getinfo(lane->curl, CURLINFO_RESPONSE_CODE, &code);
    if (result == CURLE_OK && code == 200) {
        report(s, lane, NULL);
        return;
    }
    bool may_come =
        (result == CURLE_OK && code == BUSY) || result == CURLE_COULDNT_CONNECT || result == CURLE_GOT_NOTHING;
    if (may_come && lane->tries < TRIES) {
        lane->again_at_ms = clock_steady_ms() + ((int64_t)PAUSE_MS << (lane->tries - 1));
        return;
    }
    if (result == CURLE_OK)
        snprintf(text, sizeof text, "refused with HTTP status %ld", code);
    else
        snprintf(text, sizeof text, "%s", *lane->error ? lane->error : curl_easy_strerror(result));
    report(s, lane, text);
}

static void collect(struct sending *s)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(s->multi, &left));) {
        CURL *curl = message->easy_handle;
        CURLcode result = message->data.result;
        struct lane *lane = NULL;
        curl_easy_getinfo(curl, CURLINFO_PRIVATE, (char **)&lane);
        curl_multi_remove_handle(s->multi, curl);
        answered(s, lane, result);
    }
}

static void post_again(struct sending *s)
{
    for (unsigned i = 0; i < s->lane_count; i++)
        if (s->lanes[i].path && s->lanes[i].again_at_ms && clock_steady_ms() >= s->lanes[i].again_at_ms)
            post(s, &s->lanes[i]);
}

static void send_all(struct sending *s)
{
    int running;
    fill(s);
    while (s->open > 0) {
        post_again(s);
        curl_multi_perform(s->multi, &running);
        collect(s);
        fill(s);
        if (s->open > 0)
            curl_multi_poll(s->multi, NULL, 0, 100, NULL);
    }
}

status sender_run(const struct sender *sender, const struct files *files)
{
    struct sending *s = calloc(1, sizeof *s);
    if (!s)
        return ST_NO_MEMORY;
    s->sender = sender;
    s->files = files;
    s->multi = curl_multi_init();
    /* No `Expect`: it would cost a round trip for each file; the type is the agents'. */
    s->headers = curl_slist_append(curl_slist_append(NULL, "Content-Type: application/x-compress"), "Expect:");
    bool good = s->multi && s->headers;
    while (good && s->lane_count < sender->parallel && s->lane_count < PARALLEL_MAX)
        good = open_lane(s, &s->lanes[s->lane_count++]);
    if (good)
        send_all(s);
    for (unsigned i = 0; i < s->lane_count; i++) {
        curl_easy_cleanup(s->lanes[i].curl);
        buffer_clear(&s->lanes[i].body);
    }
    curl_multi_cleanup(s->multi);
    curl_slist_free_all(s->headers);
    free(s);
    return good ? ST_OK : ST_NO_MEMORY;
}
