/* Two loops, two threads that answer what the loops' handlers hand over, four clients that never stop asking, and a drain
 * in the midst of it. Whoever has sent a whole request must get its answer, unless the connection was never looked at. */
#include "common/http/http.h"

#include <arpa/inet.h>
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { CLIENTS = 4, WORKERS = 2, ROOM = 256, ANSWERS_BEFORE_DRAIN = 20000 };

/* A queue of requests between handlers and workers. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct http_request *list[ROOM];
    size_t count;
    bool stop;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static atomic_uint handled, answered;

static void on_later(void *ctx, struct http_request *one)
{
    (void)ctx;
    atomic_fetch_add(&handled, 1);
    pthread_mutex_lock(&queue.lock);
    assert(queue.count < ROOM);
    queue.list[queue.count++] = one;
    pthread_cond_signal(&queue.changed);
    pthread_mutex_unlock(&queue.lock);
}

static void answer(struct http_request *one)
{
    const struct http_view *view = http_request_view(one);
    char text[64];
    int len = snprintf(text, sizeof text, "%zu %08x", view->body.len, crc32c(0, view->body.data, view->body.len));
    http_answer(one, &(struct http_response){.status = 200, .body = {text, (size_t)len}});
}

static void *work(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&queue.lock);
    while (queue.count > 0 || !queue.stop) {
        if (queue.count == 0) {
            pthread_cond_wait(&queue.changed, &queue.lock);
            continue;
        }
        struct http_request *one = queue.list[--queue.count];
        pthread_mutex_unlock(&queue.lock);
        answer(one);
        pthread_mutex_lock(&queue.lock);
    }
    pthread_mutex_unlock(&queue.lock);
    return NULL;
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

static const char request[] = "POST /later HTTP/1.1\r\nContent-Length: 9\r\n\r\n123456789";

/* @retval false  the server closed the connection */
static bool ask(int fd)
{
    char reply[1024];
    size_t len = 0;
    if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != sizeof request - 1)
        return false;
    while (len < sizeof reply - 1) {
        ssize_t got = recv(fd, reply + len, sizeof reply - 1 - len, 0);
        if (got <= 0)
            return false;
        len += (size_t)got;
        reply[len] = 0;
        if (strstr(reply, "9 e3069283"))
            return true;
    }
    return false;
}

/* Keeps a connection for ten requests, then leaves it, now and then with a request in flight. */
static void *be_client(void *data)
{
    uint16_t port = *(const uint16_t *)data;
    for (unsigned turn = 0;; turn++) {
        int fd = connect_to(port);
        if (fd < 0)
            return NULL; /* the drain has begun */
        for (int i = 0; i < 10 && ask(fd); i++)
            atomic_fetch_add(&answered, 1);
        if (turn % 4 == 0)
            (void)send(fd, request, sizeof request - 1, MSG_NOSIGNAL); /* nobody reads the answer */
        close(fd);
    }
}

static void start(pthread_t *thread, void *(*run)(void *), void *data)
{
    int rc = pthread_create(thread, NULL, run, data);
    assert(rc == 0);
    (void)rc;
}

int main(void)
{
    struct http_server *server = NULL;
    struct reason why = {0};
    const struct http_route route = {"/later", on_later, NULL};
    status st = http_server_new(&(struct http_settings){.http = "127.0.0.1:0", .threads = 2}, &route, 1, &server, &why);
    if (st != ST_OK)
        return fprintf(stderr, "%s\n", why.text), 1;
    uint16_t port = (uint16_t)strtoul(strchr(http_server_address(server, false), ':') + 1, NULL, 10);

    pthread_t clients[CLIENTS], workers[WORKERS];
    for (size_t i = 0; i < WORKERS; i++)
        start(&workers[i], work, NULL);
    for (size_t i = 0; i < CLIENTS; i++)
        start(&clients[i], be_client, &port);
    while (atomic_load(&answered) < ANSWERS_BEFORE_DRAIN)
        usleep(1000);

    size_t left = http_server_drain(server, 20000);
    for (size_t i = 0; i < CLIENTS; i++)
        pthread_join(clients[i], NULL);
    pthread_mutex_lock(&queue.lock);
    queue.stop = true;
    pthread_cond_broadcast(&queue.changed);
    pthread_mutex_unlock(&queue.lock);
    for (size_t i = 0; i < WORKERS; i++)
        pthread_join(workers[i], NULL);
    http_server_destroy(server);
    printf("%u handled, %u answered and read, %zu left\n", atomic_load(&handled), atomic_load(&answered), left);
    return left == 0 && atomic_load(&handled) >= atomic_load(&answered) ? 0 : 1;
}
