"""The door of the command line: `topicloom`, and `python -m topicloom`."""

from __future__ import annotations

import sys
from importlib import import_module

from topicloom.machine.own_packages import foreign_packages

_BAD_INPUT = 2


def main() -> None:
    """Hand over to the command line, once it is sure that it is ours.

    It lies on the upper floor and is found by its name here, since a foreign `flows` would end in a traceback.
    """
    foreign = foreign_packages("flows", "tasks")
    if foreign:
        print("\n".join(["topicloom cannot start.", *(f"  {line}" for line in foreign)]), file=sys.stderr)
        sys.exit(_BAD_INPUT)
    import_module("flows.console.cli").main()


if __name__ == "__main__":
    main()
