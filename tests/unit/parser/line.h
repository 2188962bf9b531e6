/** A parser between a gateway and writers of our own making, over real links. */
#ifndef MUSTER_TESTS_PARSER_LINE_H
#define MUSTER_TESTS_PARSER_LINE_H

#include "services/parser/work.h"
#include "tests/support/patience.h"

#include <pthread.h>

enum { LINE_MAX = 8 };

/** The gateway: gives out what it was told to, and writes down what became of it. */
struct line_gateway {
    pthread_mutex_t lock;
    struct {
        char *body;
        size_t len;
        enum upload_kind kind;
        bool is_out, has_verdict;
        enum link_verdict verdict;
        char code[32];
    } uploads[LINE_MAX];
    size_t count;
};

struct line {
    struct line_gateway gateway;
    struct link_producer *uplink;
    struct link_consumer *from;
    struct relay *relay;
    struct worker *worker;
    struct admin *admin;
    char gateway_address[80], writers_address[80];
};

/** @param lost_max  of the relay */
void line_start(struct line *l, unsigned lost_max);
/** Stop as the service does: what is held goes back. Further calls do nothing. */
void line_stop_parser(struct line *l);
void line_clear(struct line *l);

/** Let the gateway offer an upload; its id is its number. @return the number */
size_t line_offer(struct line *l, enum upload_kind kind, struct view body);
/** End the gateway's link and begin a new one that offers everything again. */
void line_restart_gateway(struct line *l);
struct link_consumer *line_writer(struct line *l, unsigned credit);
/** Wait for what becomes of an upload: "ack", "retry code", "reject code"; "nothing" when that takes too long. */
const char *line_verdict(struct line *l, size_t number);

#endif
