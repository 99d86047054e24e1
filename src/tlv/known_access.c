/* SPDX-License-Identifier: MIT */
/*
 * known_access.c: how machines come onto a network. Source: IEEE 802.1AB (LLDP), RFC 2132 (DHCPv4), RFC 8415 (DHCPv6), RFC 2865 and 6929
 * (RADIUS), RFC 3748 (EAP), RFC 1661 and 1332 (PPP: LCP, IPCP), IEEE 802.11.
 */
#include "known.h"

static const struct leat_tlv_mark lldp_marks[] = {{.type = 0, .end = true}};
static const struct leat_tlv_name lldp_names[] = {
    {0, "End Of LLDPDU"},      {1, "Chassis ID"},          {2, "Port ID"},
    {3, "Time To Live"},       {4, "Port Description"},    {5, "System Name"},
    {6, "System Description"}, {7, "System Capabilities"}, {8, "Management Address"},
    {127, "Organization"},
};
const struct leat_tlv_dialect leat_tlv_lldp = {
    .name = "lldp",
    .rule = "one 16-bit word, big endian: type 7 bits, length 9 bits (value only); type 0 length 0 ends",
    .type = BIG_BITS(0, 2, 9, 0x7f),
    .length = BIG_BITS(0, 2, 0, 0x1ff),
    .header_bytes = 2,
    .align = 1,
    MARKS(lldp_marks),
    NAMES(lldp_names),
    .shape = LEAT_TLV_SHAPE_FIXED,
};

static const struct leat_tlv_mark dhcp4_marks[] = {{.type = 0, .bare = true}, {.type = 255, .bare = true, .end = true}};
static const struct leat_tlv_name dhcp4_names[] = {
    {0, "Pad"},
    {1, "Subnet Mask"},
    {3, "Router"},
    {6, "Domain Name Server"},
    {12, "Host Name"},
    {15, "Domain Name"},
    {28, "Broadcast Address"},
    {42, "NTP Servers"},
    {43, "Vendor Specific"},
    {50, "Requested Address"},
    {51, "Lease Time"},
    {52, "Overload"},
    {53, "Message Type"},
    {54, "Server Identifier"},
    {55, "Parameter Request List"},
    {57, "Maximum Message Size"},
    {58, "Renewal Time"},
    {59, "Rebinding Time"},
    {60, "Vendor Class"},
    {61, "Client Identifier"},
    {82, "Relay Agent Information"},
    {255, "End"},
};
const struct leat_tlv_dialect leat_tlv_dhcp4 = {
    .name = "dhcp4",
    .rule = "options: type 1, length 1 (value only); 0 pads and 255 ends, both without length",
    .type = BIG(0, 1),
    .length = BIG(1, 1),
    .header_bytes = 2,
    .align = 1,
    MARKS(dhcp4_marks),
    NAMES(dhcp4_names),
    .shape = LEAT_TLV_SHAPE_FIXED,
};

enum { IA_NA = 3, IA_TA = 4, IAADDR = 5, RELAY_MSG = 9, VENDOR_OPTS = 17, IA_PD = 25, IAPREFIX = 26, RELAY_FORW = 12, RELAY_REPL = 13 };
#define RELAYED(starts, fixed)                                                                                         \
    {                                                                                                                  \
        .first = RELAY_MSG, .last = RELAY_MSG, .value_starts = starts, .fixed_bytes = fixed, .inside = &leat_tlv_dhcp6 \
    }
static const struct leat_tlv_nest dhcp6_nests[] = {
    NEST(IA_NA, 12, &leat_tlv_dhcp6),
    NEST(IA_TA, 4, &leat_tlv_dhcp6),
    NEST(IAADDR, 24, &leat_tlv_dhcp6),
    NEST(IA_PD, 12, &leat_tlv_dhcp6),
    NEST(IAPREFIX, 25, &leat_tlv_dhcp6),
    NEST(VENDOR_OPTS, 4, &leat_tlv_dhcp6),
    RELAYED(RELAY_FORW, 34),
    RELAYED(RELAY_REPL, 34),
    RELAYED(ANY_VALUE, 4),
};
static const struct leat_tlv_name dhcp6_names[] = {
    {1, "Client Identifier"}, {2, "Server Identifier"}, {3, "IA_NA"},           {4, "IA_TA"},         {5, "IA Address"},
    {6, "Option Request"},    {7, "Preference"},        {8, "Elapsed Time"},    {9, "Relay Message"}, {13, "Status Code"},
    {14, "Rapid Commit"},     {16, "Vendor Class"},     {17, "Vendor Options"}, {18, "Interface-Id"}, {19, "Reconfigure Message"},
    {23, "DNS Servers"},      {24, "Domain List"},      {25, "IA_PD"},          {26, "IA Prefix"},    {39, "Client FQDN"},
};
const struct leat_tlv_dialect leat_tlv_dhcp6 = {
    .name = "dhcp6",
    .rule = "options: type 2, length 2 (value only), big endian; identity associations, addresses, prefixes and relayed messages nest",
    .type = BIG(0, 2),
    .length = BIG(2, 2),
    .header_bytes = 4,
    .align = 1,
    NESTS(dhcp6_nests),
    NAMES(dhcp6_names),
    .shape = LEAT_TLV_SHAPE_PLAIN,
};

static const struct leat_tlv_name attr_names[] = {
    {1, "User-Name"},
    {2, "User-Password"},
    {3, "CHAP-Password"},
    {4, "NAS-IP-Address"},
    {5, "NAS-Port"},
    {6, "Service-Type"},
    {7, "Framed-Protocol"},
    {8, "Framed-IP-Address"},
    {11, "Filter-Id"},
    {12, "Framed-MTU"},
    {18, "Reply-Message"},
    {24, "State"},
    {25, "Class"},
    {26, "Vendor-Specific"},
    {27, "Session-Timeout"},
    {30, "Called-Station-Id"},
    {31, "Calling-Station-Id"},
    {32, "NAS-Identifier"},
    {33, "Proxy-State"},
    {40, "Acct-Status-Type"},
    {41, "Acct-Delay-Time"},
    {42, "Acct-Input-Octets"},
    {43, "Acct-Output-Octets"},
    {44, "Acct-Session-Id"},
    {61, "NAS-Port-Type"},
    {79, "EAP-Message"},
    {80, "Message-Authenticator"},
    {87, "NAS-Port-Id"},
    {95, "NAS-IPv6-Address"},
};
const struct leat_tlv_dialect leat_tlv_radius_attr = {
    .name = "radius-attr",
    .rule = "type 1, length 1 (header and value)",
    .type = BIG(0, 1),
    .length = BIG(1, 1),
    .header_bytes = 2,
    .length_includes = 2,
    .align = 1,
    NAMES(attr_names),
    .shape = LEAT_TLV_SHAPE_PLAIN,
};

static const struct leat_tlv_nest radius_nests[] = {
    {.first = 0, .last = UINT64_MAX, .value_starts = ANY_VALUE, .fixed_bytes = 0, .inside = &leat_tlv_radius_attr}};
static const struct leat_tlv_name radius_names[] = {{1, "Access-Request"},     {2, "Access-Accept"},       {3, "Access-Reject"},
                                                    {4, "Accounting-Request"}, {5, "Accounting-Response"}, {11, "Access-Challenge"}};
const struct leat_tlv_dialect leat_tlv_radius = {
    .name = "radius",
    .rule = "code 1, identifier 1, length 2 big endian (header and value, 20 to 4096), authenticator 16; then radius-attr items",
    .type = BIG(0, 1),
    .length = BIG(2, 2),
    .header_bytes = 20,
    .length_includes = 20,
    .length_max = 4096,
    .align = 1,
    NESTS(radius_nests),
    NAMES(radius_names),
    .shape = LEAT_TLV_SHAPE_PLAIN,
};

static const struct leat_tlv_name eap_names[] = {{1, "Request"}, {2, "Response"}, {3, "Success"}, {4, "Failure"}};
const struct leat_tlv_dialect leat_tlv_eap = {
    .name = "eap",
    .rule = "code 1, identifier 1, length 2 big endian (header and value)",
    .type = BIG(0, 1),
    .length = BIG(2, 2),
    .header_bytes = 4,
    .length_includes = 4,
    .align = 1,
    NAMES(eap_names),
    .shape = LEAT_TLV_SHAPE_PLAIN,
};

static const struct leat_tlv_name option_names[] = {{1, "MRU"}, {2, "ACCM"}, {3, "Authentication"}, {4, "Quality"}, {5, "Magic"},
                                                    {7, "PFC"}, {8, "ACFC"}};
const struct leat_tlv_dialect leat_tlv_lcp_option = {
    .name = "lcp-option",
    .rule = "type 1, length 1 (header and value)",
    .type = BIG(0, 1),
    .length = BIG(1, 1),
    .header_bytes = 2,
    .length_includes = 2,
    .align = 1,
    NAMES(option_names),
    .shape = LEAT_TLV_SHAPE_PLAIN,
};
static const struct leat_tlv_nest lcp_nests[] = {
    {.first = 1, .last = 4, .value_starts = ANY_VALUE, .fixed_bytes = 0, .inside = &leat_tlv_lcp_option}};
static const struct leat_tlv_name lcp_names[] = {{1, "Configure-Request"}, {2, "Configure-Ack"},     {3, "Configure-Nak"},
                                                 {4, "Configure-Reject"},  {5, "Terminate-Request"}, {6, "Terminate-Ack"},
                                                 {7, "Code-Reject"},       {8, "Protocol-Reject"},   {9, "Echo-Request"},
                                                 {10, "Echo-Reply"},       {11, "Discard-Request"}};
const struct leat_tlv_dialect leat_tlv_lcp = {
    .name = "lcp",
    .rule = "code 1, identifier 1, length 2 big endian (header and value); codes 1 to 4 hold lcp-option items",
    .type = BIG(0, 1),
    .length = BIG(2, 2),
    .header_bytes = 4,
    .length_includes = 4,
    .align = 1,
    NESTS(lcp_nests),
    NAMES(lcp_names),
    .shape = LEAT_TLV_SHAPE_PLAIN,
};

static const struct leat_tlv_name wifi_names[] = {
    {0, "SSID"},
    {1, "Supported Rates"},
    {3, "DS Parameter"},
    {5, "TIM"},
    {7, "Country"},
    {11, "BSS Load"},
    {42, "ERP"},
    {45, "HT Capabilities"},
    {48, "RSN"},
    {50, "Extended Rates"},
    {61, "HT Operation"},
    {127, "Extended Capabilities"},
    {191, "VHT Capabilities"},
    {192, "VHT Operation"},
    {221, "Vendor Specific"},
    {242, "Fragment"},
    {255, "Extension"},
};
const struct leat_tlv_dialect leat_tlv_wifi = {
    .name = "wifi",
    .rule = "802.11 elements: type 1, length 1 (value only)",
    .type = BIG(0, 1),
    .length = BIG(1, 1),
    .header_bytes = 2,
    .align = 1,
    NAMES(wifi_names),
    .shape = LEAT_TLV_SHAPE_PLAIN,
};
