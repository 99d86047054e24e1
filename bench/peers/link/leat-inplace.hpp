/* SPDX-License-Identifier: MIT */
/* leat's messages made where they wait in the channel, as its own link does, one way only. */
#include "peers/link/support/leat.hpp"

const bench::peer_about bench::this_peer = {bench::shared, bench::variant,
                                            "leat_msg_alloc in the channel's pipe; read by leat_channel_read"};

template <size_t Bytes, how How> struct inside : leat_inside<Bytes, How, true> {
    static constexpr bool possible = How == how::usual;
};
template <way, size_t> struct outside : impossible {
};
