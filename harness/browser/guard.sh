# The guard of one browser. It outlives the program that started it, and leaves nothing behind.
#   $1           folder of this browser: made here, removed here
#   $2...        the browser and its arguments
#   standard in  held open by the program; its end (closed, or the program died) is the order to clean up
#   descriptor 3 tells the program "exited <status>" when the browser ends by itself
# The guard leads its own process group, so a Ctrl-C in the terminal does not reach it, and everything in the group is its own.
home=$1
shift
umask 077
mkdir "$home" || exit 1
mkdir "$home/profile" "$home/files"

# Caught, not ignored: what is ignored here would be ignored by the browser too.
trap : HUP INT QUIT TERM PIPE

{
	HOME=$home TMPDIR=$home XDG_CONFIG_HOME=$home/.config XDG_CACHE_HOME=$home/.cache XDG_DATA_HOME=$home/.local "$@" </dev/null 3>&-
	echo "exited $?" >&3
} &

while read -r _; do :; done

# survivors sets $left to the living processes of this browser: those of the group, and those (the crash handler) that left
# the group but still have our folder as their home.
survivors() {
	left=
	for stat in /proc/[0-9]*/stat; do
		pid=${stat#/proc/}
		pid=${pid%/stat}
		[ "$pid" = "$$" ] && continue
		line=
		{ read -r line <"$stat"; } 2>/dev/null || continue
		set -- ${line##*) } # state, parent, process group
		[ "$3" = "$$" ] || continue
		case $1 in Z | X) continue ;; esac
		left="$left $pid"
	done
	for file in $(grep -aslF -- "HOME=$home" /proc/[0-9]*/environ); do
		pid=${file#/proc/}
		left="$left ${pid%/environ}"
	done
}

if [ -r /proc/self/stat ]; then
	tries=0
	while survivors && [ -n "$left" ] && [ $tries -lt 200 ]; do
		kill -KILL $left 2>/dev/null
		sleep 0.02
		tries=$((tries + 1))
	done
else
	kill -TERM -- -$$ 2>/dev/null # no list of processes here: ask the browser to end, it takes its children along
	sleep 2
fi

tries=0
while rm -rf -- "$home" 2>/dev/null; [ -e "$home" ] && [ $tries -lt 100 ]; do
	sleep 0.1
	tries=$((tries + 1))
done
[ ! -e "$home" ]
