/* From a gateway's link to a writer's and back: what is given, and what is answered. */
#include "tests/unit/parser/line.h"

#include "services/parser/parser_metrics.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <sys/wait.h>

#define INVENTORY                                                                                                      \
    VIEW_LITERAL(                                                                                                      \
        "<REQUEST><DEVICEID>d-2025-01-02-03-04-05</DEVICEID><CONTENT><SOUNDS><NAME>a</NAME></SOUNDS></CONTENT>"        \
        "</REQUEST>")

Test(line, an_upload_becomes_a_record_and_the_writers_word_goes_back)
{
    static const struct {
        enum link_verdict verdict;
        const char *heard;
    } cases[] = {{LINK_ACK, "ack"}, {LINK_RETRY, "retry database_away"}, {LINK_REJECT, "reject database_away"}};
    const struct reason why = {"database_away", "it does not answer"};
    struct line l;
    line_start(&l, 2);
    struct link_consumer *writer = line_writer(&l, 4);
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t number = line_offer(&l, UPLOAD_INVENTORY, INVENTORY);
        struct link_delivery *d = link_consumer_take(writer, PATIENCE_MS);
        cr_assert_not_null(d);
        AUTO(record_close) struct record *r = NULL;
        cr_assert_eq(record_open(d->body, d->len, 1 << 20, &r, NULL), ST_OK);
        cr_expect_eq(record_head(r)->id.lo, number);
        cr_expect(record_head(r)->https);
        cr_expect(view_is(record_head(r)->deviceid, "d-2025-01-02-03-04-05"));
        cr_expect_not_null(record_section_find(r, "SOUNDS"));
        link_consumer_answer(writer, d, cases[i].verdict, cases[i].verdict == LINK_ACK ? NULL : &why);
        cr_expect_str_eq(line_verdict(&l, number), cases[i].heard);
    }
    link_consumer_destroy(writer);
    line_clear(&l);
}

Test(line, what_can_never_be_read_is_rejected_with_its_reason)
{
    static const struct {
        enum upload_kind kind;
        const char *body, *heard;
    } cases[] = {
        {UPLOAD_INVENTORY, "<REQUEST><DEVICEID>d</DEVICEID><CONTENT>", "reject xml_not_well_formed"},
        {UPLOAD_INVENTORY, "<REQUEST><CONTENT/></REQUEST>", "reject no_deviceid"},
        {UPLOAD_INVENTORY, "<!DOCTYPE REQUEST><REQUEST/>", "reject xml_doctype"},
        {UPLOAD_INVENTORY, "noise", "reject body_coding"},
        {UPLOAD_CONTACT, "no record", "reject record_magic"},
    };
    struct line l;
    line_start(&l, 2);
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t number = line_offer(&l, cases[i].kind, view_of(cases[i].body));
        cr_expect_str_eq(line_verdict(&l, number), cases[i].heard);
    }
    cr_expect_eq(relay_held(l.relay), 0);
    line_clear(&l);
}

Test(line, a_contact_is_passed_on_under_the_id_that_the_spool_gave_it)
{
    AUTO(record_builder_destroy) struct record_builder *b = record_builder_new(1 << 20);
    const struct view field = VIEW_LITERAL("RESPONSE"), value = VIEW_LITERAL("SEND");
    record_begin(b, &(struct record_head){.kind = UPLOAD_CONTACT, .deviceid = VIEW_LITERAL("d"), .id = {7, 7}});
    record_section(b, VIEW_LITERAL("CONTACT"), &field, 1);
    record_row(b, &value);
    struct view contact;
    cr_assert_eq(record_finish(b, false, &contact), ST_OK);

    struct line l;
    line_start(&l, 2);
    struct link_consumer *writer = line_writer(&l, 4);
    size_t number = line_offer(&l, UPLOAD_CONTACT, contact);
    struct link_delivery *d = link_consumer_take(writer, PATIENCE_MS);
    cr_assert_not_null(d);
    AUTO(record_close) struct record *r = NULL;
    cr_assert_eq(record_open(d->body, d->len, 1 << 20, &r, NULL), ST_OK);
    cr_expect_eq(record_head(r)->id.hi, 1);
    cr_expect_eq(record_head(r)->id.lo, number);
    const struct record_section_view *s = record_section_find(r, "CONTACT");
    cr_assert_not_null(s);
    struct record_row_view row;
    const uint8_t *at = s->rows;
    cr_expect(record_next_row(s, &at, &row) && view_is(row.values[0], "SEND"));
    link_consumer_answer(writer, d, LINK_ACK, NULL);
    cr_expect_str_eq(line_verdict(&l, number), "ack");
    link_consumer_destroy(writer);
    line_clear(&l);
}

/* A process of its own: a writer that dies with the record that it takes. It is forked before there is any thread, whose locks it would
 * find held for ever, and waits until it hears the address of the parser. */
struct dying_writer {
    pid_t pid;
    int address;
};

static void die_with_a_record(int address)
{
    struct line l = {0};
    if (read(address, l.writers_address, sizeof l.writers_address) == (ssize_t)sizeof l.writers_address &&
        link_consumer_take(line_writer(&l, 1), 10000))
        raise(SIGKILL);
    _exit(1);
}

static struct dying_writer dying_writer_new(void)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        close(ends[1]);
        die_with_a_record(ends[0]);
    }
    close(ends[0]);
    return (struct dying_writer){pid, ends[1]};
}

static void let_die(struct dying_writer w, const struct line *l)
{
    int end = 0;
    cr_assert_eq(write(w.address, l->writers_address, sizeof l->writers_address), (ssize_t)sizeof l->writers_address);
    waitpid(w.pid, &end, 0);
    close(w.address);
    cr_assert(WIFSIGNALED(end));
}

Test(line, a_record_that_was_lost_often_enough_goes_back_to_the_gateway)
{
    enum { LOST_MAX = 3, WRITERS = LOST_MAX * (LOST_MAX + 1) / 2 };
    struct dying_writer writers[WRITERS];
    size_t next = 0;
    for (size_t i = 0; i < WRITERS; i++)
        writers[i] = dying_writer_new();
    for (unsigned lost_max = 1; lost_max <= LOST_MAX; lost_max++) {
        struct line l;
        line_start(&l, lost_max);
        size_t number = line_offer(&l, UPLOAD_INVENTORY, INVENTORY);
        for (unsigned i = 0; i < lost_max; i++) {
            cr_expect_not(l.gateway.uploads[number].has_verdict, "after %u of %u", i, lost_max);
            let_die(writers[next++], &l);
        }
        cr_expect_str_eq(line_verdict(&l, number), "retry " LINK_WHY_LOST);
        line_clear(&l);
    }
}

/* A link that ends because the parser does is nobody's death. */
Test(line, a_parser_that_stops_blames_no_writer)
{
    struct line l;
    line_start(&l, 1);
    struct link_consumer *writer = line_writer(&l, 1);
    size_t number = line_offer(&l, UPLOAD_INVENTORY, INVENTORY);
    struct link_delivery *d = link_consumer_take(writer, PATIENCE_MS);
    cr_assert_not_null(d);
    line_stop_parser(&l);
    cr_expect_str_eq(line_verdict(&l, number), "retry parser_stopped");
    link_consumer_answer(writer, d, LINK_ACK, NULL); /* too late: the gateway offers it to another parser */
    link_consumer_destroy(writer);
    line_clear(&l);
}

/* The gateway loses sight of the parser and gives it again what it still holds, some of it with a writer. */
Test(line, an_upload_that_comes_again_is_held_once_and_answered_once)
{
    enum { UPLOADS = 2, WITH_WRITER = 1 }; /* the parser grants 4, also for what it holds of the session before */
    struct line l;
    line_start(&l, 9);
    int64_t parsed = metric_get(&parser_metrics.inventories);
    for (size_t i = 0; i < UPLOADS; i++)
        line_offer(&l, UPLOAD_INVENTORY, INVENTORY);
    struct link_consumer *writer = line_writer(&l, WITH_WRITER);
    struct link_delivery *first = link_consumer_take(writer, PATIENCE_MS);
    cr_assert_not_null(first);
    line_restart_gateway(&l);
    (void)BECOMES_TRUE(metric_get(&parser_metrics.inventories) >= parsed + 2 * UPLOADS, PATIENCE_MS);
    cr_expect_eq(metric_get(&parser_metrics.inventories), parsed + 2 * UPLOADS, "all came again");
    cr_expect_eq(relay_held(l.relay), UPLOADS, "%zu are held", relay_held(l.relay));
    link_consumer_answer(writer, first, LINK_ACK, NULL);
    for (size_t i = WITH_WRITER; i < UPLOADS; i++) {
        struct link_delivery *d = link_consumer_take(writer, PATIENCE_MS);
        cr_assert_not_null(d);
        link_consumer_answer(writer, d, LINK_ACK, NULL);
    }
    for (size_t i = 0; i < UPLOADS; i++)
        cr_expect_str_eq(line_verdict(&l, i), "ack", "upload %zu", i);
    cr_expect_null(link_consumer_take(writer, 100), "none is written twice");
    cr_expect_eq(relay_held(l.relay), 0);
    link_consumer_destroy(writer);
    line_clear(&l);
}

/* line_start() gives the relay a mebibyte: three of these records fill it. */
Test(line, records_that_wait_for_writers_are_bounded_in_bytes)
{
    enum { UPLOADS = 4, FILL = 3, VALUE = 400 << 10 };
    AUTO(buffer_clear) struct buffer text = BUFFER_INIT(1 << 20);
    buffer_text(&text, "<REQUEST><DEVICEID>d-2025-01-02-03-04-05</DEVICEID><CONTENT><SOUNDS><NAME>");
    for (size_t i = 0; i < VALUE; i++)
        buffer_char(&text, 'a');
    buffer_text(&text, "</NAME></SOUNDS></CONTENT></REQUEST>");
    struct line l;
    line_start(&l, 2);
    int64_t parsed = metric_get(&parser_metrics.inventories);
    for (size_t i = 0; i < UPLOADS; i++)
        line_offer(&l, UPLOAD_INVENTORY, buffer_view(&text));
    (void)BECOMES_TRUE(metric_get(&link_metrics.held) >= UPLOADS, PATIENCE_MS);
    (void)BECOMES_TRUE(relay_held(l.relay) >= FILL, PATIENCE_MS);
    usleep(50000); /* time to do wrong */
    cr_expect_eq(metric_get(&parser_metrics.inventories), parsed + FILL);
    struct link_consumer *writer = line_writer(&l, UPLOADS);
    for (size_t i = 0; i < UPLOADS; i++) {
        struct link_delivery *d = link_consumer_take(writer, PATIENCE_MS);
        cr_assert_not_null(d, "record %zu", i);
        link_consumer_answer(writer, d, LINK_ACK, NULL);
        cr_expect_str_eq(line_verdict(&l, i), "ack");
    }
    link_consumer_destroy(writer);
    line_clear(&l);
}

Test(line, a_parser_that_stops_gives_back_what_it_holds)
{
    struct line l;
    line_start(&l, 2);
    size_t waiting = line_offer(&l, UPLOAD_INVENTORY, INVENTORY);
    for (int left_ms = 5000; left_ms > 0 && relay_held(l.relay) == 0; left_ms--)
        usleep(1000);
    cr_expect_eq(relay_held(l.relay), 1);
    line_stop_parser(&l);
    cr_expect_str_eq(line_verdict(&l, waiting), "retry parser_stopped");
    line_clear(&l);
}
