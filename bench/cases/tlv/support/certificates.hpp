/* SPDX-License-Identifier: MIT */
/* The certificates that the machine trusts, as DER: real data with real nesting. */
#ifndef BENCH_TLV_CERTIFICATES_HPP
#define BENCH_TLV_CERTIFICATES_HPP

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <glob.h>
#include <string>
#include <vector>

/* What stands between the lines BEGIN and END, decoded; other characters are skipped. */
inline std::vector<uint8_t> tlv_base64(const char *text, const char *end)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::vector<uint8_t> out;
    uint32_t bits = 0;
    int have = 0;
    for (; text != end; text++) {
        const char *digit = *text != 0 ? strchr(digits, *text) : nullptr;
        if (digit == nullptr) {
            continue;
        }
        bits = bits << 6 | uint32_t(digit - digits);
        have += 6;
        if (have >= 8) {
            have -= 8;
            out.push_back(uint8_t(bits >> have));
        }
    }
    return out;
}

inline std::string tlv_file(const char *path)
{
    std::string text;
    char piece[4096];
    size_t got;
    FILE *file = fopen(path, "rb");
    while (file != nullptr && (got = fread(piece, 1, sizeof(piece), file)) > 0) {
        text.append(piece, got);
    }
    if (file != nullptr) {
        fclose(file);
    }
    return text;
}

/* Read once in a worker; glob gives the names sorted. Throws bench::failure. */
inline const std::vector<std::vector<uint8_t>> &tlv_certificates()
{
    static std::vector<std::vector<uint8_t>> all;
    static const std::string begin = "-----BEGIN CERTIFICATE-----", end = "-----END CERTIFICATE-----";
    if (all.empty()) {
        glob_t names = {};
        glob("/etc/ssl/certs/*.pem", 0, nullptr, &names);
        for (size_t i = 0; i < names.gl_pathc; i++) {
            std::string text = tlv_file(names.gl_pathv[i]);
            size_t from = 0, to;
            while ((from = text.find(begin, from)) != text.npos && (to = text.find(end, from)) != text.npos) {
                all.push_back(tlv_base64(text.data() + from + begin.size(), text.data() + to));
                from = to;
            }
        }
        globfree(&names);
    }
    if (all.empty()) {
        throw bench::failure{"no certificates in /etc/ssl/certs"};
    }
    return all;
}
#endif
