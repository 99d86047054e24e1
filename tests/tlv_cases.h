/* SPDX-License-Identifier: MIT */
/* Headers, good and bad, of every dialect: what a walk says of them. */
#ifndef LEAT_TLV_CASES_H
#define LEAT_TLV_CASES_H

#include <leat/tlv.h>

/* offset:depth:header:length:total:type, c constructed, e end mark */
__attribute__((unused)) static const struct {
    const char *dialect, *hex, *walk;
    int64_t frames;
} good[] = {
    {"der", "", "", 0},
    {"der", "05 00", "0:0:2:0:2:5", 1},
    {"der", "30 03 02 01 07", "0:0:2:3:5:30c 2:1:2:1:3:2", 1},
    {"der", "30 00 30 00", "0:0:2:0:2:30c 2:0:2:0:2:30c", 2},
    {"der", "30 04 30 00 31 00", "0:0:2:4:6:30c 2:1:2:0:2:30c 4:1:2:0:2:31c", 1},
    {"der", "bf 1f 03 5f1f00", "0:0:3:3:6:bf1fc 3:1:3:0:3:5f1f", 1},
    {"der", "1f 1f 00", "0:0:3:0:3:1f1f", 1},
    {"der", "df 81 00 01 ff", "0:0:4:1:5:df8100", 1},
    {"der", "9f ff ff ff ff ff ff 7f 00", "0:0:9:0:9:9fffffffffffff7f", 1},
    {"ber", "30 81 03 02 01 07", "0:0:3:3:6:30c 3:1:2:1:3:2", 1},
    {"ber", "04 88 0000000000000001 aa", "0:0:10:1:11:4", 1},
    {"ber", "1f 05 00", "0:0:3:0:3:1f05", 1},
    {"ber", "1f 80 05 00", "0:0:4:0:4:1f8005", 1},
    {"ber", "30 80 00 00", "0:0:2:-1:-1:30c 2:1:2:0:2:0e", 1},
    {"ber", "30 80 05 00 00 00 05 00", "0:0:2:-1:-1:30c 2:1:2:0:2:5 4:1:2:0:2:0e 6:0:2:0:2:5", 2},
    {"ber", "30 80 31 80 00 00 00 00", "0:0:2:-1:-1:30c 2:1:2:-1:-1:31c 4:2:2:0:2:0e 6:1:2:0:2:0e", 1},
    {"ber", "30 06 31 80 05 00 00 00", "0:0:2:6:8:30c 2:1:2:-1:-1:31c 4:2:2:0:2:5 6:2:2:0:2:0e", 1},
    {"ber", "30 80 31 02 05 00 00 00", "0:0:2:-1:-1:30c 2:1:2:2:4:31c 4:2:2:0:2:5 6:1:2:0:2:0e", 1},
    {"ber", "bf 8a 39 80 00 00", "0:0:4:-1:-1:bf8a39c 4:1:2:0:2:0e", 1},
    {"lldp", "02 02 07 aa 04 01 05 00 00", "0:0:2:2:4:1 4:0:2:1:3:2 7:0:2:0:2:0e", 3},
    {"lldp", "fe 00", "0:0:2:0:2:7f", 1},
    {"radius-attr", "01 02 1a 03 00", "0:0:2:0:2:1 2:0:2:1:3:1a", 2},
    {"radius", "01 2a 0014 00000000000000000000000000000000", "0:0:20:0:20:1c", 1},
    {"radius", "02 00 0019 000102030405060708090a0b0c0d0e0f 01 03 61 02 02", "0:0:20:5:25:2c 20:1:2:1:3:1 23:1:2:0:2:2", 1},
    {"dhcp4", "35 01 03 00 00 ff", "0:0:2:1:3:35 3:0:1:0:1:0 4:0:1:0:1:0 5:0:1:0:1:ffe", 4},
    {"dhcp4", "0c 00", "0:0:2:0:2:c", 1},
    {"t8l8", "ff 00 00 01 aa", "0:0:2:0:2:ff 2:0:2:1:3:0", 2},
    {"t8l16le", "07 01 00 aa", "0:0:3:1:4:7", 1},
    {"t16l8", "01 02 01 aa", "0:0:3:1:4:102", 1},
    {"t16l16", "01 02 00 01 aa", "0:0:4:1:5:102", 1},
    {"t16l16le", "01 02 01 00 aa", "0:0:4:1:5:201", 1},
    {"t32l32", "01 02 03 04 00 00 00 01 aa", "0:0:8:1:9:1020304", 1},
    {"t32l32le", "01 02 03 04 01 00 00 00 aa", "0:0:8:1:9:4030201", 1},
};

/* The cursor's fault; the framer, and its end, say the same, unless the dialect leaves the inside of frames to the cursor. */
__attribute__((unused)) static const struct {
    const char *dialect, *hex;
    enum leat_tlv_rule rule;
    int64_t offset;
    bool inside;
} bad[] = {
    {"der", "30", LEAT_TLV_TRUNCATED, 0, false},
    {"der", "30 01", LEAT_TLV_TRUNCATED, 0, false},
    {"der", "05 00 04 82 01", LEAT_TLV_TRUNCATED, 2, false},
    {"der", "1f", LEAT_TLV_TRUNCATED, 0, false},
    {"der", "1f 81", LEAT_TLV_TRUNCATED, 0, false},
    {"der", "1f 1e 00", LEAT_TLV_TYPE_FORM, 0, false},
    {"der", "1f 80 81 00 00", LEAT_TLV_TYPE_FORM, 0, false},
    {"der", "9f ff ff ff ff ff ff ff 7f 00", LEAT_TLV_TYPE_FORM, 0, false},
    {"ber", "9f ff ff ff ff ff ff ff", LEAT_TLV_TYPE_FORM, 0, false},
    {"der", "04 ff", LEAT_TLV_LENGTH_FORM, 0, false},
    {"ber", "04 ff", LEAT_TLV_LENGTH_FORM, 0, false},
    {"ber", "04 89 000000000000000001 aa", LEAT_TLV_LENGTH_FORM, 0, false},
    {"ber", "04 fe", LEAT_TLV_LENGTH_FORM, 0, false},
    {"der", "04 81 7f", LEAT_TLV_LENGTH_MINIMAL, 0, false},
    {"der", "04 82 00 80", LEAT_TLV_LENGTH_MINIMAL, 0, false},
    {"der", "30 80 00 00", LEAT_TLV_INDEFINITE, 0, false},
    {"der", "30 04 31 80 00 00", LEAT_TLV_INDEFINITE, 2, true},
    {"ber", "04 80 00 00", LEAT_TLV_INDEFINITE, 0, false},
    {"der", "30 03 02 02 07", LEAT_TLV_OVERRUN, 2, true},
    {"der", "30 01 02", LEAT_TLV_OVERRUN, 2, true},
    {"der", "30 04 30 03 02 01 07 00", LEAT_TLV_OVERRUN, 2, true},
    {"der", "30 05 31 03 02 02 07", LEAT_TLV_OVERRUN, 4, true},
    {"der", "bf 1f 02 5f1f00", LEAT_TLV_OVERRUN, 3, true},
    {"der", "30 0a 04 88 7fffffffffffffff", LEAT_TLV_LENGTH_LIMIT, 2, true},
    {"der", "30 0a 04 88 1fffffffffffffff", LEAT_TLV_OVERRUN, 2, true},
    {"der", "04 88 ffffffffffffffff", LEAT_TLV_LENGTH_LIMIT, 0, false},
    {"der", "04 88 8000000000000000", LEAT_TLV_LENGTH_LIMIT, 0, false},
    {"der", "04 88 7fffffffffffffff", LEAT_TLV_LENGTH_LIMIT, 0, false},
    {"der", "04 88 1fffffffffffffff", LEAT_TLV_FRAME_LIMIT, 0, false},
    {"ber", "30 80 04 88 1fffffffffffffff", LEAT_TLV_TRUNCATED, 2, true},
    {"der", "04 84 ffffffff", LEAT_TLV_FRAME_LIMIT, 0, false},
    {"der", "00 00", LEAT_TLV_END_MARK, 0, false},
    {"der", "30 02 00 00", LEAT_TLV_END_MARK, 2, true},
    {"ber", "00 00", LEAT_TLV_END_MARK, 0, false},
    {"ber", "30 02 00 00", LEAT_TLV_END_MARK, 2, true},
    {"ber", "30 80 00 01", LEAT_TLV_END_MARK, 2, true},
    {"ber", "30 80 31 02 00 00 00 00", LEAT_TLV_END_MARK, 4, true},
    {"ber", "30 80", LEAT_TLV_UNENDED, 0, false},
    {"ber", "30 80 05 00", LEAT_TLV_UNENDED, 0, false},
    {"ber", "30 80 31 80 00 00", LEAT_TLV_UNENDED, 0, false},
    {"ber", "30 80 31 80 05", LEAT_TLV_TRUNCATED, 4, false},
    {"ber", "30 80 00", LEAT_TLV_TRUNCATED, 2, false},
    {"ber", "30 80 04 02 00", LEAT_TLV_TRUNCATED, 2, false},
    {"ber", "30 04 31 80 05 00", LEAT_TLV_UNENDED, 2, true},
    {"ber", "30 06 31 80 32 80 00 00", LEAT_TLV_UNENDED, 2, true},
    {"ber", "30 80 31 04 32 80 05 00 00 00", LEAT_TLV_UNENDED, 4, true},
    {"ber", "30 04 31 80 04 01 00", LEAT_TLV_OVERRUN, 4, true},
    {"ber", "30 03 31 80 00 00", LEAT_TLV_OVERRUN, 4, true},
    {"lldp", "02", LEAT_TLV_TRUNCATED, 0, false},
    {"lldp", "02 01", LEAT_TLV_TRUNCATED, 0, false},
    {"lldp", "03 ff 00", LEAT_TLV_TRUNCATED, 0, false},
    {"lldp", "00 01 00", LEAT_TLV_END_MARK, 0, false},
    {"radius-attr", "01 00", LEAT_TLV_LENGTH_SMALL, 0, false},
    {"radius-attr", "01 02 01 01", LEAT_TLV_LENGTH_SMALL, 2, false},
    {"radius-attr", "01 03", LEAT_TLV_TRUNCATED, 0, false},
    {"radius", "01 00 0013 00000000000000000000000000000000", LEAT_TLV_LENGTH_SMALL, 0, false},
    {"radius", "01 00 1001 00000000000000000000000000000000", LEAT_TLV_LENGTH_LIMIT, 0, false},
    {"radius", "01 00 0015 00000000000000000000000000000000", LEAT_TLV_TRUNCATED, 0, false},
    {"radius", "01 00 0016 00000000000000000000000000000000 01 03", LEAT_TLV_OVERRUN, 20, true},
    {"radius", "01 00 0015 00000000000000000000000000000000 01", LEAT_TLV_OVERRUN, 20, true},
    {"radius", "01 00 0016 00000000000000000000000000000000 01 01", LEAT_TLV_LENGTH_SMALL, 20, true},
    {"dhcp4", "35", LEAT_TLV_TRUNCATED, 0, false},
    {"dhcp4", "00 35 02 01", LEAT_TLV_TRUNCATED, 1, false},
    {"t32l32", "00000000 ffffffff", LEAT_TLV_FRAME_LIMIT, 0, false},
    {"t32l32", "00000000 000ffff8", LEAT_TLV_TRUNCATED, 0, false},
    {"t32l32", "00000000 000ffff9", LEAT_TLV_FRAME_LIMIT, 0, false},
    {"t8l32le", "00 ffffffff", LEAT_TLV_FRAME_LIMIT, 0, false},
};

#endif
