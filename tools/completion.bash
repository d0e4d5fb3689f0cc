# SPDX-License-Identifier: Apache-2.0
# Completes the command lines of the programs in bash. The words are those that --help prints.

_sspi_tool()
{
    local word=$2 before=$3 help listed
    COMPREPLY=()
    help=$("$1" --help 2>/dev/null) || return
    if [[ $before == -a ]]; then
        # A list with commas: only its last word is completed.
        listed=${word%"${word##*,}"}
        mapfile -t COMPREPLY < <(compgen -P "$listed" -W "$(sed -n 's/,//g; s/.* each ALG: \(.*\) (default.*/\1/p' <<<"$help")" \
            -- "${word##*,}")
    elif [[ $word == -* && $before != -r ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(sed -n 's/^  \(-[^ ]*\).*/\1/p' <<<"$help")" -- "$word")
    fi
}
# Without a word of --help, bash completes names of files.
complete -o default -F _sspi_tool sspi-passwd sspi-key
