/* SPDX-License-Identifier: MIT */
/* oid.c: object identifiers of X.690, 8.19, as people write them, and what the standards of certificates call them. */
#include "tlv_private.h"

#include <leat/value.h>

#define DIGITS_MOST 20 /* of 2^64 - 1 */

struct oid_name {
    const char *dotted, *name;
};

/* RFC 4519, RFC 5280, RFC 3279, RFC 4055, RFC 5480, RFC 5758, RFC 8410, RFC 6962, RFC 5652, RFC 2985 */
static const struct oid_name names[] = {
    {"0.9.2342.19200300.100.1.1", "userId"},
    {"0.9.2342.19200300.100.1.25", "domainComponent"},
    {"1.2.840.10045.2.1", "id-ecPublicKey"},
    {"1.2.840.10045.3.1.7", "prime256v1"},
    {"1.2.840.10045.4.1", "ecdsa-with-SHA1"},
    {"1.2.840.10045.4.3.2", "ecdsa-with-SHA256"},
    {"1.2.840.10045.4.3.3", "ecdsa-with-SHA384"},
    {"1.2.840.10045.4.3.4", "ecdsa-with-SHA512"},
    {"1.2.840.113549.1.1.1", "rsaEncryption"},
    {"1.2.840.113549.1.1.4", "md5WithRSAEncryption"},
    {"1.2.840.113549.1.1.5", "sha1WithRSAEncryption"},
    {"1.2.840.113549.1.1.8", "mgf1"},
    {"1.2.840.113549.1.1.10", "rsassaPss"},
    {"1.2.840.113549.1.1.11", "sha256WithRSAEncryption"},
    {"1.2.840.113549.1.1.12", "sha384WithRSAEncryption"},
    {"1.2.840.113549.1.1.13", "sha512WithRSAEncryption"},
    {"1.2.840.113549.1.7.1", "pkcs7-data"},
    {"1.2.840.113549.1.7.2", "pkcs7-signedData"},
    {"1.2.840.113549.1.9.1", "emailAddress"},
    {"1.2.840.113549.1.9.14", "extensionRequest"},
    {"1.3.6.1.4.1.11129.2.4.2", "signedCertificateTimestamps"},
    {"1.3.6.1.5.5.7.1.1", "authorityInfoAccess"},
    {"1.3.6.1.5.5.7.2.1", "id-qt-cps"},
    {"1.3.6.1.5.5.7.2.2", "id-qt-unotice"},
    {"1.3.6.1.5.5.7.3.1", "serverAuth"},
    {"1.3.6.1.5.5.7.3.2", "clientAuth"},
    {"1.3.6.1.5.5.7.3.3", "codeSigning"},
    {"1.3.6.1.5.5.7.3.4", "emailProtection"},
    {"1.3.6.1.5.5.7.3.8", "timeStamping"},
    {"1.3.6.1.5.5.7.3.9", "OCSPSigning"},
    {"1.3.6.1.5.5.7.48.1", "OCSP"},
    {"1.3.6.1.5.5.7.48.2", "caIssuers"},
    {"1.3.14.3.2.26", "sha1"},
    {"1.3.101.110", "X25519"},
    {"1.3.101.112", "ED25519"},
    {"1.3.101.113", "ED448"},
    {"1.3.132.0.34", "secp384r1"},
    {"1.3.132.0.35", "secp521r1"},
    {"2.5.4.3", "commonName"},
    {"2.5.4.4", "surname"},
    {"2.5.4.5", "serialNumber"},
    {"2.5.4.6", "countryName"},
    {"2.5.4.7", "localityName"},
    {"2.5.4.8", "stateOrProvinceName"},
    {"2.5.4.9", "streetAddress"},
    {"2.5.4.10", "organizationName"},
    {"2.5.4.11", "organizationalUnitName"},
    {"2.5.4.12", "title"},
    {"2.5.4.17", "postalCode"},
    {"2.5.4.42", "givenName"},
    {"2.5.4.97", "organizationIdentifier"},
    {"2.5.29.14", "subjectKeyIdentifier"},
    {"2.5.29.15", "keyUsage"},
    {"2.5.29.16", "privateKeyUsagePeriod"},
    {"2.5.29.17", "subjectAltName"},
    {"2.5.29.18", "issuerAltName"},
    {"2.5.29.19", "basicConstraints"},
    {"2.5.29.30", "nameConstraints"},
    {"2.5.29.31", "cRLDistributionPoints"},
    {"2.5.29.32", "certificatePolicies"},
    {"2.5.29.32.0", "anyPolicy"},
    {"2.5.29.33", "policyMappings"},
    {"2.5.29.35", "authorityKeyIdentifier"},
    {"2.5.29.36", "policyConstraints"},
    {"2.5.29.37", "extKeyUsage"},
    {"2.5.29.46", "freshestCRL"},
    {"2.5.29.54", "inhibitAnyPolicy"},
    {"2.16.840.1.101.3.4.2.1", "sha256"},
    {"2.16.840.1.101.3.4.2.2", "sha384"},
    {"2.16.840.1.101.3.4.2.3", "sha512"},
    {"2.16.840.1.113730.1.1", "nsCertType"},
};

/* A number behind what stands in text[0 .. used) already; returns the new `used`, or -EMSGSIZE. */
static int64_t put_arc(char *text, int64_t room, int64_t used, uint64_t arc)
{
    char digits[DIGITS_MOST];
    int count = 0;
    do {
        digits[count++] = (char)('0' + arc % 10);
        arc /= 10;
    } while (arc > 0);
    if (room - used < count + (used > 0) + 1)
        return -EMSGSIZE;
    if (used > 0)
        text[used++] = '.';
    while (count > 0)
        text[used++] = digits[--count];
    text[used] = '\0';
    return used;
}

int64_t leat_tlv_oid(const struct leat_tlv_item *item, char *text, int64_t room)
{
    int64_t used = 0;
    uint64_t arc = 0;
    if (item->length < 1 || (item->value[item->length - 1] & 0x80) != 0)
        return -EBADMSG;
    for (int64_t i = 0; i < item->length; i++) {
        const unsigned char octet = item->value[i];
        if ((arc == 0 && octet == 0x80) || arc > UINT64_MAX >> 7) /* not the shortest form; more than 64 bits */
            return -EBADMSG;
        arc = arc << 7 | (octet & 0x7f);
        if ((octet & 0x80) != 0)
            continue;
        if (used == 0) { /* the first octets hold two arcs, of which the first is 0 to 2 */
            const uint64_t first = arc < 80 ? arc / 40 : 2;
            used = put_arc(text, room, used, first);
            arc -= first * 40;
        }
        if (used > 0)
            used = put_arc(text, room, used, arc);
        if (used < 0)
            return used;
        arc = 0;
    }
    return used;
}

static bool same(const char *one, const char *other)
{
    while (*one == *other && *one != '\0')
        one++, other++;
    return *one == *other;
}

const char *leat_tlv_oid_name(const struct leat_tlv_item *item)
{
    char text[LEAT_TLV_OID_CHARS];
    if (leat_tlv_oid(item, text, sizeof text) < 0)
        return NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (same(text, names[i].dotted))
            return names[i].name;
    }
    return NULL;
}
