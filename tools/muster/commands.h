/** The table of commands; main() is one call of this. */
#ifndef MUSTER_TOOLS_COMMANDS_H
#define MUSTER_TOOLS_COMMANDS_H

/** @return the exit status: that of the command; 2 when the command line is wrong */
int commands_main(int argc, char **argv);

#endif
