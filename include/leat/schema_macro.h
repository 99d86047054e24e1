/* SPDX-License-Identifier: MIT */
/*
 * leat/schema_macro.h: the macro of leat/schema.h; schema_inline.h includes it. A word of a row is pasted onto the name of what is wanted
 * of it: LEAT_SCHEMA_KIND_##kind. A word with an argument, FIXED(16), is so the call of a macro that gives the name of another one, or
 * words.
 */
#ifndef LEAT_SCHEMA_MACRO_H
#define LEAT_SCHEMA_MACRO_H

#include <leat/schema.h>

/* Members: has_NAME or NAME_count, NAME_bytes, NAME with the dimension of a repeated one. */
#define LEAT_SCHEMA_MEMBER(type, kind, name, presence, rule)                                            \
    LEAT_SCHEMA_MARK_##presence(name) LEAT_SCHEMA_LENGTH_##kind(name, LEAT_SCHEMA_DIMENSION_##presence) \
        LEAT_SCHEMA_TYPE_##kind name LEAT_SCHEMA_DIMENSION_##presence LEAT_SCHEMA_ARRAY_##kind;

#define LEAT_SCHEMA_NO_MARK(name)
#define LEAT_SCHEMA_HAS(name) bool has_##name;
#define LEAT_SCHEMA_COUNTED(name) int64_t name##_count;
#define LEAT_SCHEMA_MARK_REQUIRED LEAT_SCHEMA_NO_MARK
#define LEAT_SCHEMA_MARK_OPTIONAL LEAT_SCHEMA_HAS
#define LEAT_SCHEMA_MARK_DEFAULT(v) LEAT_SCHEMA_NO_MARK
#define LEAT_SCHEMA_MARK_REPEATED(a, b) LEAT_SCHEMA_COUNTED
#define LEAT_SCHEMA_DIMENSION_REQUIRED
#define LEAT_SCHEMA_DIMENSION_OPTIONAL
#define LEAT_SCHEMA_DIMENSION_DEFAULT(v)
#define LEAT_SCHEMA_DIMENSION_REPEATED(a, b) [b]

#define LEAT_SCHEMA_NO_LENGTH(name, dimension)
#define LEAT_SCHEMA_LENGTH(name, dimension) int64_t name##_bytes dimension;
#define LEAT_SCHEMA_LENGTH_U8 LEAT_SCHEMA_NO_LENGTH
#define LEAT_SCHEMA_LENGTH_U16 LEAT_SCHEMA_NO_LENGTH
#define LEAT_SCHEMA_LENGTH_U32 LEAT_SCHEMA_NO_LENGTH
#define LEAT_SCHEMA_LENGTH_U64 LEAT_SCHEMA_NO_LENGTH
#define LEAT_SCHEMA_LENGTH_I8 LEAT_SCHEMA_NO_LENGTH
#define LEAT_SCHEMA_LENGTH_I16 LEAT_SCHEMA_NO_LENGTH
#define LEAT_SCHEMA_LENGTH_I32 LEAT_SCHEMA_NO_LENGTH
#define LEAT_SCHEMA_LENGTH_I64 LEAT_SCHEMA_NO_LENGTH
#define LEAT_SCHEMA_LENGTH_BOOL LEAT_SCHEMA_NO_LENGTH
#define LEAT_SCHEMA_LENGTH_FIXED(n) LEAT_SCHEMA_NO_LENGTH
#define LEAT_SCHEMA_LENGTH_NESTED(s) LEAT_SCHEMA_NO_LENGTH
#define LEAT_SCHEMA_LENGTH_BYTES(n) LEAT_SCHEMA_LENGTH
#define LEAT_SCHEMA_LENGTH_TEXT(n) LEAT_SCHEMA_LENGTH
#define LEAT_SCHEMA_LENGTH_VIEW LEAT_SCHEMA_NO_LENGTH
#define LEAT_SCHEMA_LENGTH_TEXT_VIEW LEAT_SCHEMA_NO_LENGTH

#define LEAT_SCHEMA_TYPE_U8 uint8_t
#define LEAT_SCHEMA_TYPE_U16 uint16_t
#define LEAT_SCHEMA_TYPE_U32 uint32_t
#define LEAT_SCHEMA_TYPE_U64 uint64_t
#define LEAT_SCHEMA_TYPE_I8 int8_t
#define LEAT_SCHEMA_TYPE_I16 int16_t
#define LEAT_SCHEMA_TYPE_I32 int32_t
#define LEAT_SCHEMA_TYPE_I64 int64_t
#define LEAT_SCHEMA_TYPE_BOOL bool
#define LEAT_SCHEMA_TYPE_FIXED(n) unsigned char
#define LEAT_SCHEMA_TYPE_NESTED(s) struct s
#define LEAT_SCHEMA_TYPE_BYTES(n) unsigned char
#define LEAT_SCHEMA_TYPE_TEXT(n) char
#define LEAT_SCHEMA_TYPE_VIEW struct leat_schema_view
#define LEAT_SCHEMA_TYPE_TEXT_VIEW struct leat_schema_view

#define LEAT_SCHEMA_ARRAY_U8
#define LEAT_SCHEMA_ARRAY_U16
#define LEAT_SCHEMA_ARRAY_U32
#define LEAT_SCHEMA_ARRAY_U64
#define LEAT_SCHEMA_ARRAY_I8
#define LEAT_SCHEMA_ARRAY_I16
#define LEAT_SCHEMA_ARRAY_I32
#define LEAT_SCHEMA_ARRAY_I64
#define LEAT_SCHEMA_ARRAY_BOOL
#define LEAT_SCHEMA_ARRAY_FIXED(n) [n]
#define LEAT_SCHEMA_ARRAY_NESTED(s)
#define LEAT_SCHEMA_ARRAY_BYTES(n) [n]
#define LEAT_SCHEMA_ARRAY_TEXT(n) [(n) + 1]
#define LEAT_SCHEMA_ARRAY_VIEW
#define LEAT_SCHEMA_ARRAY_TEXT_VIEW

/* The row as a struct leat_schema_field. `leat_self` is the struct, in each function that is made. */
#define LEAT_SCHEMA_FIELD(type, kind, name, presence, rule)                                                                \
    {                                                                                                                      \
#name, type, LEAT_SCHEMA_KIND_##kind, LEAT_SCHEMA_PRESENCE_##presence, LEAT_SCHEMA_OFFSET(name),                   \
            LEAT_SCHEMA_STRIDE_##presence(name), LEAT_SCHEMA_MARK_AT_##presence(name), LEAT_SCHEMA_LENGTH_AT_##kind(name), \
            LEAT_SCHEMA_RULE_##rule                                                                                        \
    }
#define LEAT_SCHEMA_FIELD_COMMA(type, kind, name, presence, rule) LEAT_SCHEMA_FIELD(type, kind, name, presence, rule),

#define LEAT_SCHEMA_KIND_U8 LEAT_SCHEMA_UINT, NULL
#define LEAT_SCHEMA_KIND_U16 LEAT_SCHEMA_UINT, NULL
#define LEAT_SCHEMA_KIND_U32 LEAT_SCHEMA_UINT, NULL
#define LEAT_SCHEMA_KIND_U64 LEAT_SCHEMA_UINT, NULL
#define LEAT_SCHEMA_KIND_I8 LEAT_SCHEMA_INT, NULL
#define LEAT_SCHEMA_KIND_I16 LEAT_SCHEMA_INT, NULL
#define LEAT_SCHEMA_KIND_I32 LEAT_SCHEMA_INT, NULL
#define LEAT_SCHEMA_KIND_I64 LEAT_SCHEMA_INT, NULL
#define LEAT_SCHEMA_KIND_BOOL LEAT_SCHEMA_BOOL, NULL
#define LEAT_SCHEMA_KIND_FIXED(n) LEAT_SCHEMA_FIXED, NULL
#define LEAT_SCHEMA_KIND_NESTED(s) LEAT_SCHEMA_STRUCT, &s##_calls
#define LEAT_SCHEMA_KIND_BYTES(n) LEAT_SCHEMA_BYTES, NULL
#define LEAT_SCHEMA_KIND_TEXT(n) LEAT_SCHEMA_TEXT, NULL
#define LEAT_SCHEMA_KIND_VIEW LEAT_SCHEMA_VIEW, NULL
#define LEAT_SCHEMA_KIND_TEXT_VIEW LEAT_SCHEMA_TEXT_VIEW, NULL

#define LEAT_SCHEMA_PRESENCE_REQUIRED LEAT_SCHEMA_REQUIRED, 1, 1, 0
#define LEAT_SCHEMA_PRESENCE_OPTIONAL LEAT_SCHEMA_OPTIONAL, 0, 1, 0
#define LEAT_SCHEMA_PRESENCE_DEFAULT(v) LEAT_SCHEMA_DEFAULT, 0, 1, (uint64_t)(v)
#define LEAT_SCHEMA_PRESENCE_REPEATED(a, b) LEAT_SCHEMA_REPEATED, a, b, 0

#define LEAT_SCHEMA_OFFSET(member) ((int32_t)offsetof(leat_self, member))
#define LEAT_SCHEMA_NOWHERE(name) 0
#define LEAT_SCHEMA_HAS_AT(name) LEAT_SCHEMA_OFFSET(has_##name)
#define LEAT_SCHEMA_COUNT_AT(name) LEAT_SCHEMA_OFFSET(name##_count)
#define LEAT_SCHEMA_BYTES_AT(name) LEAT_SCHEMA_OFFSET(name##_bytes)
#define LEAT_SCHEMA_MARK_AT_REQUIRED LEAT_SCHEMA_NOWHERE
#define LEAT_SCHEMA_MARK_AT_OPTIONAL LEAT_SCHEMA_HAS_AT
#define LEAT_SCHEMA_MARK_AT_DEFAULT(v) LEAT_SCHEMA_NOWHERE
#define LEAT_SCHEMA_MARK_AT_REPEATED(a, b) LEAT_SCHEMA_COUNT_AT
#define LEAT_SCHEMA_WHOLE(name) ((int32_t)sizeof(((leat_self *)0)->name))
#define LEAT_SCHEMA_ELEMENT(name) ((int32_t)sizeof(((leat_self *)0)->name[0]))
#define LEAT_SCHEMA_STRIDE_REQUIRED LEAT_SCHEMA_WHOLE
#define LEAT_SCHEMA_STRIDE_OPTIONAL LEAT_SCHEMA_WHOLE
#define LEAT_SCHEMA_STRIDE_DEFAULT(v) LEAT_SCHEMA_WHOLE
#define LEAT_SCHEMA_STRIDE_REPEATED(a, b) LEAT_SCHEMA_ELEMENT

#define LEAT_SCHEMA_LENGTH_AT_U8 LEAT_SCHEMA_NOWHERE
#define LEAT_SCHEMA_LENGTH_AT_U16 LEAT_SCHEMA_NOWHERE
#define LEAT_SCHEMA_LENGTH_AT_U32 LEAT_SCHEMA_NOWHERE
#define LEAT_SCHEMA_LENGTH_AT_U64 LEAT_SCHEMA_NOWHERE
#define LEAT_SCHEMA_LENGTH_AT_I8 LEAT_SCHEMA_NOWHERE
#define LEAT_SCHEMA_LENGTH_AT_I16 LEAT_SCHEMA_NOWHERE
#define LEAT_SCHEMA_LENGTH_AT_I32 LEAT_SCHEMA_NOWHERE
#define LEAT_SCHEMA_LENGTH_AT_I64 LEAT_SCHEMA_NOWHERE
#define LEAT_SCHEMA_LENGTH_AT_BOOL LEAT_SCHEMA_NOWHERE
#define LEAT_SCHEMA_LENGTH_AT_FIXED(n) LEAT_SCHEMA_NOWHERE
#define LEAT_SCHEMA_LENGTH_AT_NESTED(s) LEAT_SCHEMA_NOWHERE
#define LEAT_SCHEMA_LENGTH_AT_BYTES(n) LEAT_SCHEMA_BYTES_AT
#define LEAT_SCHEMA_LENGTH_AT_TEXT(n) LEAT_SCHEMA_BYTES_AT
#define LEAT_SCHEMA_LENGTH_AT_VIEW LEAT_SCHEMA_NOWHERE
#define LEAT_SCHEMA_LENGTH_AT_TEXT_VIEW LEAT_SCHEMA_NOWHERE

#define LEAT_SCHEMA_RULE_ANY false, 0, 0
#define LEAT_SCHEMA_RULE_RANGE(low, high) true, (uint64_t)(low), (uint64_t)(high)

/* What becomes of unknown items. */
#define LEAT_SCHEMA_UNKNOWN_MEMBER_SKIP
#define LEAT_SCHEMA_UNKNOWN_MEMBER_REFUSE
#define LEAT_SCHEMA_UNKNOWN_MEMBER_CRITICAL(m, v)
#define LEAT_SCHEMA_UNKNOWN_MEMBER_COUNT int64_t unknown_count;
#define LEAT_SCHEMA_UNKNOWN_MEMBER_KEEP(n) \
    int64_t unknown_count;                 \
    struct leat_schema_view unknown[n];
#define LEAT_SCHEMA_POLICY_SKIP         \
    {                                   \
        LEAT_SCHEMA_SKIP, 0, 0, 0, 0, 0 \
    }
#define LEAT_SCHEMA_POLICY_REFUSE         \
    {                                     \
        LEAT_SCHEMA_REFUSE, 0, 0, 0, 0, 0 \
    }
#define LEAT_SCHEMA_POLICY_CRITICAL(m, v)   \
    {                                       \
        LEAT_SCHEMA_CRITICAL, m, v, 0, 0, 0 \
    }
#define LEAT_SCHEMA_POLICY_COUNT                                                 \
    {                                                                            \
        LEAT_SCHEMA_COUNT, 0, 0, INT32_MAX, LEAT_SCHEMA_OFFSET(unknown_count), 0 \
    }
#define LEAT_SCHEMA_POLICY_KEEP(n)                                                                \
    {                                                                                             \
        LEAT_SCHEMA_KEEP, 0, 0, n, LEAT_SCHEMA_OFFSET(unknown_count), LEAT_SCHEMA_OFFSET(unknown) \
    }

/* One statement for each row, on `wire` and what else stands in the function. */
#define LEAT_SCHEMA_EACH(row, call)                    \
    {                                                  \
        static const struct leat_schema_field f = row; \
        call;                                          \
    }
#define LEAT_SCHEMA_EACH_LEAST(t, k, n, p, u) LEAT_SCHEMA_EACH(LEAT_SCHEMA_FIELD(t, k, n, p, u), r.spare -= leat_schema_least(wire, &f))
#define LEAT_SCHEMA_EACH_PASS(t, k, n, p, u) LEAT_SCHEMA_EACH(LEAT_SCHEMA_FIELD(t, k, n, p, u), leat_schema_pass(wire, &f, &r))
#define LEAT_SCHEMA_EACH_TAKE(t, k, n, p, u) LEAT_SCHEMA_EACH(LEAT_SCHEMA_FIELD(t, k, n, p, u), leat_schema_take(wire, &f, &r, object))
#define LEAT_SCHEMA_EACH_MEASURE(t, k, n, p, u) \
    LEAT_SCHEMA_EACH(LEAT_SCHEMA_FIELD(t, k, n, p, u), leat_schema_measure(wire, &f, object, &sum))
#define LEAT_SCHEMA_EACH_PUT(t, k, n, p, u) LEAT_SCHEMA_EACH(LEAT_SCHEMA_FIELD(t, k, n, p, u), to = leat_schema_put(wire, &f, object, to))
#define LEAT_SCHEMA_EACH_CASE(type, k, n, p, u) case type: /* a type that stands twice does not compile */
#define LEAT_SCHEMA_EACH_ONE(t, k, n, p, u) +1

#define LEAT_SCHEMA(name, wire_, LIST, policy)                                                                                             \
    struct name {                                                                                                                          \
        LIST(LEAT_SCHEMA_MEMBER)                                                                                                           \
        LEAT_SCHEMA_UNKNOWN_MEMBER_##policy                                                                                                \
    };                                                                                                                                     \
    static const struct leat_schema_wire name##_wire __attribute__((unused)) = wire_;                                                      \
    enum { name##_has_64_fields_at_most = 1 / ((0 LIST(LEAT_SCHEMA_EACH_ONE)) <= LEAT_SCHEMA_FIELDS_MAX) };                                \
    LEAT_SCHEMA_MADE bool name##_knows(uint32_t type)                                                                                      \
    {                                                                                                                                      \
        switch (type) {                                                                                                                    \
            LIST(LEAT_SCHEMA_EACH_CASE)                                                                                                    \
            return true;                                                                                                                   \
        default:                                                                                                                           \
            return false;                                                                                                                  \
        }                                                                                                                                  \
    }                                                                                                                                      \
    LEAT_SCHEMA_MADE const struct leat_schema *name##_schema(void)                                                                         \
    {                                                                                                                                      \
        typedef struct name leat_self;                                                                                                     \
        static const struct leat_schema_field fields[] = {LIST(LEAT_SCHEMA_FIELD_COMMA)};                                                  \
        static const struct leat_schema schema = {#name, &name##_wire, fields, 0 LIST(LEAT_SCHEMA_EACH_ONE), LEAT_SCHEMA_POLICY_##policy}; \
        return &schema;                                                                                                                    \
    }                                                                                                                                      \
    LEAT_SCHEMA_MADE bool name##_fits(const unsigned char *data, int64_t bytes)                                                            \
    {                                                                                                                                      \
        typedef struct name leat_self;                                                                                                     \
        const struct leat_schema_wire *wire = &name##_wire;                                                                                \
        struct leat_schema_reader r = {data, bytes, 0};                                                                                    \
        LIST(LEAT_SCHEMA_EACH_LEAST)                                                                                                       \
        if (r.spare < 0)                                                                                                                   \
            return false;                                                                                                                  \
        LIST(LEAT_SCHEMA_EACH_PASS)                                                                                                        \
        return (r.bad | (uint64_t)r.spare) == 0;                                                                                           \
    }                                                                                                                                      \
    LEAT_SCHEMA_MADE void name##_take(const unsigned char *data, int64_t bytes, void *object)                                              \
    {                                                                                                                                      \
        typedef struct name leat_self;                                                                                                     \
        static const struct leat_schema_unknown unknown = LEAT_SCHEMA_POLICY_##policy;                                                     \
        const struct leat_schema_wire *wire = &name##_wire;                                                                                \
        struct leat_schema_reader r = {data, bytes, 0};                                                                                    \
        LIST(LEAT_SCHEMA_EACH_LEAST)                                                                                                       \
        LIST(LEAT_SCHEMA_EACH_TAKE)                                                                                                        \
        leat_schema_none_unknown(&unknown, object);                                                                                        \
    }                                                                                                                                      \
    LEAT_SCHEMA_MADE int64_t name##_measure(const void *object)                                                                            \
    {                                                                                                                                      \
        typedef struct name leat_self;                                                                                                     \
        static const struct leat_schema_unknown unknown = LEAT_SCHEMA_POLICY_##policy;                                                     \
        const struct leat_schema_wire *wire = &name##_wire;                                                                                \
        struct leat_schema_sum sum = {0, false, false};                                                                                    \
        LIST(LEAT_SCHEMA_EACH_MEASURE)                                                                                                     \
        leat_schema_measure_kept(wire, &unknown, object, &sum);                                                                            \
        return leat_schema_sum_result(&sum);                                                                                               \
    }                                                                                                                                      \
    LEAT_SCHEMA_MADE unsigned char *name##_put(const void *object, unsigned char *to)                                                      \
    {                                                                                                                                      \
        typedef struct name leat_self;                                                                                                     \
        static const struct leat_schema_unknown unknown = LEAT_SCHEMA_POLICY_##policy;                                                     \
        const struct leat_schema_wire *wire = &name##_wire;                                                                                \
        LIST(LEAT_SCHEMA_EACH_PUT)                                                                                                         \
        return leat_schema_put_kept(wire, &unknown, object, to);                                                                           \
    }                                                                                                                                      \
    static const struct leat_schema_calls name##_calls                                                                                     \
        __attribute__((unused)) = {name##_schema, name##_fits, name##_take, name##_measure, name##_put};                                   \
    LEAT_SCHEMA_MADE int name##_decode(struct name *out, const void *data, int64_t bytes, struct leat_schema_fault *fault)                 \
    {                                                                                                                                      \
        if (LEAT_UNLIKELY(data == NULL || !name##_fits((const unsigned char *)data, bytes)))                                               \
            return leat_schema_decode(name##_schema(), out, data, bytes, fault);                                                           \
        name##_take((const unsigned char *)data, bytes, out);                                                                              \
        return 0;                                                                                                                          \
    }                                                                                                                                      \
    LEAT_SCHEMA_MADE int64_t name##_size(const struct name *in)                                                                            \
    {                                                                                                                                      \
        return name##_measure(in);                                                                                                         \
    }                                                                                                                                      \
    LEAT_SCHEMA_MADE int64_t name##_encode(const struct name *in, void *data, int64_t room)                                                \
    {                                                                                                                                      \
        int64_t bytes = name##_measure(in);                                                                                                \
        if (LEAT_UNLIKELY(bytes > room))                                                                                                   \
            return -EMSGSIZE;                                                                                                              \
        if (LEAT_LIKELY(bytes > 0))                                                                                                        \
            name##_put(in, (unsigned char *)data);                                                                                         \
        return bytes;                                                                                                                      \
    }                                                                                                                                      \
    LEAT_SCHEMA_MADE int64_t name##_send(const struct name *in, const struct leat_sink *sink)                                              \
    {                                                                                                                                      \
        return leat_schema_send(&name##_calls, in, sink);                                                                                  \
    }                                                                                                                                      \
    LEAT_SCHEMA_MADE int64_t name##_print(const struct name *in, char *text, int64_t room)                                                 \
    {                                                                                                                                      \
        return leat_schema_print(name##_schema(), in, text, room);                                                                         \
    }

#endif
