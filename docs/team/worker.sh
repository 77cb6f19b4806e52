#!/bin/sh
# A container ends with its first process, and so would calls that are paid already. So the worker
# is told to end first, then the gateway, which finishes the calls it has sent.
workbench worker &
worker=$!
trap 'kill -TERM "$worker"' TERM INT
while kill -0 "$worker" 2>/dev/null; do
    wait "$worker"
done
exec workbench gateway --stop
