#include "tools/muster/run/guide.h"

#include <string.h>
#include <unistd.h>

static bool is_loopback(const char *listen)
{
    return strncmp(listen, "127.", 4) == 0 || strcmp(listen, "::1") == 0 || strcmp(listen, "localhost") == 0;
}

void guide_address(const char *bound, char *out, size_t room)
{
    const char *port = strrchr(bound, ':');
    char name[256] = "";
    if (!port || (strncmp(bound, "0.0.0.0:", 8) != 0 && strncmp(bound, "[::]:", 5) != 0)) {
        snprintf(out, room, "%s", bound);
        return;
    }
    if (gethostname(name, sizeof name - 1) != 0 || !*name)
        snprintf(name, sizeof name, "localhost");
    snprintf(out, room, "%s%s", name, port);
}

static void print_addresses(const struct guide *g, FILE *to)
{
    char http[320], https[320];
    for (size_t i = 0; i < g->count; i++) {
        guide_address(g->gateways[i].http, http, sizeof http);
        guide_address(g->gateways[i].https, https, sizeof https);
        fprintf(to, "  %-12s http://%s/ocsinventory   https://%s/ocsinventory\n", g->gateways[i].plan->name, http,
                https);
    }
}

static void print_certificate(const struct guide *g, FILE *to)
{
    if (!*g->certificate.path)
        return;
    fprintf(to, "  %-12s %s%s\n", "certificate", g->certificate.path,
            g->certificate.self_signed ? " (made here; agents need this file to trust it)" : "");
    fprintf(to, "  %-12s %s\n", "fingerprint", g->certificate.fingerprint);
}

static void print_agents(const struct guide *g, FILE *to)
{
    char http[320], https[320];
    guide_address(g->gateways[0].http, http, sizeof http);
    guide_address(g->gateways[0].https, https, sizeof https);
    const char *ca = *g->certificate.path ? g->certificate.path : "cacert.pem";
    fprintf(to, "\nPoint an agent at it (a certificate's name must fit the address):\n");
    fprintf(to, "  ocsinventory-agent --server=http://%s/ocsinventory --local=0 --tag=office\n", http);
    fprintf(to, "  ocsinventory-agent --server=https://%s/ocsinventory --local=0 --ssl=1 --ca=%s --tag=office\n", https,
            ca);
    fprintf(to, "  fusioninventory-agent --server=http://%s/ocsinventory --tag=office\n", http);
    fprintf(to, "  fusioninventory-agent --server=https://%s/ocsinventory --ca-cert-file=%s --tag=office\n", https, ca);
    fprintf(to,
            "  Windows agent: server https://%s/ocsinventory, SSL=1, and that certificate as cacert.pem in its data "
            "folder\n",
            https);
    if (is_loopback(g->listen))
        fprintf(to, "\nOnly this machine reaches it now. For the network: muster up --listen 0.0.0.0\n");
}

void guide_print(const struct guide *g, FILE *to)
{
    fprintf(to, "\nMuster is ready.\n");
    print_addresses(g, to);
    print_certificate(g, to);
    fprintf(to, "  %-12s %s\n", "data", g->data);
    if (*g->database)
        fprintf(to, "  %-12s socket %s, database ocsweb, user root (muster sql)\n", "database", g->database);
    print_agents(g, to);
    fprintf(to, "\nLook: muster status --data %s\nStop: %s%s\n", g->data,
            g->detached ? "muster down --data " : "Ctrl-C", g->detached ? g->data : "");
    fflush(to);
}
