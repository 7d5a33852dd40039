"""The head of a script that ends, like under kill -9, at the call whose number is its second argument."""

DYING = """
import os, sys
from pathlib import Path
import topicloom.store.swap as swap
left = int(sys.argv[2])
def dying(call):
    def wrapped(*args, **kwargs):
        global left
        if left == 0:
            os._exit(9)
        left -= 1
        return call(*args, **kwargs)
    return wrapped
"""
