# SPDX-License-Identifier: MIT
"""Who is compared with whom: only within one case, one linkage and one state."""
from . import stats


def speed(run, case, leat, peer, state):
  """How many times as fast (or small) `leat` is as `peer`: a stats.Ratio, or None; below 1 leat loses."""
  own, other = run.kept(case, leat, state), run.kept(case, peer, state)
  above, below = (other, own) if run.less_is_better(case) else (own, other)
  return stats.ratio(above, below, run.seed)


def against_its_leat(run, case, peer, state):
  """`speed` of the leat of the peer's own linkage; None for that leat itself, and where leat has no such linkage."""
  leat = run.leat_of(case, run.peers[case, peer]['linkage'])
  return speed(run, case, leat, peer, state) if leat not in (None, peer) else None


def is_leat(run, case, peer):
  return run.peers[case, peer]['role'] in ('leat', 'variant')


def by_speed(run, case, state, peers=None):
  """The peers that have figures in this state, fastest first."""
  have = [peer for peer in (peers or run.peers_of(case)) if run.kept(case, peer, state)]
  return sorted(have, key=lambda peer: stats.median(run.kept(case, peer, state)), reverse=not run.less_is_better(case))


def best_other(run, case, linkage, state):
  """The fastest of this linkage that is not leat and not a limit of the machine, or None."""
  others = [peer for peer in run.peers_of(case) if run.peers[case, peer]['linkage'] == linkage and
            run.peers[case, peer]['role'] != 'machine' and not is_leat(run, case, peer)]
  ordered = by_speed(run, case, state, others) if others else []
  return ordered[0] if ordered else None


def telling_state(run, case, peers):
  """The state in which the peer with the fewest slices has the most: the one that says most. None when none has all of them."""
  counts = [(min(len(run.kept(case, peer, state)) for peer in peers), state) for state in run.states_of(case)]
  counts = [(count, state) for count, state in counts if count > 0]
  return max(counts, key=lambda pair: pair[0])[1] if counts else None
