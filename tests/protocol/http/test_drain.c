#include "tests/protocol/http/site.h"
#include "tests/protocol/http/wire.h"

#include "common/base/clock.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/socket.h>

static const char hold[] = "POST /hold HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";

struct drain {
    struct http_server *server;
    int wait_ms;
    size_t left;
    pthread_t thread;
};

static void *run_drain(void *data)
{
    struct drain *d = data;
    d->left = http_server_drain(d->server, d->wait_ms);
    return NULL;
}

static void start_drain(struct drain *d, struct site *site, int wait_ms)
{
    *d = (struct drain){.server = site->server, .wait_ms = wait_ms};
    cr_assert_eq(pthread_create(&d->thread, NULL, run_drain, d), 0);
}

Test(drain, what_was_begun_is_answered_and_idle_connections_are_closed)
{
    AUTO(site_free) struct site *site = site_new(&(struct http_settings){.http = "127.0.0.1:0", .threads = 2});
    struct wire *pending[30];
    for (size_t i = 0; i < COUNT(pending); i++) {
        pending[i] = wire_open(site_address(site));
        cr_assert(wire_send(pending[i], hold));
    }
    AUTO(wire_close) struct wire *idle = wire_open(site_address(site));
    AUTO(wire_close) struct wire *half = wire_open(site_address(site));
    cr_assert(wire_send(idle, "GET /echo HTTP/1.1\r\n\r\n"));
    cr_expect_eq(wire_answer(idle, NULL, 0), 200);
    cr_assert(wire_send(half, "POST /later HTTP/1.1\r\nContent-Length: 6\r\n\r\nabc"));
    site_wait_held(site, COUNT(pending));

    struct drain d;
    start_drain(&d, site, WIRE_MS);
    cr_expect(wire_wait_end(idle, WIRE_MS));
    cr_assert(wire_send(half, "def"));
    cr_expect_eq(wire_answer(half, NULL, 0), 200);
    site_release(site);
    for (size_t i = 0; i < COUNT(pending); i++) {
        cr_expect_eq(wire_answer(pending[i], NULL, 0), 200);
        cr_expect(strstr(wire_head(), "Connection: close"));
        cr_expect(wire_wait_end(pending[i], WIRE_MS));
        wire_close(pending[i]);
    }
    pthread_join(d.thread, NULL);
    cr_expect_eq(d.left, 0, "%zu left", d.left);
}

Test(drain, without_connections_it_takes_no_time)
{
    AUTO(site_free) struct site *site = site_plain();
    int64_t begin = clock_steady_ms();
    cr_expect_eq(http_server_drain(site->server, WIRE_MS), 0);
    cr_expect_lt(clock_steady_ms() - begin, WIRE_MS / 2);
}

/* The body is read by whoever has the request: it must stay where it is. */
Test(drain, at_the_deadline_an_unanswered_request_is_counted_and_its_body_stays)
{
    AUTO(site_free) struct site *site = site_plain();
    AUTO(wire_close) struct wire *pending = wire_open(site_address(site));
    AUTO(wire_close) struct wire *half = wire_open(site_address(site));
    cr_assert(wire_send(pending, hold));
    cr_assert(wire_send(half, "POST /later HTTP/1.1\r\nContent-Length: 6\r\n\r\nabc"));
    site_wait_held(site, 1);
    cr_expect_eq(http_server_drain(site->server, 300), 2);
    cr_expect(wire_wait_end(half, WIRE_MS), "a body that is not whole is given up");
    cr_expect_eq(memcmp(http_request_view(site->held[0])->body.data, "abc", 3), 0);
    site_release(site);
    cr_expect_eq(wire_answer(pending, NULL, 0), 200);
    cr_expect(wire_wait_end(pending, WIRE_MS));
}

Test(drain, a_second_drain_says_the_same_and_waits_no_more)
{
    AUTO(site_free) struct site *site = site_plain();
    AUTO(wire_close) struct wire *pending = wire_open(site_address(site));
    cr_assert(wire_send(pending, hold));
    site_wait_held(site, 1);
    cr_expect_eq(http_server_drain(site->server, 0), 1);
    cr_expect_eq(http_server_drain(site->server, WIRE_MS), 1);
}

Test(drain, an_answer_to_a_client_that_is_gone_ends_the_server_cleanly)
{
    AUTO(site_free) struct site *site = site_plain();
    struct wire *pending = wire_open(site_address(site));
    struct linger reset = {.l_onoff = 1};
    setsockopt(pending->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    cr_assert(wire_send(pending, hold));
    site_wait_held(site, 1);
    wire_close(pending);
    cr_expect_eq(http_server_drain(site->server, 0), 1);
}
