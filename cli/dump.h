/* SPDX-License-Identifier: MIT */
/* dump.h: how `leat dump` prints. */
#ifndef LEAT_CLI_DUMP_H
#define LEAT_CLI_DUMP_H

#include "cli.h"

#include <leat/tlv.h>

struct dump_style {
    const struct leat_tlv_dialect *dialect;
    bool json;
    bool color;
};

/* dump_print.c: all of it goes to stdout. @param dialect  of the item's level, for the type's name */
void dump_item(const struct dump_style *style, const struct leat_tlv_dialect *dialect, const struct leat_tlv_item *item);

#endif
