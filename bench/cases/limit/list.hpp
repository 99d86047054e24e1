/* SPDX-License-Identifier: MIT */
/* The least a pool can do: take the head of a list of free blocks, put it back. */

template <size_t Bytes> struct bare_list {
    struct block {
        block *next;
        char rest[Bytes - sizeof(block *)];
    };
    alignas(Bytes) block blocks[64];
    block *head = nullptr;

    bare_list()
    {
        for (block &each : blocks) {
            each.next = head;
            head = &each;
        }
    }
    void first(bench::slice &s)
    {
        s.start_ns = bench::now_ns();
        do {
            for (int64_t i = 0; i < s.batch; i++) {
                block *taken = head;
                head = taken->next;
                bench::use(taken);
                taken->next = head;
                head = taken;
                bench::use(&head); /* the list is in memory, as a pool's is */
            }
            s.operations += s.batch;
            s.end_ns = bench::now_ns();
        } while (s.end_ns - s.start_ns < s.length_ns);
        check(s);
    }

  private:
    void check(bench::slice &s)
    {
        size_t count = 0;
        for (block *each = head; each != nullptr && count <= 64; each = each->next) {
            count++;
        }
        s.wrong = count == 64 ? s.wrong : "the list lost a block";
    }
};

static bench::add<bare_list<64>> list_64{{"limit-list-64", "64 B blocks, bare list",
                                          "one thread takes the first of 64 listed blocks and puts it back; nobody touches its other bytes",
                                          "pair", bench::ns_per_operation}};
