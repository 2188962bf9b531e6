#include "tools/muster/commands.h"

#include "tools/muster/command.h"

#include "common/base/cleanup.h"
#include "common/settings/settings.h"

#include <stdint.h>
#include <string.h>
#include <version.h>

static const struct command commands[] = {
    {"up", "", "Start everything on this machine and say how to point an agent at it. Ctrl-C stops it.",
     TAKES(data) | TAKES(listen) | TAKES(http) | TAKES(https) | TAKES(database) | TAKES(gateways) | TAKES(parsers) |
         TAKES(writers) | TAKES(sections) | TAKES(detach),
     0, 0, command_up},
    {"down", "",
     "Stop what `muster up` started: uploads that were accepted stay where they are, on disk or in the database.",
     TAKES(data), 0, 0, command_down},
    {"status", "",
     "Each service, the spool, rates and last errors. Exit status 0: all is ready, 1: something is not, 3: not "
     "running.",
     TAKES(data) | TAKES(json) | TAKES(watch), 0, 0, command_status},
    {"why", "DEVICEID",
     "What happened to the uploads of one device, and what to do about it. Exit status 1: nothing is known of it.",
     TAKES(data) | TAKES(json), 1, 1, command_why},
    {"drain", "", "Wait until everything that was accepted is in the database. Exit status 1: not within the time.",
     TAKES(data) | TAKES(timeout_s), 0, 0, command_drain},
    {"sql", "", "The database client, connected.", TAKES(data) | TAKES(statement), 0, 0, command_sql},
    {"import", "FILE...|DIR",
     "Send inventory files (.ocs, XML; zlib, gzip or plain). Exit status 1: some were not accepted.",
     TAKES(data) | TAKES(url) | TAKES(ca) | TAKES(parallel), 1, SIZE_MAX, command_import},
    {"db", "create|check|upgrade",
     "Make, compare or upgrade a database. Exit status of check: 1 when something is to be done.",
     TAKES(data) | TAKES(database) | TAKES(indexes), 1, 1, command_db},
    {"pin", "list|clear DEVICEID", "Which device is held to which certificate; let a device show a new one.",
     TAKES(data) | TAKES(database), 1, 2, command_pin},
    {"keys", "FILE",
     "Make a key for the links between services on several machines. Each gets it as MUSTER_LINK_KEY_FILE=FILE.", 0, 1,
     1, command_keys},
    {"sections", "FILE",
     "Check a file that declares sections and print what it says. Exit status 2: something in it is wrong.", 0, 1, 1,
     command_sections},
    {"spool", "check|list|show ID...|replay ID...|drop ID...",
     "What rests in the spools and in quarantine: verify, list, show, offer again, remove. Exit status 1: damage.\n\n"
     "  check      every checksum; names what is damaged or not ours; changes nothing\n"
     "  list       pending uploads, and the quarantine with reasons; IDs stand in its second column\n"
     "  show       the XML as the agent sent it; on stderr who sent it, and why it is in quarantine\n"
     "  replay     offer what is in quarantine again, under its own ID: changes nothing if the device has sent since\n"
     "  drop       remove for good; a pending upload only while its gateway is stopped\n\n"
     "They work beside a running gateway and without one.",
     TAKES(data) | TAKES(spool) | TAKES(raw) | TAKES(limit), 1, SIZE_MAX, command_spool},
    {"bench", "[STAGE...]",
     "Build the source tree and measure it beside the bare parts it is made of. --help of build/release/bench/bench "
     "lists stages.",
     TAKES(devices) | TAKES(stored) | TAKES(requests) | TAKES(workers) | TAKES(json_file) | TAKES(peer) | TAKES(smoke),
     0, 16, command_bench},
    {"test", "[PRESET...]", "Build and run all tests of the source tree.", 0, 0, SIZE_MAX, command_test},
};

void complain(const struct reason *why)
{
    fprintf(stderr, "muster: %s\n", why->text);
}

static void usage(FILE *to)
{
    fputs("usage: muster COMMAND [OPTION]...\n\n"
          "Muster takes the inventories of OCS Inventory agents into an OCS database.\n\n",
          to);
    for (size_t i = 0; i < COUNT(commands); i++)
        fprintf(to, "  %-8s %.*s\n", commands[i].name, (int)strcspn(commands[i].purpose, "\n"), commands[i].purpose);
    fputs("\nmuster COMMAND --help lists a command's options. muster --version\n", to);
}

static int run(const struct command *command, int argc, char **argv)
{
    struct options options;
    struct reason why = {0};
    status st = options_parse(command, argc, argv, &options, &why);
    if (st == ST_NOT_FOUND)
        return options_help(command, stdout), EXIT_CLEAN;
    if (st != ST_OK)
        return complain(&why), EXIT_USAGE;
    return command->run(&options);
}

int commands_main(int argc, char **argv)
{
    if (argc < 2)
        return usage(stderr), EXIT_USAGE;
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
        return usage(stdout), EXIT_CLEAN;
    if (strcmp(argv[1], "--version") == 0)
        return printf("muster %s\n", MUSTER_VERSION) < 0 ? EXIT_FAILED : EXIT_CLEAN;
    for (size_t i = 0; i < COUNT(commands); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return run(&commands[i], argc - 2, argv + 2);
    fprintf(stderr, "muster: %s is not a command; muster --help lists them\n", argv[1]);
    return EXIT_USAGE;
}
