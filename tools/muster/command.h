/**
 * The commands of `muster`, one file each; main.c has the table. Each returns the exit status of the program and has said
 * what is to be said.
 */
#ifndef MUSTER_TOOLS_COMMAND_H
#define MUSTER_TOOLS_COMMAND_H

#include "tools/muster/options.h"

int command_up(const struct options *options);
int command_down(const struct options *options);
int command_status(const struct options *options);
int command_drain(const struct options *options);
int command_sql(const struct options *options);
int command_import(const struct options *options);
int command_db(const struct options *options);
int command_why(const struct options *options);
int command_pin(const struct options *options);
int command_keys(const struct options *options);
int command_sections(const struct options *options);
int command_spool(const struct options *options);
int command_test(const struct options *options);
int command_bench(const struct options *options);

/** "muster: text" on stderr. */
void complain(const struct reason *why);

#endif
