/*
 * bench [OPTION]... [STAGE]...: see bench/README.md. `muster bench` builds release and runs this.
 */
#include "bench/stages.h"
#include "common/db/db.h"
#include "common/log/log.h"

#include <ftw.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

enum { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_USAGE = 64 };

static const struct stage {
    const char *name, *what;
    status (*run)(struct bench *b);
    bool needs_site, on_request; /* on_request: not part of a run without words */
} stages[] = {
    {"parse", "inflate and XML in memory, beside the bare libraries", stage_parse, false, false},
    {"intake", "uploads made durable and answered, beside h2o and the disk alone", stage_intake, true, false},
    {"prolog", "questions of known and unknown devices", stage_prolog, true, false},
    {"write", "records into the database, beside bare multi-row inserts", stage_write, true, false},
    {"line", "everything: new, unchanged and changed fleets; cost with more devices stored", stage_line, true, false},
    {"peer", "the same uploads to another server (--peer SCRIPT)", stage_peer, false, true},
};

struct wanted {
    const char *json, *data;
    unsigned long devices, stored, requests, connections, rounds, programs, workers;
    bool smoke;
};

static const struct option options[] = {
    {"devices", required_argument, NULL, 'd'},  {"stored", required_argument, NULL, 's'},
    {"requests", required_argument, NULL, 'r'}, {"connections", required_argument, NULL, 'c'},
    {"rounds", required_argument, NULL, 'n'},   {"programs", required_argument, NULL, 'g'},
    {"workers", required_argument, NULL, 'w'},  {"json", required_argument, NULL, 'j'},
    {"data", required_argument, NULL, 'f'},     {"inventories", required_argument, NULL, 'i'},
    {"peer", required_argument, NULL, 'p'},     {"smoke", no_argument, NULL, 'k'},
    {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0}};

static void usage(FILE *to)
{
    fputs("usage: bench [OPTION]... [STAGE]...\n\nStages (without one: all but those on request):\n", to);
    for (size_t i = 0; i < COUNT(stages); i++)
        fprintf(to, "  %-8s %s\n", stages[i].name, stages[i].what);
    fputs("\n  --devices N      sent in each pass (1000)\n"
          "  --stored N       in the database for `line` at the end (1000)\n"
          "  --requests N     of intake and prolog (10000)\n"
          "  --connections N  of the load generator (64)\n"
          "  --rounds N       of loops in memory (50)\n"
          "  --programs N     in an inventory: 300 is the reference, 0 a mix (300)\n"
          "  --workers N      parsers, and as many writers (1)\n"
          "  --json FILE      figures for programs\n"
          "  --data DIR       made for the run and removed (a new folder in TMPDIR)\n"
          "  --inventories DIR  real inventories (*.xml) for `parse`, too\n"
          "  --peer SCRIPT    starts the peer; see bench/README.md\n"
          "  --smoke          the least of everything: does the benchmark work?\n",
          to);
}

static bool take(struct wanted *w, struct bench *b, int option)
{
    switch (option) {
    case 'd': w->devices = strtoul(optarg, NULL, 10); break;
    case 's': w->stored = strtoul(optarg, NULL, 10); break;
    case 'r': w->requests = strtoul(optarg, NULL, 10); break;
    case 'c': w->connections = strtoul(optarg, NULL, 10); break;
    case 'n': w->rounds = strtoul(optarg, NULL, 10); break;
    case 'g': w->programs = strtoul(optarg, NULL, 10); break;
    case 'w': w->workers = strtoul(optarg, NULL, 10); break;
    case 'j': w->json = optarg; break;
    case 'f': w->data = optarg; break;
    case 'i': b->inventories = optarg; break;
    case 'p': b->peer = optarg; break;
    case 'k': w->smoke = true; break;
    default: return false;
    }
    return true;
}

static bool in_bounds(const struct wanted *w)
{
    return w->devices >= 1 && w->devices <= 1000000 && w->stored >= 1 && w->stored <= 1000000 && w->requests >= 1 &&
           w->requests <= 10000000 && w->connections >= 1 && w->connections <= 1024 && w->rounds >= 1 &&
           w->rounds <= 100000 && w->programs <= 600 && w->workers >= 1 && w->workers <= 8;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info, (void)type, (void)where;
    return remove(path);
}

static void end_site(struct bench *b, const char *data)
{
    if (b->site)
        site_down(b->site);
    b->site = NULL;
    (void)nftw(data, remove_one, 16, FTW_DEPTH | FTW_PHYS); /* what is left is the operator's to see */
}

/* A fresh site for each stage; one for all of them in a smoke test, where figures do not matter. */
static status run_with_site(struct bench *b, const struct stage *stage, const char *data, const struct wanted *w)
{
    static struct site site;
    status st = site.up ? ST_OK : site_up(&site, data, (unsigned)w->workers, &b->why);
    b->site = &site;
    if (st == ST_OK)
        st = stage->run(b);
    if (!w->smoke || st != ST_OK)
        end_site(b, data);
    return st;
}

static bool is_wanted(const struct stage *stage, char *const *words, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], stage->name) == 0)
            return true;
    return count == 0 && !stage->on_request;
}

static bool words_known(char *const *words, int count)
{
    for (int i = 0; i < count; i++) {
        size_t s = 0;
        while (s < COUNT(stages) && strcmp(stages[s].name, words[i]) != 0)
            s++;
        if (s == COUNT(stages)) {
            fprintf(stderr, "bench: %s is not a stage; --help lists them\n", words[i]);
            return false;
        }
    }
    return true;
}

static int run_stages(struct bench *b, const struct wanted *w, const char *data, char *const *words, int count)
{
    int exit_status = EXIT_GOOD;
    report_head();
    for (size_t i = 0; i < COUNT(stages); i++) {
        if (!is_wanted(&stages[i], words, count))
            continue;
        b->why = (struct reason){0};
        status st = stages[i].needs_site ? run_with_site(b, &stages[i], data, w) : stages[i].run(b);
        if (st == ST_OK)
            continue;
        fprintf(stderr, "bench: %s: %s: %s\n", stages[i].name, status_name(st), b->why.text);
        exit_status = EXIT_FAILED;
    }
    end_site(b, data);
    if (w->json && !report_write_json(&b->report, w->json)) {
        perror(w->json);
        exit_status = EXIT_FAILED;
    }
    return exit_status;
}

int main(int argc, char **argv)
{
    static struct bench b; /* large */
    struct wanted w = {.devices = 1000,
                       .stored = 1000,
                       .requests = 10000,
                       .connections = 64,
                       .rounds = 50,
                       .programs = FLEET_REFERENCE,
                       .workers = 1};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        if (!take(&w, &b, option))
            return usage(option == 'h' ? stdout : stderr), option == 'h' ? EXIT_GOOD : EXIT_USAGE;
    if (!in_bounds(&w) || !words_known(argv + optind, argc - optind))
        return usage(stderr), EXIT_USAGE;
    if (w.smoke)
        w.devices = w.stored = 20, w.requests = 40, w.connections = 8, w.rounds = 2;
    b.devices = (unsigned)w.devices;
    b.stored = (unsigned)w.stored;
    b.requests = (unsigned)w.requests;
    b.connections = (unsigned)w.connections;
    b.rounds = (unsigned)w.rounds;
    AUTO(fleet_destroy) struct fleet *fleet = fleet_new(1, (unsigned)w.programs);
    b.fleet = fleet;
    char made[4096], data[4200];
    const char *temporary = getenv("TMPDIR");
    snprintf(made, sizeof made, "%s/muster-bench-XXXXXX", temporary ? temporary : "/tmp");
    if (!fleet || (!w.data && !mkdtemp(made)))
        return perror("bench"), EXIT_FAILED;
    snprintf(data, sizeof data, "%s/site", w.data ? w.data : made);
    if (w.data)
        (void)mkdir(w.data, 0700); /* when it cannot be made, `muster up` says so */
    (void)signal(SIGPIPE, SIG_IGN);
    log_open("bench", "logfmt", "warning");
    db_library_init();
    int exit_status = run_stages(&b, &w, data, argv + optind, argc - optind);
    (void)rmdir(w.data ? w.data : made);
    return exit_status;
}
