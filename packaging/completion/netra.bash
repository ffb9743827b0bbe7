# SPDX-License-Identifier: BSD-2-Clause
# Completion of netra for bash: verbs, options, their values, boards.

_netra_boards()
{
	printf '%s\n' emulated pci: vfio-user:
	netra list --json 2>/dev/null | sed -n 's/^ *"board": "\(.*\)",$/\1/p'
}

_netra()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local verbs="emulate list boot status top capture record serve user store verify export bench dump help"
	local start="--firmware --no-boot --sync --window --arena"
	local verb=${COMP_WORDS[1]} options

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$verbs --help --version" -- "$cur")
		return
	fi
	case $prev in
	--firmware | --store | -s)
		[ "$verb" = bench ] || { compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur"); }
		return
		;;
	--output | -o | --source | --socket | --stats)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--cert | --key | --users | -u | --config)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--sync) mapfile -t COMPREPLY < <(compgen -W "ring peterson" -- "$cur"); return ;;
	--window) mapfile -t COMPREPLY < <(compgen -W "auto 1M 2M 4M 8M" -- "$cur"); return ;;
	--pace) mapfile -t COMPREPLY < <(compgen -W "realtime free" -- "$cur"); return ;;
	--soc) mapfile -t COMPREPLY < <(compgen -W "dm8168 dm8148 dm8138" -- "$cur"); return ;;
	--start)
		[ "$verb" != emulate ] ||
			{ mapfile -t COMPREPLY < <(compgen -W "cold running" -- "$cur"); return; }
		;;
	esac
	case $verb in
	help) options=$verbs ;;
	emulate) options="--socket --listen-fd --channels --source --size --fps --bitrate
		--pace --loops --soc --bars --start --boot-delay-ms --clock-drift-ppb
		--fault --trap-bars --stats --parent-death --version" ;;
	list) options="--json" ;;
	boot) options="--firmware --force --boot-timeout --quiet --json" ;;
	status) options="--start --interval $start --json" ;;
	top) options="--interval --count $start" ;;
	capture) options="--channel --output --duration --frames $start --quiet --json" ;;
	record) options="--store --channels --duration --fragment --rotate --buffer
		--keep-bytes --keep --free --alarm --metrics --config --no-sync --strict $start
		--quiet --json" ;;
	serve) options="--channels --rtsp --rtsps --web --store --keep-bytes --keep
		--free --cert --key --users --clients --timeout --udp-port --multicast --multicast-interface --ttl --buffer --late --duration
		--config $start --interval --quiet --json" ;;
	user) options="--users --add --channels --remove --list --json" ;;
	store) options="--store --channels --from --to --timezone --days --gaps --protect
		--remark --unprotect --json" ;;
	verify) options="--store --channels --rebuild --quiet --json" ;;
	export) options="--store --channels --from --to --timezone --output --force --quiet --json" ;;
	bench) options="--quick --channels --windows --seconds --source $start --json" ;;
	dump) options="--output $start" ;;
	*) return ;;
	esac
	if [[ $cur == -* || $verb == help || $verb == list || $verb == emulate ||
		$verb == store || $verb == verify || $verb == export || $verb == user ]]; then
		[ "$verb" = help ] || options="$options --help"
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
		return
	fi
	# A board's name holds colons, at which readline cuts words.
	if [[ $cur == : || $prev == : ]]; then
		return
	fi
	mapfile -t COMPREPLY < <(compgen -W "$(_netra_boards)" -- "$cur")
	[[ ${COMPREPLY[0]} != *: ]] || compopt -o nospace
}

complete -F _netra netra
