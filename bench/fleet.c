/* Software is made here, everything else of a device in fleet_device.c. */
#include "bench/fleet_inner.h"

#include "common/inflate/inflate.h"

#include <math.h>
#include <stdio.h>

enum { PRODUCTS = 12000, IMAGES = 14, IMAGE_ROWS = 110, ROWS_MAX = 650, CHANGE_EVERY = 50 };

static const char *const makers[] = {"Ledger", "Harbour", "Atlas",  "Beacon", "Cobalt",  "Delta",  "Ember",
                                     "Falcon", "Garnet",  "Helix",  "Indigo", "Kestrel", "Lumen",  "Nimbus",
                                     "Onyx",   "Prism",   "Quartz", "Raven",  "Summit",  "Tundra", "Umbra",
                                     "Vertex", "Willow",  "Xenon",  "Zephyr"};
static const char *const kinds[] = {"Planner", "Viewer", "Connector", "Agent",  "Toolkit", "Manager", "Reader",
                                    "Editor",  "Client", "Console",   "Driver", "Update",  "Runtime", "Suite",
                                    "Monitor", "Report", "Scanner",   "Sync",   "Portal",  "Studio"};

struct fleet {
    uint64_t seed;
    unsigned programs;
};

/* SplitMix64's step: every number of a device comes from its own key, so order does not matter. */
uint64_t fleet_mix(uint64_t key)
{
    key += 0x9e3779b97f4a7c15u;
    key = (key ^ key >> 30) * 0xbf58476d1ce4e5b9u;
    key = (key ^ key >> 27) * 0x94d049bb133111ebu;
    return key ^ key >> 31;
}

static double fraction(uint64_t key)
{
    return (double)(fleet_mix(key) >> 11) / (double)(1ULL << 53);
}

struct fleet *fleet_new(uint64_t seed, unsigned programs)
{
    struct fleet *f = malloc(sizeof *f);
    if (f)
        *f = (struct fleet){seed, programs};
    return f;
}

void fleet_destroy(struct fleet *f)
{
    free(f);
}

uint64_t fleet_key(const struct fleet *f, unsigned device)
{
    return fleet_mix(f->seed * 0x100000001b3u + device);
}

void fleet_deviceid(const struct fleet *f, unsigned device, char out[64])
{
    uint64_t key = fleet_key(f, device);
    snprintf(out, 64, "BENCH-W%07u-2024-%02u-%02u-%02u-%02u-%02u", device, (unsigned)(1 + key % 12),
             (unsigned)(1 + key / 12 % 28), (unsigned)(key / 400 % 24), (unsigned)(key / 10000 % 60),
             (unsigned)(key / 600000 % 60));
}

/* Rows of the list by popularity: rank ~ 1/r, so that the thousand most common make up most of the rows. */
static unsigned popular(uint64_t key)
{
    double rank = 8 * (pow(PRODUCTS / 8.0 + 1, fraction(key)) - 1);
    return rank < PRODUCTS ? (unsigned)rank : PRODUCTS - 1;
}

static unsigned software_rows(const struct fleet *f, uint64_t key)
{
    if (f->programs != FLEET_MIXED)
        return f->programs;
    double tail = -log(1 - fraction(key + 1)) * 75; /* most have about a hundred, some six hundred */
    return IMAGE_ROWS / 2 + (tail < ROWS_MAX - IMAGE_ROWS ? (unsigned)tail : ROWS_MAX - IMAGE_ROWS);
}

static void add_program(struct buffer *xml, unsigned product, unsigned version, unsigned day)
{
    uint64_t key = fleet_mix(product);
    const char *maker = makers[key % COUNT(makers)], *kind = kinds[key / 32 % COUNT(kinds)];
    buffer_format(
        xml,
        "<SOFTWARES>\n<PUBLISHER>%s Software GmbH</PUBLISHER>\n<NAME>%s %s %u</NAME>\n<VERSION>%u.%u.%u</VERSION>\n"
        "<FOLDER>C:\\Program "
        "Files\\%s\\%s</FOLDER>\n<COMMENTS></COMMENTS>\n<FILENAME></FILENAME>\n<FILESIZE>0</FILESIZE>\n"
        "<SOURCE>1</SOURCE>\n<GUID>{%016llX%016llX}</GUID>\n<LANGUAGE></LANGUAGE>\n<ARCHITECTURE></ARCHITECTURE>\n"
        "<BITSWIDTH>64</BITSWIDTH>\n<INSTALLDATE>2025/%02u/%02u</INSTALLDATE>\n</SOFTWARES>\n",
        maker, maker, kind, product, (unsigned)(1 + key / 700 % 12), (unsigned)(key / 9000 % 10),
        (unsigned)(key / 90000 % 400) + version, maker, kind, (unsigned long long)key,
        (unsigned long long)fleet_mix(key), 1 + day % 12, 1 + day % 28);
}

/* In round r the programs whose number in the device's list fits to r have another version than before. */
static unsigned version_of(const struct fleet_moment *m, unsigned row)
{
    unsigned version = 0;
    for (unsigned round = 1; round <= m->round; round++)
        version += (row + round * 7 + m->device) % CHANGE_EVERY == 0;
    return version;
}

void fleet_software(const struct fleet *f, const struct fleet_moment *m, struct buffer *xml)
{
    uint64_t key = fleet_key(f, m->device);
    uint8_t taken[PRODUCTS] = {0};
    unsigned image = (unsigned)(fleet_mix(key) % IMAGES), rows = software_rows(f, key);
    for (unsigned row = 0, attempt = 0; row < rows; attempt++) {
        bool of_image = attempt < IMAGE_ROWS;
        unsigned product = popular(of_image ? f->seed + image * 1000 + attempt : key + 100 + attempt);
        if (taken[product] && attempt < 20 * ROWS_MAX)
            continue;
        taken[product] = 1;
        add_program(xml, product, version_of(m, row), product % 300);
        row++;
    }
}

void fleet_compress(struct view xml, struct buffer *body)
{
    if (inflate_code_reply(NULL, xml, CODING_ZLIB, body) != ST_OK && body->failed == ST_OK)
        body->failed = ST_NO_MEMORY; /* the buffer remembers it */
}
