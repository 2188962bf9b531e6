/* From an answer, given on any thread, to h2o. */
#include "common/http/inner.h"

const char *status_phrase(int code)
{
    static const struct {
        int code;
        const char *phrase;
    } phrases[] = {
        {200, "OK"},
        {204, "No Content"},
        {206, "Partial Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < COUNT(phrases); i++)
        if (phrases[i].code == code)
            return phrases[i].phrase;
    return code < 400 ? "OK" : "Error";
}

void request_free(struct http_request *r)
{
    free(r->copies);
    free(r);
}

/* @param name  with the capitals that are usual: h2o's own token is in lower case */
static void add_header(h2o_req_t *req, const h2o_token_t *token, const char *name, const char *value)
{
    if (value)
        h2o_add_header(&req->pool, &req->res.headers, token, name, value, strlen(value));
}

static void add_retry_after(h2o_req_t *req, unsigned seconds)
{
    char text[16];
    int len = snprintf(text, sizeof text, "%u", seconds);
    h2o_iovec_t copy = h2o_strdup(&req->pool, text, (size_t)len);
    add_header(req, H2O_TOKEN_RETRY_AFTER, "Retry-After", copy.base);
}

static void send_response(struct http_request *r)
{
    static h2o_generator_t whole; /* no callbacks: everything is handed over at once */
    h2o_req_t *req = r->req;
    const struct http_response *response = &r->response;
    req->res.status = response->status;
    req->res.reason = status_phrase(response->status);
    req->res.content_length = response->body.len;
    add_header(req, H2O_TOKEN_CONTENT_TYPE, "Content-Type", response->content_type);
    add_header(req, H2O_TOKEN_CACHE_CONTROL, "Cache-Control", response->cache_control);
    add_header(req, H2O_TOKEN_WWW_AUTHENTICATE, "WWW-Authenticate", response->challenge);
    if (response->retry_after_s)
        add_retry_after(req, response->retry_after_s);
    if (response->close || r->loop->is_draining)
        req->http1_is_persistent = 0;
    h2o_iovec_t body = h2o_iovec_init(response->body.data, response->body.len);
    bool has_body = body.len > 0 && !h2o_memis(req->method.base, req->method.len, H2O_STRLIT("HEAD"));
    h2o_start_response(req, &whole);
    h2o_send(req, &body, has_body, H2O_SEND_STATE_FINAL);
}

/* Loop's thread. */
static void deliver(struct http_request *r)
{
    if (!r->req) {
        request_free(r); /* its connection is gone */
        return;
    }
    if (r->resume) {
        http_handler *handler = r->resume;
        r->resume = NULL;
        handler(r->resume_ctx, r);
        return;
    }
    r->is_answered = true;
    connection_enter(r->connection, CONNECTION_WRITING);
    send_response(r);
}

void requests_on_answers(h2o_multithread_receiver_t *receiver, h2o_linklist_t *messages)
{
    (void)receiver;
    for (h2o_linklist_t *at = messages->next, *next; at != messages; at = next) {
        next = at->next;
        h2o_linklist_unlink(at);
        deliver(H2O_STRUCT_FROM_MEMBER(struct http_request, message.link, at));
    }
}

static const char *keep_text(char **at, const char *text)
{
    if (!text)
        return NULL;
    size_t size = strlen(text) + 1;
    memcpy(*at, text, size);
    *at += size;
    return *at - size;
}

static size_t text_size(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

/* The caller's bytes are gone when the loop comes to send them. */
static void keep_response(struct http_request *r, const struct http_response *from)
{
    r->response = *from;
    r->copies = malloc(text_size(from->content_type) + text_size(from->cache_control) + text_size(from->challenge) +
                       from->body.len + 1);
    if (!r->copies) {
        r->response =
            (struct http_response){.status = 503, .retry_after_s = r->loop->server->set.retry_after_s, .close = true};
        return;
    }
    char *at = r->copies;
    r->response.content_type = keep_text(&at, from->content_type);
    r->response.cache_control = keep_text(&at, from->cache_control);
    r->response.challenge = keep_text(&at, from->challenge);
    if (from->body.len > 0)
        memcpy(at, from->body.data, from->body.len);
    r->response.body.data = at;
}

void http_answer(struct http_request *request, const struct http_response *response)
{
    keep_response(request, response);
    if (pthread_equal(pthread_self(), request->loop->self))
        deliver(request);
    else
        h2o_multithread_send_message(&request->loop->answers, &request->message);
}

void http_resume(struct http_request *request, http_handler *handler, void *ctx)
{
    request->resume = handler;
    request->resume_ctx = ctx;
    h2o_multithread_send_message(&request->loop->answers, &request->message);
}

void http_answer_status(struct http_request *request, int code, const char *text)
{
    bool is_fault = code == 400 || code == 408 || code == 413 || code == 429 || code == 431 || code >= 500;
    http_answer(request, &(struct http_response){
                             .status = code,
                             .content_type = "text/plain; charset=utf-8",
                             .body = view_of(text ? text : ""),
                             .retry_after_s = code == 503 || code == 429 ? request->loop->server->set.retry_after_s : 0,
                             .close = is_fault,
                         });
}
