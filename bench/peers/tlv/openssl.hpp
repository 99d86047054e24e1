/* SPDX-License-Identifier: MIT */
/*
 * libcrypto's ASN1_get_object, which reads one header; the levels are kept here. It takes BER lengths too.
 * needs: package=libssl-dev header=openssl/asn1.h link=-lcrypto
 */
#include <openssl/asn1.h>

#include "cases/tlv/support/by_hand.hpp"

const bench::peer_about bench::this_peer = {bench::shared, bench::peer_role, "ASN1_get_object; does not ask for the shortest form"};

struct peer {
    static constexpr bool frames = false;

    static size_t walk(const uint8_t *data, size_t bytes)
    {
        return tlv_walk(data, bytes, [](const uint8_t *&at, const uint8_t *end, bool &constructed) {
            long length;
            int tag, tag_class, form = ASN1_get_object(&at, &length, &tag, &tag_class, end - at);
            constructed = (form & V_ASN1_CONSTRUCTED) != 0;
            return (form & 0x81) != 0 ? int64_t(-1) : int64_t(length); /* 0x80: malformed, 1: indefinite */
        });
    }
};
