#!/bin/sh
# The soak in short. What it measures of speed is told, not judged: other tests
# run beside it.
#
# usage: soak.sh SAN_DIR PLAIN_DIR
set -u
export SOAK_SECONDS="${SOAK_SECONDS:-45}" SOAK_SPEED=told
exec "$(dirname "$0")/../soak/run" "$2"
