# fish completion for talon.
set -l commands run check status reload validate config rehearse plugin init migrate help
complete -c talon -f
complete -c talon -n "not __fish_seen_subcommand_from $commands" -a run -d 'watch, always on, in the foreground'
complete -c talon -n "not __fish_seen_subcommand_from $commands" -a check -d 'run every check once, now'
complete -c talon -n "not __fish_seen_subcommand_from $commands" -a status -d 'what the running daemon concludes'
complete -c talon -n "not __fish_seen_subcommand_from $commands" -a reload -d 'read the configuration again, now'
complete -c talon -n "not __fish_seen_subcommand_from $commands" -a validate -d 'every error of the configuration'
complete -c talon -n "not __fish_seen_subcommand_from $commands" -a config -d 'show the effective values'
complete -c talon -n "not __fish_seen_subcommand_from $commands" -a rehearse -d 'a written timeline of failures, in simulated time'
complete -c talon -n "not __fish_seen_subcommand_from $commands" -a plugin -d 'what plugins there are and what they can do'
complete -c talon -n "not __fish_seen_subcommand_from $commands" -a init -d 'write a first configuration'
complete -c talon -n "not __fish_seen_subcommand_from $commands" -a migrate -d 'the configuration of the old program in the new form'
complete -c talon -n "not __fish_seen_subcommand_from $commands" -a help -d 'what talon can do'
complete -c talon -l config -r -F -d 'another configuration'
complete -c talon -n "__fish_seen_subcommand_from run" -l dry-run -d 'only say what a repair would do'
complete -c talon -n "__fish_seen_subcommand_from run" -l no-heal -d 'repair nothing'
complete -c talon -n "__fish_seen_subcommand_from check status reload validate rehearse" -l json -d 'one JSON object'
complete -c talon -n "__fish_seen_subcommand_from check" -l nagios -d 'as a Nagios plugin says it'
complete -c talon -n "__fish_seen_subcommand_from check" -l timeout -x -d 'no check may take longer'
complete -c talon -n "__fish_seen_subcommand_from check" -l wait -x -d 'again until all are ok, or so long'
complete -c talon -n "__fish_seen_subcommand_from check" -l every -x -d 'so long between two rounds'
complete -c talon -n "__fish_seen_subcommand_from check" -l trace -d 'each start and end as it happens'
complete -c talon -n "__fish_seen_subcommand_from status" -l max-age -x -d 'refuse what is older'
complete -c talon -n "__fish_seen_subcommand_from validate rehearse" -F
complete -c talon -n "__fish_seen_subcommand_from migrate" -F
complete -c talon -n "__fish_seen_subcommand_from config" -a show
complete -c talon -n "__fish_seen_subcommand_from plugin" -a 'list info schema new test clear'
complete -c talon -n "__fish_seen_subcommand_from plugin" -l option -x -d 'of the plugin to test, name=value'
complete -c talon -n "__fish_seen_subcommand_from plugin" -l wire -d 'show the lines of the wire'
complete -c talon -n "__fish_seen_subcommand_from plugin" -l gdb -d 'wait for a debugger'
complete -c talon -n "__fish_seen_subcommand_from status" -l watch -d 'look again and again'
complete -c talon -n "__fish_seen_subcommand_from init" -l force -d overwrite
complete -c talon -n "__fish_seen_subcommand_from init" -l print -d 'to standard output'
