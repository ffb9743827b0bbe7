# SPDX-License-Identifier: BSD-2-Clause
# Completion of netra for fish: verbs, options, their values, boards.

function __netra_boards
    printf '%s\n' emulated vfio-user:
    netra list --json 2>/dev/null | string match -rg '"board": "(.*)",'
end

complete -c netra -f
set -l none __fish_use_subcommand
complete -c netra -n $none -a emulate -d 'Serve an emulated board'
complete -c netra -n $none -a list -d 'List the boards of this machine'
complete -c netra -n $none -a boot -d 'Boot a board'
complete -c netra -n $none -a status -d 'Show state, windows, rings and rates'
complete -c netra -n $none -a top -d 'Watch the channels, refreshed'
complete -c netra -n $none -a capture -d 'Write one channel as H.264 (Annex B)'
complete -c netra -n $none -a record -d 'Record channels into a store of MP4 files'
complete -c netra -n $none -a bench -d 'Measure bandwidth, latency and CPU'
complete -c netra -n $none -a dump -d 'Write a support bundle'
complete -c netra -n $none -a help -d 'Say more about a verb'
complete -c netra -n $none -l version -d 'Say which version this is'
complete -c netra -l help -s h -d 'Say what it does'

set -l board '__fish_seen_subcommand_from boot status top capture record bench dump'
set -l start '__fish_seen_subcommand_from status top capture record bench dump'
complete -c netra -n $board -a '(__netra_boards)'
complete -c netra -n $board -l firmware -xa '(__fish_complete_directories)' -d 'Firmware images'
complete -c netra -n $start -l no-boot -d 'Fail if the firmware does not run'
complete -c netra -n $start -l sync -xa 'ring peterson' -d 'How a ring is shared'
complete -c netra -n $start -l window -xa 'auto 1M 2M 4M 8M' -d 'Outbound windows'
complete -c netra -n $start -l arena -x -d 'Least memory given to the board'
complete -c netra -n '__fish_seen_subcommand_from list boot status capture record bench' -l json -d 'Print JSON'
complete -c netra -n '__fish_seen_subcommand_from boot capture record' -l quiet -s q -d 'Say less'

set -l verb '__fish_seen_subcommand_from boot'
complete -c netra -n $verb -l force -s f -d 'Reset a running board first'
complete -c netra -n $verb -l boot-timeout -x -d 'Bound on each stage'
complete -c netra -n '__fish_seen_subcommand_from status top' -l interval -s i -x -d 'Time to measure'
complete -c netra -n '__fish_seen_subcommand_from status' -l start -d 'Start the channels'
complete -c netra -n '__fish_seen_subcommand_from top' -l count -s n -x -d 'Number of looks'
complete -c netra -n '__fish_seen_subcommand_from capture dump' -l output -s o -rF -d 'Where to'
complete -c netra -n '__fish_seen_subcommand_from capture' -l channel -s c -x -d 'Which channel'
complete -c netra -n '__fish_seen_subcommand_from capture' -l frames -s n -x -d 'End after N frames'
complete -c netra -n '__fish_seen_subcommand_from capture record' -l duration -s d -x -d 'End after'

set -l verb '__fish_seen_subcommand_from record'
complete -c netra -n $verb -l store -s s -xa '(__fish_complete_directories)' -d 'Folder of the store'
complete -c netra -n $verb -l channels -s c -x -d 'Which channels'
complete -c netra -n $verb -l fragment -x -d 'Time between commits'
complete -c netra -n $verb -l rotate -x -d 'Length of a file'
complete -c netra -n $verb -l buffer -x -d 'Memory for a slow disk'
complete -c netra -n $verb -l no-sync -d 'Do not force files to the disk'
complete -c netra -n $verb -l strict -d 'Dropped frames are a failure'

set -l verb '__fish_seen_subcommand_from bench'
complete -c netra -n $verb -l quick -d 'Less of it'
complete -c netra -n $verb -l channels -s c -x -d 'Numbers of channels'
complete -c netra -n $verb -l windows -s w -x -d 'Window sizes in MB'
complete -c netra -n $verb -l seconds -s s -x -d 'Length of a measurement'
complete -c netra -n $verb -l source -rF -d 'What emulated boards play'

set -l verb '__fish_seen_subcommand_from emulate'
complete -c netra -n $verb -l socket -rF -d 'Where clients find the board'
complete -c netra -n $verb -l source -rF -d 'A file with H.264 in it'
complete -c netra -n $verb -l stats -rF -d 'Write counters'
complete -c netra -n $verb -l pace -xa 'realtime free' -d 'How fast'
complete -c netra -n $verb -l soc -xa 'dm8168 dm8148 dm8138' -d 'Which chip'
complete -c netra -n $verb -l start -xa 'cold running' -d 'How it begins'
complete -c netra -n $verb -l trap-bars -d 'BARs cannot be mapped'
complete -c netra -n $verb -l parent-death -d 'End when the parent does'
for option in listen-fd channels size fps bitrate loops bars boot-delay-ms clock-drift-ppb fault
    complete -c netra -n $verb -l $option -x
end
