/* SPDX-License-Identifier: MIT */
/* One thread, 1000 blocks out at once, given back last first, first first, or in random order: what a cache of a few cannot serve. */
enum out_order { last_first, first_first, any_order };

template <size_t Bytes, out_order Order> struct out {
    static constexpr int blocks_out = 1000;
    static constexpr int orders_kept = 16; /* drawn from, and begun anywhere, so that no predictor learns them */

    peer<Bytes> subject{blocks_out, false};
    uint64_t *blocks[blocks_out];
    uint16_t orders[orders_kept][blocks_out];

    void prepare(uint64_t &state)
    {
        for (auto &order : orders) {
            for (int i = 0; i < blocks_out; i++) {
                int j = Order == any_order ? int(bench::random(state) % uint64_t(i + 1)) : i;
                order[i] = order[j];
                order[j] = uint16_t(Order == last_first ? blocks_out - 1 - i : i);
            }
        }
    }

    bool take_all()
    {
        for (int i = 0; i < blocks_out; i++) {
            blocks[i] = static_cast<uint64_t *>(subject.alloc(0));
            if (blocks[i] == nullptr) {
                while (i > 0) {
                    subject.free(0, blocks[--i]);
                }
                return false;
            }
            *blocks[i] = uint64_t(i);
            bench::use(blocks[i]);
        }
        return true;
    }

    /* Returns whether all were as they had been left. */
    bool give_back(const uint16_t *order, const uint16_t *end)
    {
        uint64_t changed = 0;
        for (; order < end; order++) {
            uint64_t *block = blocks[*order];
            changed |= *block ^ *order;
            bench::use(block);
            subject.free(0, block);
        }
        return changed == 0;
    }

    void first(bench::slice &s)
    {
        uint64_t state = s.seed;
        prepare(state);
        s.start_ns = bench::now_ns();
        do {
            for (int64_t i = 0; i < s.batch; i += blocks_out) {
                uint64_t draw = bench::random(state);
                const uint16_t *order = orders[draw % orders_kept];
                const uint16_t *from = order + (Order == any_order ? (draw >> 32) % blocks_out : 0);
                if (!take_all()) {
                    s.wrong = "no block to be had";
                } else if (!give_back(from, order + blocks_out) || !give_back(order, from)) {
                    s.wrong = "a block changed while it was out";
                }
                s.operations += blocks_out;
            }
            s.end_ns = bench::now_ns();
        } while (s.end_ns - s.start_ns < s.length_ns && s.wrong == nullptr);
    }
};

#define POOL_OUT_RULES "one thread takes 1000 blocks, writing the first 8 bytes of each, then reads and checks those and gives all back, "
static bench::add<out<64, last_first>> lifo_64{
    {"pool-lifo-64", "1000 of 64 B out, last first", POOL_OUT_RULES "the last one first", "pair", bench::ns_per_operation}};
static bench::add<out<64, first_first>> fifo_64{
    {"pool-fifo-64", "1000 of 64 B out, first first", POOL_OUT_RULES "the first one first", "pair", bench::ns_per_operation}};
static bench::add<out<64, any_order>> random_64{
    {"pool-random-64", "1000 of 64 B out, random order", POOL_OUT_RULES "in random order", "pair", bench::ns_per_operation}};
static bench::add<out<1024, any_order>> random_1024{
    {"pool-random-1024", "1000 of 1024 B out, random order", POOL_OUT_RULES "in random order", "pair", bench::ns_per_operation}};
