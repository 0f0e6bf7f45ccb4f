# Blocks that are stored compressed: what is shown of them is how they are stored, what is read of them what they were.
make_file packed packed.h4mk
t h4mk inspect packed.h4mk
t h4mk list packed.h4mk | head -4
h4mk list --json packed.h4mk | grep -c '"compressed":true'
h4mk cat -t 1 packed.h4mk | cksum
t h4mk verify packed.h4mk
# In place of the compression nothing else can be said, all other things can.
t h4mk edit packed.h4mk --track-name 1=Words
h4mk cat -t 1 packed.h4mk | cksum
# Version 1 holds the plain blocks.
t h4mk convert --to 1 packed.h4mk v1.h4mk
h4mk cat -t 1 v1.h4mk | cksum
grep -c compression v1.h4mk
# A copy is compressed as well; so is what recovery saves.
t h4mk convert --to 2 packed.h4mk copy.h4mk
h4mk list --json copy.h4mk | grep -c '"compressed":true'
head -c -36 packed.h4mk >cut.h4mk
t h4mk recover cut.h4mk whole.h4mk
h4mk list --json whole.h4mk | grep -c '"compressed":true'
h4mk cat -t 1 whole.h4mk | cksum
