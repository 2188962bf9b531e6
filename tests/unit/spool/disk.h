/*
 * A disk that loses power, fills up and fails, for tests of the spool: system calls (calls.h) that do the real thing on real
 * files and remember beside each file what of it is on stable storage.
 *
 *   data       a write is in the cache until the file is synced; sectors of 512 bytes reach the disk each by itself, in any
 *              order, or not at all
 *   size       a file's new size reaches the disk with a sync, or by itself
 *   hole       made with the blocks of a file that are given back: zeros, and a write there is an error of the program until the room
 *              is reserved again
 *   names      made, renamed, removed: reach the disk in their order, with a sync of the folder or by themselves
 *   EIO        of a sync: the cache forgets that it had something to write. The next sync succeeds and has written nothing of it
 *              (what Linux does)
 *
 * One at a time in a process; the calls may come from any thread.
 */
#ifndef MUSTER_TESTS_SPOOL_DISK_H
#define MUSTER_TESTS_SPOOL_DISK_H

#include "services/gateway/spool/calls.h"

/* What happens at the planned call. */
enum disk_fault {
    DISK_KILL,  /* the process ends before it: from then on no call has an effect */
    DISK_TORN,  /* the process ends in the midst of it, if it is a write: some of its bytes are in the file */
    DISK_POWER, /* the power goes before it: as KILL; disk_cut_power() tells what is left */
    DISK_EIO,   /* it fails: and if it is a sync, what was to be written is lost */
    DISK_FULL, /* it and some calls after it fail with ENOSPC, as far as they take room; a write has written some of it */
    DISK_SHORT, /* a write writes only some of its bytes and says so */
    DISK_EINTR, /* a write or reservation is interrupted by a signal */
    DISK_NO_FAULT
};

extern const struct spool_calls disk_calls;

/* The folder has segments/ and quarantine/; what is in them is on stable storage. No fault is planned. */
void disk_start(const char *folder);
/* Count calls from now on; the `at`th (from 1) has the fault. `seed` decides how much of a write is done. */
void disk_plan(enum disk_fault fault, int at, unsigned seed);
bool disk_was_hit(void); /* the planned call came */
bool disk_is_dead(void); /* the process has ended */
int disk_holes(void);    /* made since the process began */
/* A descriptor of <folder>/<name>, for the calls; the caller closes it. */
int disk_folder(const char *folder, const char *name);
/* The folder becomes what a start after the loss of power finds: all that is on stable storage, and, as `seed` has it, some of
 * what was not. Seed 0: nothing of it, 1: all. */
void disk_cut_power(unsigned seed);
void disk_end(void);

#endif
