# SPDX-License-Identifier: MIT
"""The files that are attacked. All have one salt, so that chunks of one hold in another: who knows both salts can make that so."""
import base64
import hashlib
from dataclasses import dataclass

import crypto
from builder.file import File
from builder.model import delta, key, track
from builder.protection import Encryption
from builder.signing import Signing

SALT = 0x51A7ED
TRACKS = [track(1, name="eye", tags={"a": "b"}), track(2, codec="timed_id3", note="n"), track(3, kind="attachment", codec="ttf")]
META = {"title": "t", "tags": {"title": "t"}, "programs": [{"id": 1}], "x-number": 7}


@dataclass
class Recording:
    name: str
    data: bytes
    options: list  # the key
    signed: bool
    closed: bool   # a reader with the key finds its end
    others: list   # other files of the same key


def groups(text):
    side = (("x-note", b"beside"),)
    return [[key(1, text + b"%d " % i * 30, i * 20, side=side if i == 1 else ()), key(2, b"sound %d" % i, i * 20),
             delta(1, b"second %d" % i, i * 20 + 10)] for i in range(4)]


def signed(name, text=b"picture", pages=(1,), checkpoints=(0, 2), closed=True, front=False, encryption=None, meta=META):
    f, signing, secret = File(name, salt=SALT), Signing(name), Signing("the key of all")
    signing.seed, signing.public = secret.seed, secret.public
    f.describe(TRACKS, encryption.meta(TRACKS, meta) if encryption else meta).attach(3, b"a font of " + text)
    f.chunk("NOTE", b"a note of " + text)
    for i, group in enumerate(groups(text)):
        f.cluster(encryption.seal(TRACKS, group) if encryption else group)
        if i in pages:
            f.page()
        if i in checkpoints:
            signing.checkpoint(f)
    if closed:
        if encryption:
            f.describe_meta(encryption.meta(TRACKS, meta, closed=True))
        signing.finish(f)
    if front:
        f.front_index()
    return Recording(name, f.bytes(), signing.options(), True, closed, [])


def with_key_of_all(encryption):
    encryption.key = hashlib.sha256(b"the key of all").digest()
    encryption.root = crypto.extract(encryption.file_id, encryption.key)
    return encryption


def encrypted(name, text=b"picture", scheme="aes-256-gcm", closed=True):
    f, encryption = File(name, salt=SALT), with_key_of_all(Encryption(name, scheme=scheme))
    f.describe(TRACKS, encryption.meta(TRACKS, META)).attach(3, b"a font of " + text)
    for i, group in enumerate(groups(text)):
        f.cluster(encryption.seal(TRACKS, group))
        if i == 1:
            f.page()
    if closed:
        f.describe_meta(encryption.meta(TRACKS, META, closed=True)).finish()
    return Recording(name, f.bytes(), ["--key", encryption.key.hex()], False, True, [])


def continued(name, text=b"picture"):
    """Encrypted in two sessions."""
    f, first = File(name, salt=SALT), with_key_of_all(Encryption(name))
    again = with_key_of_all(Encryption(name, session=hashlib.sha256(b"session").digest()[:16]))
    f.describe(TRACKS, first.meta(TRACKS, META))
    for group in groups(text)[:2]:
        f.cluster(first.seal(TRACKS, group))
    again.ordinals = dict(first.ordinals)
    said = {"sessions": [{"id": base64.b64encode(again.session).decode(), "first": [[track, n] for track, n in first.ordinals.items()]}]}
    f.page().describe_meta(again.meta(TRACKS, META, **said))
    for group in groups(text)[2:]:
        f.cluster(again.seal(TRACKS, group))
    f.describe_meta(again.meta(TRACKS, META, closed=True, **said)).finish()
    return Recording(name, f.bytes(), ["--key", again.key.hex()], False, True, [])


def recordings():
    of_signer = [signed("signed other", b"PICTURE").data, signed("growing other", b"PICTURE", closed=False).data]
    of_key = [encrypted("encrypted other", b"PICTURE").data]
    made = [
        signed("signed"),
        signed("signed, with pages under one checkpoint", pages=(0, 1, 3), checkpoints=()),
        signed("signed, index in front", front=True),
        signed("signed, growing", closed=False),
        signed("signed, without META", meta=None),
        signed("signed and encrypted", encryption=Encryption("signed and encrypted")),
        encrypted("encrypted"),
        encrypted("encrypted, growing", closed=False),
        encrypted("encrypted, living", scheme="living"),
        continued("encrypted, continued"),
    ]
    for recording in made:
        recording.others = of_signer if recording.signed else of_key
    return made
