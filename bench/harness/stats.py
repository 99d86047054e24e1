# SPDX-License-Identifier: MIT
"""Medians, and how far they can be trusted. Everything is seeded: the same samples give the same intervals."""
import collections
import functools
import math
import random

DRAWS = 1000

Range = collections.namedtuple('Range', 'count median least most')
Ratio = collections.namedtuple('Ratio', 'value low high')


def median(ordered):
  """Of sorted values, at least one."""
  return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def quantile(ordered, share):
  """The value below which `share` of the sorted values lie, between neighbours where it must."""
  at = share * (len(ordered) - 1)
  low = math.floor(at)
  high = min(low + 1, len(ordered) - 1)
  return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def span(ordered):
  """Range of sorted values, or None when there are none."""
  return Range(len(ordered), median(ordered), ordered[0], ordered[-1]) if ordered else None


@functools.lru_cache(maxsize=4096)
def _medians(ordered, seed):
  """The medians of DRAWS resamples.

  A resample is never made. Its k-th smallest is the value at floor(n * u), where u is the k-th smallest of n uniform numbers, and that is
  Beta(k, n + 1 - k). For an even n the one after it lies above by a share of the rest that is Beta(1, n - k).
  """
  count, source, medians = len(ordered), random.Random(seed), []
  k = (count + 1) // 2
  for _ in range(DRAWS):
    u = source.betavariate(k, count + 1 - k)
    value = ordered[min(int(u * count), count - 1)]
    if count % 2 == 0:
      u += (1 - u) * source.betavariate(1, count - k)
      value = (value + ordered[min(int(u * count), count - 1)]) / 2
    medians.append(value)
  return medians


def _middle(values):
  values = sorted(values)
  return values[len(values) * 25 // 1000], values[len(values) * 975 // 1000 - 1]


def interval(ordered, seed):
  """The median of sorted values and the interval of 95 of 100 resampled medians: a Ratio."""
  return Ratio(median(ordered), *_middle(_medians(tuple(ordered), seed)))


def ratio(above, below, seed):
  """The ratio of the medians of two sorted samples, and the interval that holds 95 of 100 resampled ones; None when it has no value."""
  if not above or not below or median(below) == 0:
    return None
  draws = zip(_medians(tuple(above), 2 * seed), _medians(tuple(below), 2 * seed + 1))
  ratios = [top / bottom for top, bottom in draws if bottom != 0]
  return Ratio(median(above) / median(below), *_middle(ratios))


def overlap(one, other):
  """Whether two intervals have something in common."""
  return one.low <= other.high and other.low <= one.high


def slope(points):
  """Of the line through (log x, log y) with the least squares: y grows as x to this power; None for fewer than two x."""
  logs = [(math.log(x), math.log(y)) for x, y in points if x > 0 and y > 0]
  if len({x for x, _ in logs}) < 2:
    return None
  mean_x, mean_y = (sum(column) / len(logs) for column in zip(*logs))
  across = sum((x - mean_x) ** 2 for x, _ in logs)
  return sum((x - mean_x) * (y - mean_y) for x, y in logs) / across
