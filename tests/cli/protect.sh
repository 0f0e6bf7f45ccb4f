# Signed files, proofs, encrypted files. The keys are those of RFC 8032, section 7.1.
pem() { printf -- '-----BEGIN %s KEY-----\n%s\n-----END %s KEY-----\n' "$1" "$2" "$1"; }
umask 077
pem PRIVATE MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g >sign.pem
pem PUBLIC MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= >sign.pub
pem PUBLIC MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw= >other.pub
chunks() { h4mk list --chunks "$1" | awk -v tag="$2" '$2 == tag {print $1}'; }

echo "# signing"
make_file clip clip.h4mk
t h4mk sign clip.h4mk
t h4mk sign clip.h4mk --key-file no_such_file
t h4mk sign clip.h4mk --key-env NO_SUCH_NAME
t h4mk sign clip.h4mk --key-file sign.pub
t h4mk sign clip.h4mk --key-file sign.pem -o signed.h4mk
t h4mk verify signed.h4mk
t h4mk verify signed.h4mk --public-key sign.pub
t h4mk inspect signed.h4mk | sed -n 2p
t h4mk inspect --json signed.h4mk | grep -A 7 protection
openssl pkey -pubin -in sign.pub -outform DER | sha256sum | cut -c 1-16
t h4mk verify signed.h4mk --public-key sign.pub --json | grep -A 6 signature
t h4mk verify signed.h4mk --public-key other.pub
t h4mk verify clip.h4mk --public-key sign.pub
for track in 1 2 3; do
  h4mk cat -t $track clip.h4mk -o before && h4mk cat -t $track signed.h4mk -o after && cmp before after && echo "track $track is the same"
  rm -f before after
done
cp clip.h4mk inplace.h4mk
PEM=$(<sign.pem) t h4mk sign inplace.h4mk --key-env PEM
t h4mk verify inplace.h4mk --public-key sign.pub
h4mk sign - --key-file sign.pem <clip.h4mk 2>/dev/null | h4mk verify - --public-key sign.pub | tail -1
t h4mk sign signed.h4mk --key-file sign.pem
t h4mk verify signed.h4mk --public-key sign.pub

echo "# what is not as it was signed"
cp signed.h4mk bad.h4mk
poke bad.h4mk 20000 ffffffff
t h4mk verify bad.h4mk --public-key sign.pub
cp signed.h4mk bad.h4mk
h4mk edit bad.h4mk --tag title=Other
t h4mk verify bad.h4mk --public-key sign.pub
head -c 40000 signed.h4mk >bad.h4mk
t h4mk verify bad.h4mk --public-key sign.pub
t h4mk sign bad.h4mk --key-file sign.pem
cp "$CASES/../vectors/media/reference_demo.h4mk" v1.h4mk
t h4mk sign v1.h4mk --key-file sign.pem
t h4mk verify v1.h4mk --public-key sign.pub

t h4mk recover -y signed.h4mk bad.h4mk
t h4mk verify bad.h4mk
echo "# proof of a block"
t h4mk prove signed.h4mk -t 1 -i 7 -o proof.json
h4mk block signed.h4mk -t 1 -i 7 -o block.bin >/dev/null
t h4mk verify --proof proof.json --public-key sign.pub block.bin
t h4mk verify --proof proof.json --public-key sign.pub block.bin --json
t h4mk verify --proof proof.json --public-key sign.pub
t h4mk verify --proof proof.json --public-key other.pub block.bin
t h4mk verify --proof proof.json block.bin
t h4mk verify --proof proof.json --public-key sign.pub clip.h4mk
sed 's/"path": *"./"path":"_/' proof.json >bad.json
t h4mk verify --proof bad.json --public-key sign.pub block.bin
echo '[]' >bad.json
t h4mk verify --proof bad.json --public-key sign.pub block.bin
t h4mk prove signed.h4mk -t 1 -i 7000 -o proof.json
h4mk prove signed.h4mk -t 1 -i 7 -o - --public-key sign.pub 2>/dev/null | cmp - proof.json && echo "the same proof"
h4mk prove signed.h4mk -t 1 -i 7 -o - >/dev/null 2>/dev/full; echo "nobody reads what is said: $?"
cp signed.h4mk bad.h4mk
poke bad.h4mk 42000 ffffffff
t h4mk prove bad.h4mk -t 1 -i 40 -o none.json
t h4mk prove bad.h4mk -t 1 -i 40 -o none.json --public-key sign.pub
t h4mk prove bad.h4mk -t 1 -i 7 -o none.json
t h4mk prove signed.h4mk -t 1 -i 7 -o - --public-key other.pub
t h4mk prove clip.h4mk -t 1 -i 7 -o proof.json

echo "# keys that others can read, or exchange"
for mode in 640 604 660; do
  chmod $mode sign.pem
  t h4mk sign -y clip.h4mk --key-file sign.pem -o bad.h4mk
done
chmod 600 sign.pem
for mode in 644 664; do
  chmod $mode sign.pub
  t h4mk verify signed.h4mk --public-key sign.pub | sed '$!d'
  h4mk verify signed.h4mk --public-key sign.pub 2>&1 >/dev/null
done
chmod 644 sign.pub

echo "# encryption"
echo 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f >key
echo ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f >other
echo 0102 >short
head -c 10240 /dev/zero | tr '\0' 'a' >raw
for cipher in aead living; do
  t h4mk export raw -o $cipher.h4mk --block_size 1024 --gop 4 --cipher $cipher --kid 0a0b --key-file key
  t h4mk inspect $cipher.h4mk
  grep -c aaaaaaaa $cipher.h4mk
  h4mk cat $cipher.h4mk --key-file key | cmp - raw && echo "the same bytes"
  t h4mk verify $cipher.h4mk --key-file key
  t h4mk verify $cipher.h4mk --key-file other
  echo "# a block that the checksums find damaged"
  cp $cipher.h4mk bad.h4mk; poke bad.h4mk 5000 ffffffff
  t h4mk verify bad.h4mk --key-file key
  t h4mk cat $cipher.h4mk
  t h4mk cat $cipher.h4mk --key-file short
  t h4mk block $cipher.h4mk -i 3 -y -o block.bin
  t h4mk block $cipher.h4mk -i 3 -y -o block.bin --raw
  t h4mk block $cipher.h4mk -i 3 -y -o block.bin --key-file key
  tr -d a <block.bin | wc -c
  t h4mk convert -y $cipher.h4mk plain.h4mk --key-file key
  h4mk cat plain.h4mk | cmp - raw && echo "the same bytes"
  t h4mk sign $cipher.h4mk --key-file sign.pem
  t h4mk verify $cipher.h4mk --public-key sign.pub --key-file key --json | grep -A 10 '"ok"'
done
KEY=$(<key) t h4mk export raw -o env.h4mk --cipher aead --key-env KEY
KEY=$(<key) h4mk cat env.h4mk --key-env KEY | cmp - raw && echo "the same bytes"
t h4mk cat plain.h4mk --key-file key
t h4mk export raw -o none.h4mk --cipher aead
t h4mk export raw -o none.h4mk --cipher rot13 --key-file key
t h4mk export raw -o none.h4mk --key-file key
t h4mk export raw -o none.h4mk --cipher aead --key-file key --kid x
t h4mk export raw -o none.h4mk --cipher aead --key-file key --to 1
t h4mk cat plain.h4mk --key-file key --key-env KEY
ls none.h4mk 2>&1
for command in sign prove; do t h4mk $command --help; done

echo "# the old cipher, for what exists"
t h4mk export raw -o old.h4mk --block_size 1024 --gop 4 --to transport --cipher living-v3 --key-file key
h4mk cat old.h4mk --key-file key | cmp - raw && echo "the same bytes"
t h4mk verify old.h4mk --key-file key
t h4mk cat old.h4mk --key-file other
t h4mk convert -y old.h4mk plain.h4mk --key-file key
h4mk cat plain.h4mk | cmp - raw && echo "the same bytes"
t h4mk export raw -o none.h4mk --cipher living-v3 --key-file key

echo "# several files; a key that can be read only once; the old name of --public-key"
mkdir -p evidence/inner && cp clip.h4mk evidence/a.h4mk && cp clip.h4mk evidence/inner/b.h4mk
h4mk sign -r evidence -o signed --key-file <(cat sign.pem)
for name in signed/a.h4mk signed/inner/b.h4mk; do h4mk verify $name --key sign.pub | tail -1; done
cmp clip.h4mk evidence/a.h4mk && echo "what was given is as it was"
t h4mk sign evidence/a.h4mk evidence/inner/b.h4mk --key-file sign.pem
t h4mk verify -r evidence --key=sign.pub
t h4mk sign -r evidence -o - --key-file sign.pem
