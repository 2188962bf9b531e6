/* muster import: sends inventory files, shows how far it is, and says which were not taken. */
#include "common/base/clock.h"
#include "common/settings/settings.h"
#include "tools/muster/command.h"
#include "tools/muster/import/sender.h"
#include "tools/muster/run/readiness.h"
#include "tools/muster/run/state.h"

#include <string.h>

enum { BAR = 30, DRAW_MS = 100 };

struct import {
    size_t total, accepted, refused;
    bool bar; /* stderr is a terminal */
    int64_t begin_ms, drawn_ms;
};

static void draw(struct import *in, bool last)
{
    int64_t now = clock_steady_ms();
    if (!in->bar || (!last && now - in->drawn_ms < DRAW_MS))
        return;
    size_t done = in->accepted + in->refused;
    int filled = in->total ? (int)(done * BAR / in->total) : BAR;
    fprintf(stderr, "\r[%.*s%*s] %zu of %zu%s\033[K", filled, "==============================", BAR - filled, "", done,
            in->total, last ? "\n" : "");
    in->drawn_ms = now;
}

static void on_done(void *ctx, const char *path, const char *text)
{
    struct import *in = ctx;
    if (text) {
        in->refused++;
        fprintf(stderr, "%s%s: %s\n", in->bar ? "\r\033[K" : "", path, text);
    } else {
        in->accepted++;
    }
    draw(in, false);
}

/* The first gateway of what runs on --data; its answer also says which certificate an https address would need. */
static status find_url(const struct options *options, char *url, size_t room, struct reason *why)
{
    struct folder folder;
    AUTO(state_free) struct state *state = NULL;
    status st = folder_find(options->data, &folder, why);
    if (st == ST_OK)
        st = state_read(&folder, &state, why);
    for (size_t i = 0; st == ST_OK && i < state->count; i++)
        if (*state->services[i].http) {
            snprintf(url, room, "http://%s/ocsinventory", state->services[i].http);
            return ST_OK;
        }
    if (st == ST_OK)
        reason_set(why, "no_gateway", "no gateway is ready on %s", folder.data);
    return st == ST_OK ? ST_UNAVAILABLE : st;
}

static int send_files(const struct options *options, const char *url, const struct files *files)
{
    struct import in = {.total = files->count, .bar = isatty(STDERR_FILENO), .begin_ms = clock_steady_ms()};
    struct sender sender = {
        .url = url, .ca = options->ca, .parallel = (unsigned)options->parallel, .done = on_done, .ctx = &in};
    status st = sender_run(&sender, files);
    draw(&in, true);
    double seconds = (double)(clock_steady_ms() - in.begin_ms) / 1000;
    printf("%zu files to %s: %zu accepted, %zu not, in %.1f s\n", in.total, url, in.accepted, in.refused, seconds);
    return st == ST_OK && in.accepted == in.total ? EXIT_CLEAN : EXIT_FAILED;
}

int command_import(const struct options *options)
{
    char url[512];
    struct reason why = {.text = "out of memory"};
    struct files files = {0};
    status st = ST_OK;
    if (*options->url)
        snprintf(url, sizeof url, "%s", options->url);
    else
        st = find_url(options, url, sizeof url, &why);
    for (size_t i = 0; i < options->word_count && st == ST_OK; i++)
        st = files_add(&files, options->words[i], &why);
    int exit_status = EXIT_FAILED;
    if (st == ST_OK)
        exit_status = send_files(options, url, &files);
    else
        complain(&why);
    files_clear(&files);
    return exit_status;
}
