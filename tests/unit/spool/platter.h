/*
 * What of a folder of files is on stable storage, and what only in the cache: of each file its sectors, its size and its holes, of each
 * folder the names, in the order in which they were made. disk.h says how a disk treats them; its calls do to the real files what they
 * say here, too.
 *
 * Threads: one at a time.
 */
#ifndef MUSTER_TESTS_SPOOL_PLATTER_H
#define MUSTER_TESTS_SPOOL_PLATTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PLATTER_SECTOR = 512 };

struct file;

/* What is in segments/ and quarantine/ of this folder is on stable storage; nothing else is known. */
void platter_start(const char *folder);
void platter_end(void);

/* The file that a descriptor means; NULL: it is not known. */
struct file *platter_file(int fd);
void platter_write(struct file *f, const void *data, size_t len, size_t at);
void platter_truncate(struct file *f);
void platter_reserve(struct file *f, size_t size);
/* Whole sectors inside the file are given back: zeros. */
void platter_punch(struct file *f, size_t at, size_t len);
/* None of it was given back and not reserved since. */
bool platter_has_room(const struct file *f, size_t at, size_t len);
/* All of it was written and not synced: then writing it once more takes no room, on whatever file system. */
bool platter_is_dirty(const struct file *f, size_t at, size_t len);
void platter_sync(struct file *f);
/* The cache forgets that it had something to write. */
void platter_forget(struct file *f);

/* One of the two folders by its descriptor; -1: another one, in which no file changes. */
int platter_folder(int fd);
void platter_made(int folder, const char *name, int fd);
void platter_renamed(int folder, const char *from, const char *to);
void platter_removed(int folder, const char *name);
void platter_sync_folder(int folder);

/* The real folder becomes what a start after the loss of power finds (disk_cut_power()). */
void platter_cut_power(unsigned seed);

/* A number below `sides` by chance; the state decides. */
unsigned platter_roll(unsigned *state, unsigned sides);

#endif
