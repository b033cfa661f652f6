"""What the workers of a test's cluster do: good work, and every kind of trouble."""

import os
import signal
import time


def squared(number):
    return number**2


def dies_once(folder, number):
    mark = folder / "died"
    if number == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number**2


def dies_always_elsewhere(home, number):
    if number == 2 and os.getpid() != home:
        os.kill(os.getpid(), signal.SIGKILL)
    return number**2


def slow_at_first(folder, number):
    mark = folder / f"slow{os.getpid()}"
    if number == 0 and not mark.exists():
        mark.touch()
        time.sleep(4)
    return number**2
