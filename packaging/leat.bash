# SPDX-License-Identifier: MIT
# Completion of `leat` for bash. Commands, options, dialects and endpoints are asked of the command itself.

_leat_commands() {
    "$1" --help 2>/dev/null | awk '/^Commands:/ { on = 1 } on && /^  [a-z]/ { print $1 }'
}

_leat_options() { # of leat itself where there is no command yet
    "$1" ${2:+"$2"} --help 2>/dev/null | grep -oE -- '--[a-z-]+' | sort -u
}

_leat_endpoints() { # how they begin
    "$1" pump --help 2>/dev/null | awk '/^Endpoints:/ { on = 1 } on && /^  [a-z]/ { sub(/[A-Z].*/, "", $1); print $1 }'
}

_leat_values() { # _leat_values LEAT OPTION WORD: what may stand behind an option; false: the option takes nothing that is known
    case $2 in
    --tlv | --frame) compgen -W "$("$1" dialects 2>/dev/null | awk '{ print $1 }')" -- "$3" ;;
    --from | --to)
        compgen -W "$(_leat_endpoints "$1")" -- "$3"
        compgen -f -- "${3#file:}" ;;
    --dialect-file) compgen -f -- "$3" ;;
    --stats) compgen -W "text json none" -- "$3" ;;
    --color) compgen -W "auto always never" -- "$3" ;;
    *) return 1 ;;
    esac
    return 0
}

_leat() {
    local IFS=$' \t\n' leat=$1 line=${COMP_LINE:0:COMP_POINT} word= before= command= values i
    local -a words
    # Bash cuts words at `:` and `=`, which endpoints are full of: so the line is cut anew.
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    word=${words[${#words[@]} - 1]}
    ((${#words[@]} > 2)) && before=${words[${#words[@]} - 2]}
    for ((i = 1; i < ${#words[@]} - 1 && ${#command} == 0; i++)); do
        [[ ${words[i]} == -* ]] || command=${words[i]}
    done
    if [[ $word == --*=* ]]; then
        before=${word%%=*}
        word=${word#*=}
    fi
    COMPREPLY=()
    if values=$(_leat_values "$leat" "$before" "$word"); then
        :
    elif [[ $word == -* ]]; then
        values=$(compgen -W "$(_leat_options "$leat" "$command")" -- "$word")
    elif [[ -z $command ]]; then
        values=$(compgen -W "$(_leat_commands "$leat")" -- "$word")
    elif [[ $command == dump || $command == validate ]]; then
        values=$(_leat_values "$leat" --from "$word")
    fi
    IFS=$'\n'
    # shellcheck disable=SC2206
    COMPREPLY=($values)
    # Bash replaces only what stands behind the last `:`.
    if [[ $word == *:* && $COMP_WORDBREAKS == *:* ]]; then
        word=${word%"${word##*:}"}
        COMPREPLY=("${COMPREPLY[@]#"$word"}")
    fi
    # An endpoint goes on behind its scheme.
    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[:/] ]] && compopt -o nospace 2>/dev/null
    return 0
}

complete -o filenames -F _leat leat
