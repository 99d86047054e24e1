/* SPDX-License-Identifier: MIT */
/* pump_guarantee.c: what a run of `leat pump` promises of each frame, by what its two ends can do. */
#include "pump.h"

/*
 * A source keeps its frames until it is told (acknowledges), or can be read again, or has given them away. An output says what it has
 * stored, perhaps once only, or says nothing. A power cut is another matter: see --ack-after.
 */
const char *pump_guarantee(const struct pump_options *options)
{
    struct leat_address from_address, to_address;
    const struct leat_transport *from = cli_endpoint_transport(options->from, &from_address);
    const struct leat_transport *to = cli_endpoint_transport(options->to, &to_address);
    if (from == NULL || to == NULL)
        return "";
    const bool asks = from->settle != NULL, again = cli_endpoint_read_again(options->from);
    if (to->stored == NULL)
        return "at most once: nobody says what has arrived";
    if (to->stores_once && again && leat_address_value(&to_address, "id") != NULL && leat_address_value(&to_address, "batch") != NULL)
        return "at least once, and by leat read once: a run that dies is run again with the same id";
    if (to->stores_once && again && leat_address_value(&to_address, "id") != NULL)
        return "at least once, and stored once: a run that dies is run again with the same id";
    if (to->stores_once && again)
        return "at least once: a run that dies is run again; with id=NAME nothing is stored twice then";
    if (asks && options->ack_after == PUMP_ACK_FSYNC)
        return "at least once: the source keeps each frame until the file is on its disk";
    if (asks)
        return to->stores_once
                   ? "at least once: the source keeps each frame until it is stored"
                   : "at least once: the source keeps each frame until the file has it; a power cut may take what is not on its disk";
    if (to->stores_once)
        return "what was accepted survives failures of the servers, not of leat: the source cannot be read again";
    if (again)
        return "at least once: a run that dies is run again";
    return "what was accepted is in the file, unless leat or the machine dies: the source cannot be read again";
}
