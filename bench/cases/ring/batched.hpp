/* SPDX-License-Identifier: MIT */
/* Small chunks of which many become readable at once: what the writer saves when it does not show each. */
#include "cases/ring/support/bytes.hpp"

static bench::add<flow<64, 65536, batch_chunks>> flow_64_64k_batched{
    {"ring-64-64k-batched", "64 B chunks, 32 shown at once, 64 KiB ring",
     RING_RULES("32 chunks readable at once, by one write or one commit", "64 KiB"), "chunk", bench::gigabytes_per_s, 64}};
