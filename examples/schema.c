/* SPDX-License-Identifier: MIT */
/* schema.c: one list makes a struct, its encoder, its decoder and its printer; and what is said of bytes that are not well formed. */
#include <leat/schema.h>
#include <stdio.h>

#define POSITION(F)                  \
    F(1, I32, east_m, REQUIRED, ANY) \
    F(2, I32, north_m, REQUIRED, ANY)

#define SENSOR(F)                                   \
    F(1, U32, id, REQUIRED, ANY)                    \
    F(2, U64, time_ns, REQUIRED, ANY)               \
    F(3, I16, celsius, DEFAULT(20), RANGE(-90, 60)) \
    F(4, TEXT(31), place, OPTIONAL, ANY)            \
    F(5, NESTED(position), corner, REPEATED(0, 4), ANY)

LEAT_SCHEMA(position, LEAT_SCHEMA_PLAIN(16, 16, BIG), POSITION, SKIP)
LEAT_SCHEMA(sensor, LEAT_SCHEMA_PLAIN(16, 16, BIG), SENSOR, CRITICAL(0x8000, 0x8000))

int main(void)
{
    unsigned char wire[256];
    char line[256];
    struct sensor in = {.id = 7, .time_ns = 1000, .celsius = 21, .has_place = true, .place_bytes = 4, .place = "hall", .corner_count = 1};
    in.corner[0] = (struct position){.east_m = -3, .north_m = 4};

    int64_t bytes = sensor_encode(&in, wire, sizeof wire);
    if (bytes < 0)
        return 1;
    struct sensor out;
    struct leat_schema_fault fault;
    if (sensor_decode(&out, wire, bytes, &fault) != 0)
        return 1;
    sensor_print(&out, line, sizeof line);
    printf("%lld bytes: %s\n", (long long)bytes, line);

    wire[24] = 0x7f; /* 0x7f15 degrees */
    if (sensor_decode(&out, wire, bytes, &fault) == 0)
        return 1;
    printf("byte %lld: %s: %s\n", (long long)fault.offset, fault.field, leat_schema_rule_text(fault.rule));
    return fault.rule == LEAT_SCHEMA_RANGE ? 0 : 1;
}
