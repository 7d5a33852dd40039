"""Heads of scripts that end, like under kill -9, at the n-th call of some functions."""

# Wraps a function so that it ends the process when `left` calls have been made; the script sets `left`.
COUNTDOWN = """
import os
left = 0
def dying(call):
    def wrapped(*args, **kwargs):
        global left
        if left == 0:
            os._exit(9)
        left -= 1
        return call(*args, **kwargs)
    return wrapped
"""

# The number of the call is the second argument.
DYING = f"""{COUNTDOWN}
import sys
from pathlib import Path
import topicloom.store.swap as swap
left = int(sys.argv[2])
"""
