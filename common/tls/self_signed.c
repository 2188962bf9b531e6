#include "common/tls/self_signed.h"

#include "common/base/buffer.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
    DAYS = 3652, /* agents keep the file: renewing it means to touch every one of them */
    NAMES_MAX = 4096,
    NAME_MAX_BYTES = 253,
    COMMON_NAME_MAX = 64, /* upper bound of X.520 */
};

AUTO_DEFINE(EVP_PKEY, EVP_PKEY_free)
AUTO_DEFINE(X509, X509_free)
AUTO_DEFINE(X509_EXTENSION, X509_EXTENSION_free)
AUTO_DEFINE(BIO, BIO_free_all)

/* ---- names ---- */

static bool is_host_name(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("-._*", name[i]))
            return false;
    return len > 0 && len <= NAME_MAX_BYTES;
}

/* "DNS:host", "IP:192.0.2.1": what OpenSSL's configuration language calls alternative names. */
static bool add_name(struct buffer *list, const char *name)
{
    struct in6_addr any;
    bool is_ip = inet_pton(AF_INET, name, &any) == 1 || inet_pton(AF_INET6, name, &any) == 1;
    if (!is_ip && !is_host_name(name))
        return false;
    buffer_format(list, "%s%s:%s", list->len > 0 ? "," : "", is_ip ? "IP" : "DNS", name);
    return true;
}

static status add_names(struct buffer *list, const char *names, struct reason *why)
{
    static const char separators[] = ", \t";
    for (const char *p = names; *(p += strspn(p, separators)) != 0;) {
        char name[NAME_MAX_BYTES + 1];
        size_t len = strcspn(p, separators);
        snprintf(name, sizeof name, "%.*s", (int)len, p);
        if (len >= sizeof name || !add_name(list, name)) {
            reason_set(why, "tls_name_invalid", "\"%.80s\" is no host name or address for a certificate", name);
            return ST_INVALID;
        }
        p += len;
    }
    return buffer_status(list);
}

static status list_names(struct buffer *list, const char *host, const char *names, struct reason *why)
{
    if (host[0] && !add_name(list, host))
        reason_set(why, "tls_host_name", "the name of this host, \"%.80s\", does not fit into a certificate", host);
    (void)add_name(list, "localhost"); /* these three are names */
    (void)add_name(list, "127.0.0.1");
    (void)add_name(list, "::1");
    return names ? add_names(list, names, why) : buffer_status(list);
}

/* ---- the certificate ---- */

static bool add_extension(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    AUTO(X509_EXTENSION_free) X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    return extension && X509_add_ext(certificate, extension, -1) == 1;
}

static bool set_serial(X509 *certificate)
{
    unsigned char random[16];
    if (RAND_bytes(random, sizeof random) != 1)
        return false;
    random[0] &= 0x7f; /* positive */
    BIGNUM *number = BN_bin2bn(random, sizeof random, NULL);
    bool ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return ok;
}

static bool set_subject(X509 *certificate, const char *host)
{
    X509_NAME *name = X509_get_subject_name(certificate);
    const unsigned char *common =
        (const unsigned char *)(host[0] && strlen(host) <= COMMON_NAME_MAX ? host : "localhost");
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common, -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, name) == 1;
}

static bool fill_certificate(X509 *certificate, EVP_PKEY *key, const char *host, const char *names)
{
    return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
           /* a day back: the clock of an agent may be slow */
           X509_gmtime_adj(X509_getm_notBefore(certificate), -24L * 3600) &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), (long)DAYS * 24 * 3600) && set_subject(certificate, host) &&
           X509_set_pubkey(certificate, key) == 1 &&
           add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE") &&
           add_extension(certificate, NID_key_usage, "critical,digitalSignature,keyCertSign") &&
           add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
           add_extension(certificate, NID_subject_key_identifier, "hash") &&
           add_extension(certificate, NID_subject_alt_name, names) && X509_sign(certificate, key, EVP_sha256()) > 0;
}

/* ---- files ---- */

static status fail(const char *path, struct reason *why)
{
    reason_set(why, "tls_not_written", "cannot write %s: %s; make the folder writable or set a certificate", path,
               strerror(errno));
    return errno == ENOSPC ? ST_NO_SPACE : ST_IO;
}

static status write_file(const char *path, mode_t mode, BIO *content, struct reason *why)
{
    char *bytes, temporary[4096];
    long len = BIO_get_mem_data(content, &bytes);
    if ((size_t)snprintf(temporary, sizeof temporary, "%s.new", path) >= sizeof temporary) {
        errno = ENAMETOOLONG;
        return fail(path, why);
    }
    (void)unlink(temporary); /* of a start that was interrupted */
    AUTO(fd_close) int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return fail(temporary, why);
    if (fchmod(fd, mode) != 0 || write(fd, bytes, (size_t)len) != len || fsync(fd) != 0 ||
        rename(temporary, path) != 0) {
        status st = fail(path, why);
        (void)unlink(temporary);
        return st;
    }
    return ST_OK;
}

/* The key first: a certificate in place says that the pair is complete. */
static status write_pair(const char *certificate_path, const char *key_path, X509 *certificate, EVP_PKEY *key,
                         struct reason *why)
{
    AUTO(BIO_free_all) BIO *key_text = BIO_new(BIO_s_secmem());
    AUTO(BIO_free_all) BIO *certificate_text = BIO_new(BIO_s_mem());
    if (!key_text || !certificate_text ||
        PEM_write_bio_PKCS8PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL) != 1 ||
        PEM_write_bio_X509(certificate_text, certificate) != 1)
        return ST_NO_MEMORY;
    status st = write_file(key_path, 0600, key_text, why);
    return st == ST_OK ? write_file(certificate_path, 0644, certificate_text, why) : st;
}

status self_signed_make(const char *certificate_path, const char *key_path, const char *names, struct reason *why)
{
    char host[NAME_MAX_BYTES + 1] = "";
    if (gethostname(host, sizeof host - 1) != 0 || !is_host_name(host))
        host[0] = 0;
    AUTO(buffer_clear) struct buffer list = BUFFER_INIT(NAMES_MAX);
    status st = list_names(&list, host, names, why);
    if (st != ST_OK)
        return st;
    AUTO(EVP_PKEY_free) EVP_PKEY *key = EVP_EC_gen("P-256");
    AUTO(X509_free) X509 *certificate = X509_new();
    if (!key || !certificate || !fill_certificate(certificate, key, host, list.data)) {
        reason_set(why, "tls_not_made", "OpenSSL could not make a certificate for %.150s", list.data);
        return ST_IO;
    }
    return write_pair(certificate_path, key_path, certificate, key, why);
}
