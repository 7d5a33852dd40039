"""What runs, in which order: the flows, and the command line that starts them."""

from topicloom.machine.own_packages import foreign_packages

_foreign = foreign_packages("tasks")
if _foreign:  # a worker or a notebook would end in a traceback that names no file
    raise ImportError(_foreign[0])
