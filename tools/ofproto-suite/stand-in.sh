#!/bin/sh
# Stands in for Open vSwitch's daemons and for the tools that configure them: passes the command on to the process that
# serves the bridges. Daemons other than those (such as ovs-ofctl's monitor) are reached by the real ovs-appctl.
name=$(basename "$0")
# There is no database.
test "$name" = ovsdb-tool && exit 0
if test "$name" = ovs-appctl; then
  case " $* " in
    *' -t ovs-vswitchd '* | *' -t ovsdb-server '*) ;;
    *' -t '* | *' --target='*) exec "$RINGLET_REAL_APPCTL" "$@" ;;
  esac
fi
exec "$RINGLET_NODE" "$RINGLET_STAND_IN" "$name" "$@"
