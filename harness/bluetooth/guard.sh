# The guard of one message bus. It outlives the program that started it, and leaves nothing behind.
#   $1           folder of this bus: made here, removed here
#   $2           configuration of the bus, written to bus.conf in that folder
#   $3...        the bus daemon and its arguments
#   standard in  held open by the program; its end (closed, or the program died) is the order to clean up
#   descriptor 3 tells the program "pid <daemon>", the daemon's own line with its address, "exited <status>"
home=$1
conf=$2
shift 2
umask 077
mkdir "$home" || exit 1
printf '%s\n' "$conf" >"$home/bus.conf"

# Ignored here and below: a Ctrl-C in the terminal is for the program, which tells us by closing our standard input.
trap '' HUP INT QUIT TERM PIPE

exec 4<&0 # what runs in the background loses its standard input
: >"$home/alive"
"$@" </dev/null >&3 3>&- 4<&- &
daemon=$!
echo "pid $daemon" >&3

# The order to clean up has a process of its own, which does its work even when somebody kills the guard.
{
	while read -r _; do :; done
	[ -e "$home/alive" ] && kill -KILL "$daemon"
	rm -rf -- "$home"
} <&4 3>&- 2>/dev/null &
leash=$!

wait "$daemon"
status=$?
rm -f "$home/alive" # from now on the process id may be somebody else's
echo "exited $status" >&3
exec 3>&-
wait "$leash"
