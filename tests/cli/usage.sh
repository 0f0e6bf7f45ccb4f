# Asked for nothing, for help, for nonsense; files that cannot be read. Usage and bad files are status 2.
t h4mk
t h4mk help
t h4mk help --all
t h4mk --version
t h4mk legacy
t h4mk frob
t h4mk inpsect
t h4mk inspect
t h4mk inspect --frob x
t h4mk inspect --htlm x y
t h4mk --verson
t h4mk --jsn x
t h4mk --htlm=x y
t h4mk seek x y z
t h4mk watch a.h4mk b.h4mk
t h4mk decode a.h4mk b.h4mk --json
t h4mk diff a.h4mk b.h4mk c.h4mk
t h4mk adapters a.h4mk
t h4mk transport frob
t h4mk no/such/file
cmp <(h4mk help verify) <(h4mk verify --help) && echo "help verify is verify --help"
t h4mk help frob
t h4mk inspect no_such_file
t h4mk inspect --json no_such_file
t h4mk inspect .
: >empty
t h4mk inspect empty
t h4mk list --json empty
printf 'RIFF....WAVEfmt ' >other
t h4mk inspect other
t h4mk verify other
printf 'H4MK\003\0\0\0\0\0\0\0\0\0\0\0' >newer
t h4mk inspect newer
t h4mk verify --json newer
printf 'H4MK\002\0\0' >short
t h4mk inspect short
t h4mk verify short
t h4mk inspect - <other
make_file clip clip.h4mk

# Without a command: what the file holds.
cmp <(h4mk clip.h4mk) <(h4mk inspect clip.h4mk) && echo "the same"
cp clip.h4mk inspct
h4mk inspct | head -1
h4mk - <clip.h4mk | head -1
h4mk legacy mt_list --in clip.h4mk 2>&1

t sh -c 'h4mk list clip.h4mk >/dev/full'
t h4mk cat clip.h4mk
t h4mk cat -t 9 clip.h4mk
t h4mk cat -t 1 clip.h4mk -o no/such/folder
t h4mk cat -t 70000 clip.h4mk
for command in inspect list frames cat verify; do t h4mk $command --help; done

echo "# help of what is no command of the parser"
t h4mk help help | head -3
h4mk help -a | cmp - <(h4mk help --all) && echo "-a is --all"
t h4mk help legacy | head -2
t h4mk legacy --help | head -2
t h4mk help --everything
