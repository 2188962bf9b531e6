/* muster spool check|list|show|replay|drop: what rests in a spool and its quarantine, with or without a running gateway. */
#include "common/base/clock.h"
#include "common/inflate/inflate.h"
#include "common/settings/settings.h"
#include "services/gateway/spool/inspect.h"
#include "tools/muster/command.h"
#include "tools/muster/run/folder.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    SPOOLS_MAX = 64,
    UPLOAD_MOST = 1 << 30, /* bytes of a piece that is shown */
    XML_MOST = 256 << 20,
    RATIO_MOST = 2000,
    TIME_TEXT = 32,
    REPLAY_MS = 5000, /* a running gateway looks once a second */
};

/* The spools that a command is about: that of --spool, else all of --data. */
struct spools {
    char path[SPOOLS_MAX][FOLDER_PATH_MAX];
    size_t count;
};

static int is_spool(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static status find_spools(const struct options *options, struct spools *out, struct reason *why)
{
    struct folder folder;
    struct dirent **list = NULL;
    char parent[FOLDER_PATH_MAX];
    *out = (struct spools){.count = 0};
    if (*options->spool) {
        snprintf(out->path[out->count++], FOLDER_PATH_MAX, "%s", options->spool);
        return ST_OK;
    }
    status st = folder_find(options->data, &folder, why);
    if (st != ST_OK)
        return st;
    folder_path(&folder, "spool", parent);
    int count = scandir(parent, &list, is_spool, versionsort);
    for (int i = 0; i < count; i++) {
        if (out->count < SPOOLS_MAX)
            snprintf(out->path[out->count++], FOLDER_PATH_MAX, "%.1100s/%.64s", parent, list[i]->d_name);
        free(list[i]);
    }
    free(list);
    if (out->count == 0)
        reason_set(why, "no_spool", "%s: no spool (--data names the folder of `muster up`, --spool that of a gateway)",
                   parent);
    return out->count ? ST_OK : ST_NOT_FOUND;
}

/* ------------------------------------------------------------------ list ---- */

struct listing {
    const struct options *options;
    int64_t printed, pending_left;
};

/* When it was accepted: "-" for what is no upload. */
static const char *time_text(struct upload_id id, char out[static TIME_TEXT])
{
    time_t at = (time_t)(id.hi / 1000000);
    struct tm tm;
    if (!id.hi || !gmtime_r(&at, &tm) || strftime(out, TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        snprintf(out, TIME_TEXT, "-");
    return out;
}

/* Names and reasons were made by us; a foreign file's name was not. */
static void print_clean(const char *text)
{
    for (; *text; text++)
        putchar((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
}

static bool print_piece(void *ctx, const struct spool_piece *p)
{
    struct listing *l = ctx;
    char at[TIME_TEXT];
    if (p->state == SPOOL_PENDING && l->printed >= l->options->limit) {
        l->pending_left++;
        return true;
    }
    l->printed += p->state == SPOOL_PENDING;
    printf("%-10s  ", spool_state_name(p->state));
    print_clean(p->name);
    printf("%*s  ", (int)(strlen(p->name) < 33 ? 33 - strlen(p->name) : 0), "");
    printf("%-20s  %-9s %10" PRId64, time_text(p->id, at), p->kind ? upload_kind_name(p->kind) : "-", p->bytes);
    if (p->why.code[0]) {
        printf("  %s: ", p->why.code);
        print_clean(p->why.text);
    }
    putchar('\n');
    return true;
}

static int list(const struct options *options, const struct spools *spools)
{
    for (size_t i = 0; i < spools->count; i++) {
        struct listing l = {.options = options};
        struct spool_survey survey;
        struct reason why = {0};
        printf("%s\n%-10s  %-33s  %-20s  %-9s %10s  %s\n", spools->path[i], "where", "upload", "accepted", "kind",
               "bytes", "reason");
        if (spool_inspect(spools->path[i], false, print_piece, &l, &survey, &why) != ST_OK)
            return complain(&why), EXIT_FAILED;
        if (l.pending_left)
            printf("... and %" PRId64 " more pending (--limit)\n", l.pending_left);
    }
    return EXIT_CLEAN;
}

/* ----------------------------------------------------------------- check ---- */

static bool print_problem(void *ctx, const struct spool_piece *p)
{
    struct listing *l = ctx;
    bool is_problem = p->state == SPOOL_BROKEN || p->state == SPOOL_TORN || p->state == SPOOL_FOREIGN ||
                      p->state == SPOOL_BROKEN_INDEX;
    return is_problem ? print_piece(l, p) : true;
}

static int check(const struct options *options, const struct spools *spools)
{
    int64_t problems = 0;
    for (size_t i = 0; i < spools->count; i++) {
        struct listing l = {.options = options};
        struct spool_survey v;
        struct reason why = {0};
        if (spool_inspect(spools->path[i], true, print_problem, &l, &v, &why) != ST_OK)
            return complain(&why), EXIT_FAILED;
        printf("%s: %s\n"
               "  segments %" PRId64 " (%" PRId64 " bytes), uploads %" PRId64 ": %" PRId64 " pending, %" PRId64
               " acknowledged\n"
               "  quarantine: %" PRId64 " uploads, %" PRId64 " to be replayed, %" PRId64 " damaged pieces (%" PRId64
               " bytes)\n"
               "  problems: %" PRId64 " damaged pieces, %" PRId64 " foreign files, %" PRId64 " damaged indexes\n",
               spools->path[i], v.in_use ? "a gateway has it" : "no gateway has it", v.segments, v.segment_bytes,
               v.records, v.count[SPOOL_PENDING], v.acknowledged, v.count[SPOOL_QUARANTINED], v.count[SPOOL_REPLAYING],
               v.count[SPOOL_CUT_OUT], v.quarantine_bytes, v.count[SPOOL_BROKEN], v.count[SPOOL_FOREIGN],
               v.count[SPOOL_BROKEN_INDEX]);
        if (v.count[SPOOL_TORN] > 0)
            printf("  torn by a crash: %" PRId64 " ends of segments; their agents were not answered\n",
                   v.count[SPOOL_TORN]);
        if (v.count[SPOOL_BROKEN] > 0)
            puts("  what is damaged is set aside in quarantine, at the next start or when its turn comes");
        if (v.count[SPOOL_FOREIGN] > 0)
            puts("  what is foreign is left alone: move it elsewhere");
        problems += v.count[SPOOL_BROKEN] + v.count[SPOOL_FOREIGN] + v.count[SPOOL_BROKEN_INDEX];
    }
    return problems ? EXIT_FAILED : EXIT_CLEAN;
}

/* ------------------------------------------------------------ one upload ---- */

struct search {
    const char *name;
    struct spool_piece found;
    bool is_found;
};

static bool is_it(void *ctx, const struct spool_piece *p)
{
    struct search *s = ctx;
    if (strcmp(p->name, s->name) != 0)
        return true;
    s->found = *p;
    s->is_found = true;
    return false;
}

/* @return the folder of its spool, NULL: it is nowhere */
static const char *find(const struct spools *spools, const char *name, struct spool_piece *out, bool *in_use,
                        struct reason *why)
{
    for (size_t i = 0; i < spools->count; i++) {
        struct search s = {.name = name};
        struct spool_survey survey;
        if (spool_inspect(spools->path[i], false, is_it, &s, &survey, why) != ST_OK)
            return NULL;
        if (!s.is_found)
            continue;
        *out = s.found;
        *in_use = survey.in_use;
        return spools->path[i];
    }
    reason_set(why, "not_found", "%s: neither pending nor in quarantine (muster spool list)", name);
    return NULL;
}

static void print_facts(const struct spool_piece *p, const struct upload_head *head)
{
    char from[UPLOAD_ADDRESS_TEXT], at[TIME_TEXT];
    fprintf(stderr, "%s, %s, from %s%s, accepted %s, agent ", spool_state_name(p->state), upload_kind_name(head->kind),
            upload_address_text(&head->from, from), head->https ? " (HTTPS)" : "", time_text(head->id, at));
    fwrite(head->agent.data ? head->agent.data : "-", 1, head->agent.data ? head->agent.len : 1, stderr);
    fputc('\n', stderr);
    if (p->why.code[0])
        fprintf(stderr, "%s: %s\n", p->why.code, p->why.text);
}

/* What agents send is not trusted to be shown on a terminal: control bytes become '?'. */
static int print_text(struct view text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        putchar((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ? '?' : c);
    }
    if (text.len == 0 || text.data[text.len - 1] != '\n')
        putchar('\n');
    return fflush(stdout) == 0 ? EXIT_CLEAN : EXIT_FAILED;
}

static int print_xml(struct view body)
{
    struct reason why = {0};
    struct view text;
    enum inflate_coding coding;
    AUTO(inflater_destroy) struct inflater *inflater = inflater_new(XML_MOST, RATIO_MOST);
    if (inflater && inflater_run(inflater, body, &text, &coding, &why) == ST_OK)
        return print_text(text);
    fprintf(stderr, "muster: its body cannot be unpacked: %s; --raw gives the bytes\n", why.text);
    return EXIT_FAILED;
}

static int show_piece(const struct options *options, const struct spool_piece *p, struct view bytes)
{
    struct upload_head head;
    struct view body;
    bool is_upload = p->state != SPOOL_BROKEN && p->state != SPOOL_TORN && p->state != SPOOL_CUT_OUT &&
                     p->state != SPOOL_FOREIGN && upload_head_decode(bytes.data, bytes.len, &head, &body) == ST_OK;
    if (is_upload)
        print_facts(p, &head);
    if (options->raw) {
        struct view raw = is_upload ? body : bytes;
        return fwrite(raw.data, 1, raw.len, stdout) == raw.len && fflush(stdout) == 0 ? EXIT_CLEAN : EXIT_FAILED;
    }
    if (!is_upload || head.kind == UPLOAD_CONTACT) {
        fprintf(stderr, "muster: %s: %s, %zu bytes, no XML; --raw gives the bytes\n", p->name,
                is_upload ? "a contact, packed as a record" : "no upload that can be read", bytes.len);
        return EXIT_FAILED;
    }
    return print_xml(body);
}

static int show(const struct options *options, const struct spools *spools, const char *name)
{
    struct spool_piece piece;
    struct reason why = {0};
    bool in_use;
    AUTO(buffer_clear) struct buffer bytes = BUFFER_INIT(UPLOAD_MOST);
    const char *folder = find(spools, name, &piece, &in_use, &why);
    if (!folder)
        return complain(&why), EXIT_FAILED;
    status st = spool_piece_read(folder, &piece, &bytes);
    if (st == ST_OK)
        return show_piece(options, &piece, buffer_view(&bytes));
    fprintf(stderr, "muster: %s: cannot be read: %s\n", name, status_name(st));
    return EXIT_FAILED;
}

/* A running gateway takes it back within a second or so; then it is no longer in the quarantine as one to be replayed. */
static bool is_taken(const struct spools *spools, const char *name)
{
    static const struct timespec pause = {0, 20 * 1000000L};
    int64_t deadline_ms = clock_steady_ms() + REPLAY_MS;
    struct spool_piece piece;
    struct reason why;
    bool in_use, is_waiting = true;
    while (is_waiting && clock_steady_ms() < deadline_ms) {
        nanosleep(&pause, NULL);
        is_waiting = find(spools, name, &piece, &in_use, &why) && piece.state == SPOOL_REPLAYING;
    }
    return !is_waiting;
}

static int replay(const struct options *options, const struct spools *spools, const char *name)
{
    struct spool_piece piece;
    struct reason why = {0};
    bool in_use;
    (void)options;
    const char *folder = find(spools, name, &piece, &in_use, &why);
    if (!folder || spool_piece_replay(folder, &piece, &why) != ST_OK)
        return complain(&why), EXIT_FAILED;
    if (!in_use)
        return printf("%s: will be offered again when the gateway starts\n", name) < 0 ? EXIT_FAILED : EXIT_CLEAN;
    if (is_taken(spools, name))
        return printf("%s: offered again\n", name) < 0 ? EXIT_FAILED : EXIT_CLEAN;
    printf("%s: not taken back yet (the spool is full, or not healthy); the gateway goes on trying\n", name);
    return EXIT_FAILED;
}

static int drop(const struct options *options, const struct spools *spools, const char *name)
{
    struct spool_piece piece;
    struct reason why = {0};
    bool in_use;
    (void)options;
    const char *folder = find(spools, name, &piece, &in_use, &why);
    if (!folder || spool_piece_drop(folder, &piece, &why) != ST_OK)
        return complain(&why), EXIT_FAILED;
    return printf("%s: removed (%s, %" PRId64 " bytes)\n", name, spool_state_name(piece.state), piece.bytes) < 0
               ? EXIT_FAILED
               : EXIT_CLEAN;
}

/* --------------------------------------------------------------- command ---- */

static const struct {
    const char *name;
    int (*of_all)(const struct options *options, const struct spools *spools);
    int (*of_one)(const struct options *options, const struct spools *spools, const char *name);
} verbs[] = {
    {"check", check, NULL}, {"list", list, NULL}, {"show", NULL, show}, {"replay", NULL, replay}, {"drop", NULL, drop}};

static int run_verb(size_t verb, const struct options *options, const struct spools *spools)
{
    if (verbs[verb].of_all)
        return verbs[verb].of_all(options, spools);
    int worst = EXIT_CLEAN;
    for (size_t i = 1; i < options->word_count; i++) {
        int code = verbs[verb].of_one(options, spools, options->words[i]);
        worst = code > worst ? code : worst;
    }
    return worst;
}

int command_spool(const struct options *options)
{
    size_t verb = 0;
    struct reason why = {0};
    while (verb < COUNT(verbs) && strcmp(verbs[verb].name, options->words[0]) != 0)
        verb++;
    if (verb == COUNT(verbs)) {
        fprintf(stderr, "muster: spool %s: check, list, show, replay or drop is expected\n", options->words[0]);
        return EXIT_USAGE;
    }
    if ((verbs[verb].of_one != NULL) != (options->word_count > 1)) {
        fprintf(stderr, "muster: spool %s %s\n", verbs[verb].name,
                verbs[verb].of_one ? "needs the ID of an upload (muster spool list)" : "takes no ID");
        return EXIT_USAGE;
    }
    AUTO(mem_free) struct spools *spools = malloc(sizeof *spools);
    if (!spools)
        return EXIT_FAILED;
    if (find_spools(options, spools, &why) != ST_OK)
        return complain(&why), EXIT_FAILED;
    return run_verb(verb, options, spools);
}
