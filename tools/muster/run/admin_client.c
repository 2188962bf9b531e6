#include "tools/muster/run/admin_client.h"

#include <curl/curl.h>
#include <stdio.h>

enum { ANSWER_MS = 1000 };

struct admin_client {
    CURL *curl;
};

struct admin_client *admin_client_new(const char *socket)
{
    struct admin_client *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->curl = curl_easy_init();
    if (!c->curl || curl_easy_setopt(c->curl, CURLOPT_UNIX_SOCKET_PATH, socket) != CURLE_OK) {
        admin_client_free(c);
        return NULL;
    }
    curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->curl, CURLOPT_PROXY, ""); /* a proxy of the environment is for the outside world */
    curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, (long)ANSWER_MS);
    return c;
}

void admin_client_free(struct admin_client *c)
{
    if (!c)
        return;
    curl_easy_cleanup(c->curl);
    free(c);
}

static size_t keep(char *data, size_t size, size_t count, void *body)
{
    if (body)
        buffer_add(body, data, size * count);
    return size * count;
}

status admin_client_get(struct admin_client *c, const char *path, struct buffer *body, long *code)
{
    char url[128];
    snprintf(url, sizeof url, "http://localhost%s", path);
    if (body)
        buffer_reset(body);
    curl_easy_setopt(c->curl, CURLOPT_URL, url);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, body);
    if (curl_easy_perform(c->curl) != CURLE_OK)
        return ST_UNAVAILABLE;
    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, code);
    return body ? buffer_status(body) : ST_OK;
}
