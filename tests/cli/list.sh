# Blocks and chunks in the order of the file.
make_file clip clip.h4mk
t h4mk list clip.h4mk | head -20
t h4mk list -t 2 clip.h4mk | tail -3
t h4mk list --json -t 1 clip.h4mk | head -5
h4mk list --json clip.h4mk | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["blocks"]), "blocks")'
t h4mk list -t 5 clip.h4mk
t h4mk list --chunks clip.h4mk
t h4mk list --chunks --json clip.h4mk | tail -4
t h4mk list --chunks -t 1 clip.h4mk

# With hashes the blocks are read: those of a copy in another form hold the same.
t h4mk list --hash clip.h4mk | head -5
h4mk list --hash --json clip.h4mk | grep -o '"sha256":"[0-9a-f]*"' >hashes
h4mk convert --to 1 clip.h4mk v1.h4mk
h4mk list --hash --json v1.h4mk | grep -o '"sha256":"[0-9a-f]*"' | cmp - hashes && echo the same
t h4mk list --hash --chunks clip.h4mk

# A key is for what is decrypted.
openssl rand -hex 32 >key; chmod 600 key
t h4mk list --key-file key clip.h4mk
t h4mk list --hash --key-file key clip.h4mk

# What is damaged or missing is named, the rest is listed.
head -c 30000 clip.h4mk >half.h4mk
t h4mk list half.h4mk | tail -4
t h4mk list --chunks half.h4mk
echo "# several files, and folders"
mkdir folder && cp clip.h4mk folder/b.h4mk && cp clip.h4mk folder/a.h4mk
h4mk list -t 2 clip.h4mk folder/b.h4mk | grep -A2 h4mk:
h4mk list -r folder --json | grep '"file"'
t h4mk list none.h4mk clip.h4mk | tail -1
