#!/bin/sh
# The short name of the commit in a .git folder, without git: the image is made where none is. Usage: tools/commit.sh .git
# Prints nothing where there is no such folder.
set -eu
[ -f "$1/HEAD" ] || exit 0
branch=$(sed -n 's/^ref: //p' "$1/HEAD")
if [ -z "$branch" ]; then
    commit=$(cat "$1/HEAD")
elif [ -f "$1/$branch" ]; then
    commit=$(cat "$1/$branch")
else
    commit=$(sed -n "s|^\([0-9a-f]*\) $branch\$|\1|p" "$1/packed-refs")
fi
echo "$commit" | cut -c 1-7
