# Any bytes as H4MK.
head -c 10240 /dev/zero | tr '\0' 'a' >raw
t h4mk export raw -o out.h4mk --block_size 1024 --fps 25 --gop 4
t h4mk verify out.h4mk | tail -1
t h4mk frames out.h4mk
h4mk cat out.h4mk | cmp - raw && echo "the same bytes"
t h4mk export out.h4mk -o media.h4mk
t h4mk export raw -o v1.h4mk --block_size 1000 --gop 4 --allow_b --to 1
t h4mk list v1.h4mk
h4mk cat v1.h4mk | cmp - raw && echo "the same bytes"
t h4mk export raw -o tr.h4mk --block_size 1024 --gop 4 --to transport
t h4mk seek tr.h4mk 200000
t h4mk export raw -o bad.h4mk --block_size 1000 --to transport
ls bad.h4mk 2>&1
cat raw | h4mk export - -o - --block_size 1024 --fps 25 --gop 4 2>/dev/null | h4mk cat - | cmp - raw && echo "a pipe gets the same"
t h4mk export --json -y raw -o out.h4mk
t h4mk export raw
t h4mk export no_such_file -o out.h4mk
t h4mk export raw -o out.h4mk --gop 0
FFMPEG=no_such_program t h4mk export --packets raw -o none.h4mk
