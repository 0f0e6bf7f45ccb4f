# Asked for nothing, for help, for nonsense; files that cannot be read. Usage and bad files are status 2.
t h4mk
t h4mk --version
t h4mk frob
t h4mk inspect
t h4mk inspect --frob x
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
t sh -c 'h4mk list clip.h4mk >/dev/full'
t h4mk cat clip.h4mk
t h4mk cat -t 9 clip.h4mk
t h4mk cat -t 1 clip.h4mk -o no/such/folder
t h4mk cat -t 70000 clip.h4mk
for command in inspect list frames cat verify; do t h4mk $command --help; done
