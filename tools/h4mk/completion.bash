# SPDX-License-Identifier: MIT
# Completion of h4mk for bash, and for zsh behind `autoload -U bashcompinit && bashcompinit`. Commands, options and most values
# come from the program itself.
_h4mk_commands() { h4mk help --all 2>/dev/null | sed -n 's/^  \([a-z_][a-z_]*\) .*/\1/p'; }

# The track_ids of the first file on the command line that has any.
_h4mk_tracks() {
  local word ids
  for word in "${COMP_WORDS[@]:2}"; do
    [[ -f $word ]] || continue
    ids=$(h4mk inspect --json -- "$word" 2>/dev/null | sed -n 's/.*"track_id": \([0-9]*\).*/\1/p')
    [[ -z $ids ]] || { echo "$ids"; return; }
  done
}

# The names of the attachments of the first file on the command line.
_h4mk_attachments() {
  local word
  for word in "${COMP_WORDS[@]:2}"; do
    [[ -f $word ]] || continue
    h4mk extract --attachments --list --json -- "$word" 2>/dev/null | sed -n 's/.*"path": *"\([^"]*\)".*/\1/p'
    return
  done
}

# Offers the lines of standard input that begin with a text. `compgen -W` would expand them as the shell does, and run a $(…) that
# is in the name of an attachment. zsh has no mapfile.
_h4mk_offer() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do [[ -z $line || $line != "$1"* ]] || COMPREPLY+=("$line"); done
}

_h4mk() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words
  case $COMP_CWORD,$before in
  1,*)
    _h4mk_offer "" < <(compgen -W "$(_h4mk_commands) help legacy --help --version" -- "$current"; compgen -f -- "$current")
    return ;;
  2,help | 2,legacy) words=$(_h4mk_commands) ;;
  *,--to)
    words=$'1\n2\ntransport'
    [[ ${COMP_WORDS[1]} != @(decode|range|cut) ]] || return ;;  # a time
  *,--cipher) words=$'aead\nliving\nliving-v3' ;;
  *,--disposition) compopt -o nospace 2>/dev/null; words=$(_h4mk_tracks | sed 's/$/=/') ;;
  *,--name | *,--remove-attachment) words=$(_h4mk_attachments) ;;
  *,--track | *,-t | *,--track-name) words=$(_h4mk_tracks) ;;
  *,--adapter) words=$(h4mk adapters 2>/dev/null | sed 's/ .*//') ;;
  *,--key-env) _h4mk_offer "" < <(compgen -e -- "$current"); return ;;
  *,--time | *,--from | *,--every | *,--patience | *,--index | *,-i | *,--tag | *,--remove-tag | *,--track-tag | *,--chapter | *,--kid | *,--gop | *,--fps | *,--block-size | \
    *,--max-output) return ;;
  *)
    if [[ $current == -* ]]; then
      words=$(h4mk "${COMP_WORDS[1]}" --help 2>/dev/null | grep -o -- '--[a-z][a-z_-]*' | sort -u)
    else
      _h4mk_offer "" < <(compgen -f -- "$current")
      return
    fi ;;
  esac
  _h4mk_offer "${current//[\\\"\']/}" <<<"$words" # without the quotes of the shell
}
complete -o filenames -F _h4mk h4mk
