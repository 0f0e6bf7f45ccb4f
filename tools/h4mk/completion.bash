# SPDX-License-Identifier: MIT
# Completion of h4mk for bash. Commands and options come from the program's own help.
_h4mk() {
  local current=${COMP_WORDS[COMP_CWORD]} words
  if ((COMP_CWORD == 1)); then
    words="$(h4mk --help 2>/dev/null | sed -n '/^Subcommands:/,/^$/s/^  \([a-z_]*\) .*/\1/p') --help --version"
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  elif [[ $current == -* ]]; then
    words=$(h4mk "${COMP_WORDS[1]}" --help 2>/dev/null | grep -o -- '--[a-z_-]*' | sort -u)
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}
complete -o filenames -F _h4mk h4mk
