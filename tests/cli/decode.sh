# What adapters make of the blocks of a track.
make_file opaque opaque.h4mk
t h4mk adapters
t h4mk adapters --json
# Every state of the track; one time; some times.
t h4mk decode -t 1 opaque.h4mk
echo
t h4mk decode -t 1 --time 0.75 opaque.h4mk
echo
t h4mk decode -t 1 --from_ms 350 --to 0:00.5 -o some opaque.h4mk
cat some
echo
t h4mk decode -t 1 --adapter pass_through --json --time_ms 600 opaque.h4mk
# Sound, with the block that cannot be decoded left out.
t h4mk decode -t 2 -o sound.wav opaque.h4mk
head -c 58 sound.wav | od -An -tx1
wc -c <sound.wav
t h4mk decode -t 2 -o sound --to_ms 40 opaque.h4mk
wc -c <sound
t h4mk decode -t 2 --json --from_ms 40 --to_ms 100 opaque.h4mk
# Chains grow by what was in them: outputs are bounded, also where only described.
t h4mk decode -t 1 opaque.h4mk --max-output 20
t h4mk decode -t 1 --json opaque.h4mk --max-output 20 | tail -9
# Encrypted blocks with their key, and without.
make_file secret secret.h4mk
(umask 077; printf '01%062d' 0 >key)
t h4mk decode --adapter null --time 0 --key-file key secret.h4mk -o first
cksum <first
t h4mk decode --adapter null --time 0 secret.h4mk
# What cannot be.
t h4mk decode -t 3 opaque.h4mk
t h4mk decode -t 3 --adapter other opaque.h4mk
t h4mk decode -t 1 --time -1 opaque.h4mk
t h4mk decode -t 1 -o bytes.wav opaque.h4mk
ls bytes.wav 2>&1
t h4mk decode -t 1 --plugin plugin.so opaque.h4mk
t h4mk decode -t 1 --plugin /none/plugin.so opaque.h4mk
echo "# plugins that others could exchange"
mkdir -p -m 755 plugins
printf '' >plugins/a.so
chmod 666 plugins/a.so
t h4mk adapters --plugin "$PWD/plugins/a.so" 2>&1 | sed "s|$PWD|.|"
t h4mk adapters --plugin "$PWD/plugins" 2>&1 | sed "s|$PWD|.|"
chmod 777 plugins
t h4mk adapters --plugin "$PWD/plugins" 2>&1 | sed "s|$PWD|.|"
