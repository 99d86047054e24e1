# SPDX-License-Identifier: MIT
"""Where and with what a run is made, and how much the machine was disturbed meanwhile."""
import os
import platform
import re
import subprocess
import time


def first_line(*command):
  """Returns the first line that a command prints, or 'unknown'."""
  try:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
  except (OSError, subprocess.CalledProcessError, IndexError):
    return 'unknown'


def cpu_name():
  with open('/proc/cpuinfo') as file:
    found = re.search(r'^(?:model name|Processor)\s*: (.*)$', file.read(), re.M)
  return found.group(1) if found else 'unknown'


def look(root):
  """Returns what is known at the start, in the order in which it is shown."""
  with open(os.path.join(root, 'meson.build')) as file:
    version = re.search(r"version: '([^']+)'", file.read()).group(1)
  dirty = '' if first_line('git', '-C', root, 'status', '--porcelain', '--untracked-files=no') == 'unknown' else ' and uncommitted changes'
  return {
    'date': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()),
    'cpu': cpu_name(),
    'kernel': f'{platform.system()} {platform.release()} {platform.machine()}',
    'compiler': first_line('c++', '--version'),
    'libc': ' '.join(platform.libc_ver()),
    'leat': version,
    'commit': first_line('git', '-C', root, 'rev-parse', '--short', 'HEAD') + dirty,
  }


class Usage:
  """CPU time of the whole machine against that of this process and those it started."""

  def __init__(self):
    self.at, self.ticks, self.own = self.now()

  @staticmethod
  def now():
    with open('/proc/stat') as file:
      user, nice, system, _, _, irq, soft, stolen = map(int, file.readline().split()[1:9])
    hertz = os.sysconf('SC_CLK_TCK')
    times = os.times()
    own = times.user + times.system + times.children_user + times.children_system
    return time.monotonic(), ((user + nice + system + irq + soft) / hertz, stolen / hertz), own

  def since(self):
    """Returns CPUs that others kept busy and that the host did not give, on average. Workers must have been waited for."""
    at, ticks, own = self.now()
    seconds = max(at - self.at, 1e-9)
    others = (ticks[0] - self.ticks[0] - (own - self.own)) / seconds
    return round(max(others, 0), 3), round((ticks[1] - self.ticks[1]) / seconds, 3)
