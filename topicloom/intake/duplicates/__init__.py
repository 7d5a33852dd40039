"""Records of one paper are found and merged: within an export, across databases, and against what a project has."""

from topicloom.intake.duplicates.decisions import LISTING, Decisions, read_decisions
from topicloom.intake.duplicates.finding import find
from topicloom.intake.duplicates.listing import Merges, write_listing
from topicloom.intake.duplicates.merging import ORIGINS, OWN, merge

__all__ = ["LISTING", "ORIGINS", "OWN", "Decisions", "Merges", "find", "merge", "read_decisions", "write_listing"]
