#include "common/auth/auth.h"

#include "common/auth/users.h"
#include "common/base/clock.h"

#include <crypt.h>
#include <ctype.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

enum {
    CREDENTIALS_MAX = 1024, /* of user:password in base64 */
    CLIENTS = 4096,         /* whose failures are counted */
    SALT = 32,
};

/* What was sent, taken apart. */
struct pair {
    char text[CREDENTIALS_MAX]; /**< user, NUL, password */
    const char *password;
    unsigned char digest[USER_DIGEST];
};

struct client {
    uint64_t key;
    int64_t since_s;
    unsigned failures;
};

struct waiting {
    struct view header;
    uint64_t client;
    auth_done_fn *done;
    void *ctx;
};

struct auth {
    char file[PATH_MAX];
    struct stat looked_at;
    unsigned char salt[SALT];
    pthread_t thread;
    bool is_running;
    struct crypt_data *crypt; /**< of the thread */
    pthread_mutex_t lock;     /**< of all below */
    pthread_cond_t changed;
    struct users users;
    struct client clients[CLIENTS];
    struct waiting queue[AUTH_QUEUE];
    size_t first, count;
    bool stopping;
};

/* ---- what was sent ---- */

static int digit_of(unsigned char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* @return bytes written; 0 when it is no base64 or too long */
static size_t decode(struct view in, char *out, size_t room)
{
    size_t len = 0;
    unsigned bits = 0, held = 0;
    while (in.len > 0 && in.data[in.len - 1] == '=')
        in.len--;
    for (size_t i = 0; i < in.len; i++) {
        int digit = digit_of((unsigned char)in.data[i]);
        if (digit < 0 || len == room)
            return 0;
        bits = bits << 6 | (unsigned)digit;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[len++] = (char)(bits >> held);
        }
    }
    return len;
}

static bool digest_of(const struct auth *a, struct pair *pair, size_t len)
{
    unsigned char both[SALT + CREDENTIALS_MAX];
    memcpy(both, a->salt, SALT);
    memcpy(both + SALT, pair->text, len);
    bool ok = EVP_Digest(both, SALT + len, pair->digest, NULL, EVP_sha256(), NULL) == 1;
    explicit_bzero(both, sizeof both);
    return ok;
}

/* @return false: these are no credentials of the Basic scheme */
static bool take_apart(const struct auth *a, struct view header, struct pair *pair)
{
    static const char scheme[] = "Basic ";
    if (header.len < sizeof scheme || strncasecmp(header.data, scheme, sizeof scheme - 1) != 0)
        return false;
    struct view code = {header.data + sizeof scheme - 1, header.len - (sizeof scheme - 1)};
    while (code.len > 0 && *code.data == ' ')
        code = (struct view){code.data + 1, code.len - 1};
    size_t len = decode(code, pair->text, sizeof pair->text - 1);
    pair->text[len] = '\0';
    char *colon = memchr(pair->text, ':', len);
    if (!colon || memchr(pair->text, '\0', len))
        return false;
    *colon = '\0';
    pair->password = colon + 1;
    return digest_of(a, pair, len);
}

static void forget(struct pair *pair)
{
    explicit_bzero(pair, sizeof *pair);
}

/* ---- failures of a client; with the lock ---- */

static uint64_t client_key(struct view client)
{
    uint64_t key = 0xcbf29ce484222325u;
    for (size_t i = 0; i < client.len && i < 8; i++)
        key = (key ^ (unsigned char)client.data[i]) * 0x100000001b3u;
    return key;
}

static struct client *client_of(struct auth *a, uint64_t key)
{
    struct client *c = &a->clients[key % CLIENTS];
    int64_t now = clock_steady_ms() / 1000;
    if (c->key != key || now - c->since_s >= AUTH_WINDOW_S)
        *c = (struct client){.key = key, .since_s = now};
    return c;
}

/* ---- asking ---- */

static bool is_known(const struct auth *a, const struct pair *pair)
{
    const struct user *user = users_find(&a->users, pair->text);
    return user && user->is_known && CRYPTO_memcmp(user->known, pair->digest, USER_DIGEST) == 0;
}

static enum auth_verdict enqueue(struct auth *a, const struct waiting *w)
{
    if (a->stopping || a->count == AUTH_QUEUE)
        return AUTH_BUSY;
    a->queue[(a->first + a->count++) % AUTH_QUEUE] = *w;
    pthread_cond_signal(&a->changed);
    return AUTH_LATER;
}

enum auth_verdict auth_check(struct auth *a, struct view header, struct view client, auth_done_fn *done, void *ctx)
{
    struct pair pair;
    const struct waiting w = {header, client_key(client), done, ctx};
    if (!take_apart(a, header, &pair))
        return AUTH_MISSING;
    pthread_mutex_lock(&a->lock);
    enum auth_verdict verdict = is_known(a, &pair)                                  ? AUTH_YES
                                : client_of(a, w.client)->failures >= AUTH_FAILURES ? AUTH_LIMITED
                                                                                    : enqueue(a, &w);
    pthread_mutex_unlock(&a->lock);
    forget(&pair);
    return verdict;
}

/* ---- hashing: the thread ---- */

/* A user that does not exist costs as much as the first one. */
static void copy_hash(const struct auth *a, const struct pair *pair, char out[static CRYPT_OUTPUT_SIZE], bool *exists)
{
    const struct user *user = users_find(&a->users, pair->text);
    *exists = user != NULL;
    size_t len = strnlen((user ? user : a->users.list)->hash, CRYPT_OUTPUT_SIZE - 1);
    memcpy(out, (user ? user : a->users.list)->hash, len);
    out[len] = '\0';
}

static bool is_right(struct auth *a, const struct pair *pair, const char *hash)
{
    const char *made = crypt_r(pair->password, hash, a->crypt);
    size_t len = strlen(hash);
    return made && made[0] != '*' && strlen(made) == len && CRYPTO_memcmp(made, hash, len) == 0;
}

/* The users may have changed while it was hashed: the pair is remembered only for the hash that it fits. */
static void remember(struct auth *a, const struct waiting *w, const struct pair *pair, const char *hash, bool right)
{
    struct user *user = users_find(&a->users, pair->text);
    if (!right)
        client_of(a, w->client)->failures++;
    else if (user && strcmp(user->hash, hash) == 0) {
        memcpy(user->known, pair->digest, USER_DIGEST);
        user->is_known = true;
    }
}

static enum auth_verdict judge(struct auth *a, const struct waiting *w)
{
    struct pair pair;
    char hash[CRYPT_OUTPUT_SIZE];
    bool exists;
    if (!take_apart(a, w->header, &pair))
        return AUTH_MISSING;
    pthread_mutex_lock(&a->lock);
    bool known = is_known(a, &pair); /* it came twice, and the first was hashed meanwhile */
    bool limited = !known && client_of(a, w->client)->failures >= AUTH_FAILURES;
    copy_hash(a, &pair, hash, &exists);
    pthread_mutex_unlock(&a->lock);
    if (known || limited) {
        forget(&pair);
        return known ? AUTH_YES : AUTH_LIMITED;
    }
    bool right = is_right(a, &pair, hash) && exists;
    pthread_mutex_lock(&a->lock);
    remember(a, w, &pair, hash, right);
    pthread_mutex_unlock(&a->lock);
    forget(&pair);
    return right ? AUTH_YES : AUTH_WRONG;
}

static void *run(void *ctx)
{
    struct auth *a = ctx;
    pthread_mutex_lock(&a->lock);
    for (;;) {
        while (a->count == 0 && !a->stopping)
            pthread_cond_wait(&a->changed, &a->lock);
        if (a->count == 0)
            break;
        struct waiting w = a->queue[a->first];
        a->first = (a->first + 1) % AUTH_QUEUE;
        a->count--;
        bool stopping = a->stopping;
        pthread_mutex_unlock(&a->lock);
        w.done(w.ctx, stopping ? AUTH_BUSY : judge(a, &w));
        pthread_mutex_lock(&a->lock);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

/* ---- life ---- */

static status load(struct auth *a, struct reason *why)
{
    struct users fresh = {0};
    if (stat(a->file, &a->looked_at) != 0)
        memset(&a->looked_at, 0, sizeof a->looked_at);
    status st = users_read(a->file, &fresh, why);
    if (st != ST_OK)
        return st;
    pthread_mutex_lock(&a->lock);
    struct users old = a->users;
    a->users = fresh;
    memset(a->clients, 0, sizeof a->clients); /* what was wrong may be right now */
    pthread_mutex_unlock(&a->lock);
    users_clear(&old);
    return ST_OK;
}

status auth_refresh(struct auth *a, bool force, bool *changed, struct reason *why)
{
    struct stat now;
    *changed = false;
    if (stat(a->file, &now) != 0)
        memset(&now, 0, sizeof now);
    bool is_same = now.st_mtim.tv_sec == a->looked_at.st_mtim.tv_sec &&
                   now.st_mtim.tv_nsec == a->looked_at.st_mtim.tv_nsec && now.st_ino == a->looked_at.st_ino &&
                   now.st_size == a->looked_at.st_size;
    if (is_same && !force)
        return ST_OK;
    status st = load(a, why);
    *changed = st == ST_OK;
    return st;
}

static status start(struct auth *a, struct reason *why)
{
    a->crypt = calloc(1, sizeof *a->crypt);
    if (!a->crypt || RAND_bytes(a->salt, SALT) != 1)
        return ST_NO_MEMORY;
    a->is_running = pthread_create(&a->thread, NULL, run, a) == 0;
    if (!a->is_running)
        reason_set(why, "no_thread", "cannot start the thread that checks passwords");
    return a->is_running ? ST_OK : ST_IO;
}

status auth_new(const char *file, struct auth **out, struct reason *why)
{
    AUTO(auth_destroy) struct auth *a = calloc(1, sizeof *a);
    if (!a)
        return ST_NO_MEMORY;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->changed, NULL);
    size_t len = strlen(file);
    if (len >= sizeof a->file) {
        reason_set(why, "users_file", "the path of the users' file is too long");
        return ST_INVALID;
    }
    memcpy(a->file, file, len + 1);
    status st = load(a, why);
    if (st == ST_OK)
        st = start(a, why);
    if (st == ST_OK)
        *out = STEAL(a);
    return st;
}

void auth_stop(struct auth *a)
{
    pthread_mutex_lock(&a->lock);
    a->stopping = true;
    pthread_cond_signal(&a->changed);
    pthread_mutex_unlock(&a->lock);
    if (a->is_running)
        pthread_join(a->thread, NULL);
    a->is_running = false;
}

void auth_destroy(struct auth *a)
{
    if (!a)
        return;
    auth_stop(a);
    if (a->crypt)
        explicit_bzero(a->crypt, sizeof *a->crypt);
    free(a->crypt);
    users_clear(&a->users);
    pthread_cond_destroy(&a->changed);
    pthread_mutex_destroy(&a->lock);
    explicit_bzero(a->salt, SALT);
    free(a);
}
