/* SPDX-License-Identifier: MIT */
/*
 * BoringSSL's CBS, which reads one element and checks that it is DER; the levels are kept here.
 * needs: package=android-libboringssl-dev header=openssl/bytestring.h include=/usr/include/android
 * needs: link=/usr/lib/x86_64-linux-gnu/android/libcrypto.so rpath=/usr/lib/x86_64-linux-gnu/android
 */
#include <openssl/bytestring.h>

#include "cases/tlv/support/by_hand.hpp"

const bench::peer_about bench::this_peer = {bench::shared, bench::peer_role, "CBS_get_any_asn1_element"};

struct peer {
    static constexpr bool frames = false;

    static size_t walk(const uint8_t *data, size_t bytes)
    {
        return tlv_walk(data, bytes, [](const uint8_t *&at, const uint8_t *end, bool &constructed) {
            CBS rest, element;
            unsigned tag;
            size_t head;
            CBS_init(&rest, at, size_t(end - at));
            if (!CBS_get_any_asn1_element(&rest, &element, &tag, &head)) {
                return int64_t(-1);
            }
            constructed = (tag & CBS_ASN1_CONSTRUCTED) != 0;
            at += head;
            return int64_t(CBS_len(&element) - head);
        });
    }
};
