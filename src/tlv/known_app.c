/* SPDX-License-Identifier: MIT */
/*
 * known_app.c: applications. Source: RFC 8446 (TLS), OASIS MQTT 3.1.1 and 5.0, RFC 7252 (CoAP), RFC 9113 (HTTP/2), the encoding page of
 * protobuf, Bluetooth Core, part C of volume 3 (advertising data).
 */
#include "known.h"

static const struct leat_tlv_name ext_names[] = {{0, "server_name"},
                                                 {1, "max_fragment_length"},
                                                 {5, "status_request"},
                                                 {10, "supported_groups"},
                                                 {11, "ec_point_formats"},
                                                 {13, "signature_algorithms"},
                                                 {16, "alpn"},
                                                 {18, "signed_certificate_timestamp"},
                                                 {21, "padding"},
                                                 {22, "encrypt_then_mac"},
                                                 {23, "extended_master_secret"},
                                                 {35, "session_ticket"},
                                                 {41, "pre_shared_key"},
                                                 {42, "early_data"},
                                                 {43, "supported_versions"},
                                                 {44, "cookie"},
                                                 {45, "psk_key_exchange_modes"},
                                                 {51, "key_share"},
                                                 {0xff01, "renegotiation_info"}};
const struct leat_tlv_dialect leat_tlv_tls_ext = {
    .name = "tls-ext",
    .rule = "extensions: type 2, length 2 (value only), big endian",
    .type = BIG(0, 2),
    .length = BIG(2, 2),
    .header_bytes = 4,
    .align = 1,
    NAMES(ext_names),
    .shape = LEAT_TLV_SHAPE_PLAIN,
};

/* A hello: version and random; then session id, the ciphers offered or the one chosen, compression; then how long the extensions are. */
enum { CLIENT_HELLO = 1, SERVER_HELLO = 2, ENCRYPTED_EXTENSIONS = 8, VERSION_AND_RANDOM = 34, HANDSHAKE = 22 };
static const signed char client_parts[] = {-1, -2, -1, 0}, server_parts[] = {-1, 3, 0};
static const struct leat_tlv_nest handshake_nests[] = {
    {.first = CLIENT_HELLO,
     .last = CLIENT_HELLO,
     .value_starts = ANY_VALUE,
     .fixed_bytes = VERSION_AND_RANDOM,
     .inside = &leat_tlv_tls_ext,
     .parts = client_parts,
     .area_bytes = 2},
    {.first = SERVER_HELLO,
     .last = SERVER_HELLO,
     .value_starts = ANY_VALUE,
     .fixed_bytes = VERSION_AND_RANDOM,
     .inside = &leat_tlv_tls_ext,
     .parts = server_parts,
     .area_bytes = 2},
    {.first = ENCRYPTED_EXTENSIONS, .last = ENCRYPTED_EXTENSIONS, .value_starts = ANY_VALUE, .inside = &leat_tlv_tls_ext, .area_bytes = 2},
};
static const struct leat_tlv_name handshake_names[] = {
    {0, "HelloRequest"},       {1, "ClientHello"},        {2, "ServerHello"},         {4, "NewSessionTicket"}, {8, "EncryptedExtensions"},
    {11, "Certificate"},       {12, "ServerKeyExchange"}, {13, "CertificateRequest"}, {14, "ServerHelloDone"}, {15, "CertificateVerify"},
    {16, "ClientKeyExchange"}, {20, "Finished"},          {22, "CertificateStatus"}};
const struct leat_tlv_dialect leat_tlv_tls_handshake = {
    .name = "tls-handshake",
    .rule = "type 1, length 3 big endian (value only); hellos hold tls-ext items",
    .type = BIG(0, 1),
    .length = BIG(1, 3),
    .header_bytes = 4,
    .align = 1,
    NESTS(handshake_nests),
    NAMES(handshake_names),
    .shape = LEAT_TLV_SHAPE_PLAIN,
};

/* Only hellos are sure to be in the clear, and to be whole in one record. */
static const struct leat_tlv_nest tls_nests[] = {
    {.first = HANDSHAKE, .last = HANDSHAKE, .value_starts = CLIENT_HELLO, .inside = &leat_tlv_tls_handshake},
    {.first = HANDSHAKE, .last = HANDSHAKE, .value_starts = SERVER_HELLO, .inside = &leat_tlv_tls_handshake},
};
static const struct leat_tlv_name tls_names[] = {
    {20, "ChangeCipherSpec"}, {21, "Alert"}, {22, "Handshake"}, {23, "ApplicationData"}, {24, "Heartbeat"}};
const struct leat_tlv_dialect leat_tlv_tls = {
    .name = "tls",
    .rule = "records: type 1, version 2, length 2 big endian (value only, up to 18432); records that begin with a hello hold handshakes",
    .type = BIG(0, 1),
    .length = BIG(3, 2),
    .header_bytes = 5,
    .length_max = 16384 + 2048,
    .align = 1,
    NESTS(tls_nests),
    NAMES(tls_names),
    .shape = LEAT_TLV_SHAPE_PLAIN,
};

static const struct leat_tlv_name mqtt_names[] = {{1, "CONNECT"},   {2, "CONNACK"},      {3, "PUBLISH"},   {4, "PUBACK"},
                                                  {5, "PUBREC"},    {6, "PUBREL"},       {7, "PUBCOMP"},   {8, "SUBSCRIBE"},
                                                  {9, "SUBACK"},    {10, "UNSUBSCRIBE"}, {11, "UNSUBACK"}, {12, "PINGREQ"},
                                                  {13, "PINGRESP"}, {14, "DISCONNECT"},  {15, "AUTH"}};
const struct leat_tlv_dialect leat_tlv_mqtt = {
    .name = "mqtt",
    .rule = "type 4 bits, flags 4 bits, length of 7 bits a byte, up to 4 bytes, low ones first (value only)",
    .type = BIG_BITS(0, 1, 4, 0xf),
    .length = {.codec = LEAT_TLV_LEB128, .at = LEAT_TLV_BEHIND, .bytes = 4, .mask = UINT64_MAX},
    .header_bytes = 1,
    .align = 1,
    NAMES(mqtt_names),
    .shape = LEAT_TLV_SHAPE_GENERAL,
};

/* 13: one byte follows, 14: two; 15 is kept for the mark before the payload, which is a whole byte. */
static const struct leat_tlv_escape nibble[] = {{13, 1, 13, 0}, {14, 2, 269, 0}, {15, -1, 0, 0}};
#define NIBBLE(shift_)                                                                                                             \
    {                                                                                                                              \
        .codec = LEAT_TLV_BIG, .at = 0, .bytes = 1, .shift = shift_, .mask = 0xf, .escapes = nibble, .escape_count = COUNT(nibble) \
    }
static const struct leat_tlv_mark coap_marks[] = {{.type = 0xff, .bare = true, .end = true, .first_byte = true}};
static const struct leat_tlv_name coap_names[] = {{1, "If-Match"},        {3, "Uri-Host"},      {4, "ETag"},          {5, "If-None-Match"},
                                                  {6, "Observe"},         {7, "Uri-Port"},      {8, "Location-Path"}, {11, "Uri-Path"},
                                                  {12, "Content-Format"}, {14, "Max-Age"},      {15, "Uri-Query"},    {17, "Accept"},
                                                  {20, "Location-Query"}, {23, "Block2"},       {27, "Block1"},       {28, "Size2"},
                                                  {35, "Proxy-Uri"},      {39, "Proxy-Scheme"}, {60, "Size1"},        {0xff, "payload"}};
const struct leat_tlv_dialect leat_tlv_coap = {
    .name = "coap",
    .rule = "options: distance to the type before 4 bits, length 4 bits (value only), each with 1 or 2 bytes more for 13 and 14; ff ends",
    .type = NIBBLE(4),
    .length = NIBBLE(0),
    .cumulative = true,
    .header_bytes = 1,
    .align = 1,
    MARKS(coap_marks),
    NAMES(coap_names),
    .shape = LEAT_TLV_SHAPE_GENERAL,
};

static const struct leat_tlv_name http2_names[] = {{0, "DATA"},          {1, "HEADERS"},      {2, "PRIORITY"}, {3, "RST_STREAM"},
                                                   {4, "SETTINGS"},      {5, "PUSH_PROMISE"}, {6, "PING"},     {7, "GOAWAY"},
                                                   {8, "WINDOW_UPDATE"}, {9, "CONTINUATION"}};
const struct leat_tlv_dialect leat_tlv_http2 = {
    .name = "http2",
    .rule = "length 3 big endian (value only), type 1, flags 1, stream 4; the 24 bytes that a client begins with are no frame",
    .type = BIG(3, 1),
    .length = BIG(0, 3),
    .header_bytes = 9,
    .align = 1,
    NAMES(http2_names),
    .shape = LEAT_TLV_SHAPE_PLAIN,
};

/* The key's lower three bits say what the value is. Groups (3 and 4) are matched by order, not by number. */
static const struct leat_tlv_kind wires[] = {{2, LEAT_TLV_BY_FIELD, 0, 0, 0}, {0, LEAT_TLV_SELF, 0, 0, 0},  {1, LEAT_TLV_SIZED, 8, 0, 0},
                                             {5, LEAT_TLV_SIZED, 4, 0, 0},    {3, LEAT_TLV_OPENS, 0, 0, 0}, {4, LEAT_TLV_CLOSES, 0, 0, 0}};
static const struct leat_tlv_escape field_zero[] = {{0, -1, 0, 0}};
const struct leat_tlv_dialect leat_tlv_protobuf = {
    .name = "protobuf",
    .rule = "key of 7 bits a byte, up to 5 bytes: field number and 3 bits of wire type, which says what the value is",
    .type = {.codec = LEAT_TLV_LEB128,
             .at = LEAT_TLV_BEHIND,
             .bytes = 5,
             .shift = 3,
             .mask = 0x1fffffff,
             .escapes = field_zero,
             .escape_count = COUNT(field_zero)},
    .length = {.codec = LEAT_TLV_LEB128, .at = LEAT_TLV_BEHIND, .bytes = 10, .mask = UINT64_MAX},
    .control = BIG_BITS(0, 1, 0, 7),
    .kinds = wires,
    .kind_count = COUNT(wires),
    .inside = &leat_tlv_protobuf,
    .indefinite = true,
    .align = 1,
    .shape = LEAT_TLV_SHAPE_GENERAL,
};

/* Here the length comes first and counts the type; the length 0 ends the data. */
static const struct leat_tlv_mark ad_marks[] = {{.type = 0, .bare = true, .end = true, .first_byte = true}};
static const struct leat_tlv_name ad_names[] = {
    {0x01, "Flags"},         {0x02, "16-bit UUIDs, more"}, {0x03, "16-bit UUIDs"}, {0x06, "128-bit UUIDs, more"},
    {0x07, "128-bit UUIDs"}, {0x08, "Short Name"},         {0x09, "Name"},         {0x0a, "Tx Power"},
    {0x0d, "Class"},         {0x10, "Device ID"},          {0x16, "Service Data"}, {0x19, "Appearance"},
    {0xff, "Manufacturer"}};
const struct leat_tlv_dialect leat_tlv_bt_ad = {
    .name = "bt-ad",
    .rule = "Bluetooth's advertising data: length 1 (type and value), type 1; the length 0 ends",
    .type = BIG(1, 1),
    .length = BIG(0, 1),
    .header_bytes = 2,
    .length_includes = 1,
    .align = 1,
    .in_hex = true,
    MARKS(ad_marks),
    NAMES(ad_names),
    .shape = LEAT_TLV_SHAPE_GENERAL,
};
