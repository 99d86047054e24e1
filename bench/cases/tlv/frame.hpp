/* SPDX-License-Identifier: MIT */
/* Frames out of a stream of which much is there: what finding and checking one costs. */
#include <vector>

template <class Peer> struct tlv_frame_64 {
    static constexpr bool possible = Peer::frames;
    static constexpr int64_t frame_bytes = 64, all = 4096;

    std::vector<uint8_t> data;
    Peer framer;

    tlv_frame_64() : data(size_t(frame_bytes * all), 0x5a)
    {
        for (int64_t i = 0; i < all; i++) {
            static const uint8_t header[] = {0, 1, 0, 0, 0, frame_bytes - 6};
            std::copy(header, header + sizeof(header), data.begin() + i * frame_bytes);
        }
    }
    /* One pass takes less than what should lie between two looks at the clock. */
    void first(bench::slice &s)
    {
        s.start_ns = bench::now_ns();
        do {
            int64_t bytes = int64_t(data.size()), frames = 0;
            int64_t at = framer.all_frames(data.data(), bytes, [&](int64_t offset, int64_t n) {
                bench::use(data.data() + offset);
                frames += n == frame_bytes;
            });
            if (frames != all || at != bytes) {
                s.wrong = "not the frames that are there";
            }
            s.operations += all;
            s.end_ns = bench::now_ns();
        } while (s.end_ns - s.start_ns < s.length_ns && s.wrong == nullptr);
    }
};

static bench::add<tlv_frame_64<peer>> tlv_frame_64_case{
    {.name = "tlv-frame-64",
     .title = "find frames of 64 B",
     .rules = "one thread takes a buffer of 256 KiB, all of it there, from its start to its end, over and over: 4096 frames of 64 B "
              "(t16l32be, 58 B of value); each is found and checked against what is left and a limit of 1 MiB, and its place is used; no value is touched",
     .what = "frame",
     .in = bench::millions_per_s}};
