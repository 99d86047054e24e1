/* SPDX-License-Identifier: MIT */
/* Every item of real nested data, all levels. */
#include "cases/tlv/support/by_hand.hpp"
#include "cases/tlv/support/certificates.hpp"

struct tlv_der_walk {
    const std::vector<std::vector<uint8_t>> &all = tlv_certificates();
    std::vector<size_t> items;
    size_t bytes = 0;
    bool sound = true;

    tlv_der_walk()
    {
        for (const std::vector<uint8_t> &one : all) {
            items.push_back(tlv_der_by_hand(one.data(), one.size()));
            sound = sound && items.back() > 0;
            bytes += one.size();
        }
    }
    /* One walk takes about as long as what should lie between two looks at the clock. */
    void first(bench::slice &s)
    {
        bool same = sound;
        s.start_ns = bench::now_ns();
        do {
            for (size_t i = 0; i < all.size(); i++) {
                bench::use(all[i].data());
                same &= peer::walk(all[i].data(), all[i].size()) == items[i];
            }
            s.operations++;
            s.end_ns = bench::now_ns();
        } while (s.end_ns - s.start_ns < s.length_ns);
        if (!same) {
            s.wrong = "not as many items as the loop by hand finds";
        }
        s.value = double(s.operations) * double(bytes) / double(s.end_ns - s.start_ns);
    }
};

static bench::add<tlv_der_walk> tlv_der_walk_case{
    {.name = "tlv-der-walk",
     .title = "walk all items of the certificates",
     .rules =
         "one thread walks the DER of all certificates in /etc/ssl/certs/*.pem, one after the other, and reads the header of every item "
         "on every level; values of primitive items are not touched; the items of each certificate are counted, and the count is compared",
     .what = "walk of all certificates",
     .in = bench::gigabytes_per_s}};
