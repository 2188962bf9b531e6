/** A client that sends bytes, not requests: what h2o and any sane client library would never send, too. */
#ifndef MUSTER_TESTS_PROTOCOL_HTTP_WIRE_H
#define MUSTER_TESTS_PROTOCOL_HTTP_WIRE_H

#include <stdbool.h>
#include <stddef.h>

enum { WIRE_ROOM = 64 << 10, WIRE_MS = 10000 /**< nothing takes that long: a test that waits so long has failed */ };

struct wire {
    int fd;
    size_t len;
    char in[WIRE_ROOM]; /**< what came, NUL-terminated; answers that were taken are removed */
    bool ended;         /**< the server closed or reset the connection */
};

/** @param address  "127.0.0.1:80", "[::1]:80", "unix:/path"; fails the test when nobody is there */
struct wire *wire_open(const char *address);
void wire_close(struct wire *w);
static inline void wire_close_p(struct wire **w)
{
    wire_close(*w);
}
/** false when the server does not take it all. */
bool wire_send_bytes(struct wire *w, const void *bytes, size_t len);
bool wire_send(struct wire *w, const char *text);
/** Wait for one whole answer with Content-Length and remove it.
 *  @param body  NULL, or room for `body_size` bytes, NUL-terminated
 *  @return its status; 0 when the connection ended first, -1 when nothing came in time */
int wire_answer(struct wire *w, char *body, size_t body_size);
/** The head of the last answer that wire_answer() removed. */
const char *wire_head(void);
/** Wait until the server closes; what came before stays in `in`. @retval false it did not, in `ms` */
bool wire_wait_end(struct wire *w, int ms);
/** One request on a connection of its own; its status. */
int wire_ask(const char *address, const char *request, char *body, size_t body_size);

#endif
