# What the shell offers behind a tab.
completion=$CASES/../../tools/h4mk/completion.bash
make_file clip clip.h4mk
make_file pcm other.h4mk
echo font >'$(touch ran).ttf'
echo font >'`touch ran`'
echo font >'two words.ttf'
h4mk edit -q other.h4mk --attach '$(touch ran).ttf' --attach '`touch ran`' --attach 'two words.ttf'
cat >words <<'END'
tab() {  # tab WORD…: what the last word, as far as it was typed, may become
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  COMPREPLY=()
  _h4mk
  echo "$* > ${COMPREPLY[*]}"
}
tab h4mk in
tab h4mk cl
tab h4mk help ve
tab h4mk verify --rec
tab h4mk verify c
tab h4mk convert --to ""
tab h4mk decode --to ""
tab h4mk export --cipher l
tab h4mk cat clip.h4mk --track ""
tab h4mk cat other.h4mk -t ""
tab h4mk cat -t ""
tab h4mk decode --adapter d
tab h4mk seek clip.h4mk --time ""
tab h4mk cut clip.h4mk --to ""
tab h4mk edit clip.h4mk --disposition ""
tab h4mk extract clip.h4mk --name ""
tab h4mk extract other.h4mk --name ""
tab h4mk extract other.h4mk --name "two\\ w"
END
. "$completion"
. ./words
# zsh, where it is there, understands all of it.
! command -v zsh >/dev/null || zsh -f -c 'autoload -U compinit bashcompinit; compinit -D -u; bashcompinit; . "$1"; emulate sh; . ./words' zsh "$completion" 2>&1 >/dev/null
ls ran 2>&1  # names of attachments are not run
