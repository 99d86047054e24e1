/* SPDX-License-Identifier: MIT */
/*
 * pump_marks.c: what of the input may be settled. A frame that a filter keeps back stores nothing, so bytes of the output and of the input
 * do not run together: marks say where both stood now and then.
 */
#include "pump.h"

void pump_marks_put(struct pump_marks *marks, int64_t out, int64_t in)
{
    if (marks->count > 0 && marks->at[marks->count - 1].out == out) { /* nothing went out since */
        marks->at[marks->count - 1].in = in;
        return;
    }
    if (marks->count == PUMP_MARKS) { /* every other one goes, which costs no more than that its frames are settled with the next ones */
        marks->count = 0;
        for (int64_t i = 1; i < PUMP_MARKS; i += 2)
            marks->at[marks->count++] = marks->at[i];
    }
    marks->at[marks->count].out = out;
    marks->at[marks->count++].in = in;
}

int64_t pump_marks_reached(struct pump_marks *marks, int64_t out)
{
    int64_t gone = 0;
    while (gone < marks->count && marks->at[gone].out <= out)
        gone++;
    if (gone == 0)
        return marks->reached;
    marks->reached = marks->at[gone - 1].in;
    marks->count -= gone;
    memmove(marks->at, marks->at + gone, (size_t)marks->count * sizeof marks->at[0]);
    return marks->reached;
}

bool pump_marks_valid(const struct pump_marks *marks)
{
    for (int64_t i = 1; i < marks->count; i++) {
        if (marks->at[i].out <= marks->at[i - 1].out || marks->at[i].in < marks->at[i - 1].in)
            return false;
    }
    return marks->count >= 0 && marks->count <= PUMP_MARKS;
}
