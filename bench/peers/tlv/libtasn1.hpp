/* SPDX-License-Identifier: MIT */
/*
 * libtasn1's asn1_get_tag_der and asn1_get_length_der, which read the two halves of a header; the levels are kept here.
 * needs: package=libtasn1-6-dev header=libtasn1.h link=-ltasn1
 */
#include <libtasn1.h>

#include "cases/tlv/support/by_hand.hpp"

const bench::peer_about bench::this_peer = {bench::shared, bench::peer_role,
                                            "asn1_get_tag_der and asn1_get_length_der; does not ask for the shortest form"};

struct peer {
    static constexpr bool frames = false;

    static size_t walk(const uint8_t *data, size_t bytes)
    {
        return tlv_walk(data, bytes, [](const uint8_t *&at, const uint8_t *end, bool &constructed) {
            unsigned char tag_class;
            unsigned long tag;
            int used;
            if (asn1_get_tag_der(at, int(end - at), &tag_class, &used, &tag) != ASN1_SUCCESS) {
                return int64_t(-1);
            }
            constructed = (tag_class & ASN1_CLASS_STRUCTURED) != 0;
            at += used;
            long length = asn1_get_length_der(at, int(end - at), &used);
            at += used;
            return int64_t(length); /* negative: indefinite or malformed */
        });
    }
};
