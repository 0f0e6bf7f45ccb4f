# SPDX-License-Identifier: MIT
"""What protection.md builds on and Python's library does not have: HKDF (RFC 5869), AES-256-GCM (NIST SP 800-38D) and
Ed25519 (RFC 8032). Both the builder and the reader use it: crypto_test.py compares it with the vectors of these documents.
It is slow and leaks what it computes by its timing: for test files, never for secrets."""

import hashlib
import hmac

# ---- HKDF with SHA-256


def extract(salt, key):
    return hmac.digest(salt, key, "sha256")


def expand(key, info, size):
    out, last = b"", b""
    while len(out) < size:
        last = hmac.digest(key, last + info + bytes([len(out) // 32 + 1]), "sha256")
        out += last
    return out[:size]


# ---- AES-256-GCM


def _times_x(byte):
    return (byte << 1) ^ (0x11B if byte & 0x80 else 0)


def _make_sbox():
    """FIPS 197, 5.1.1: the inverse in GF(2^8), then an affine map. Powers of 3 reach every byte but 0."""
    powers = [1]
    while len(powers) < 255:
        powers.append(_times_x(powers[-1]) ^ powers[-1])
    sbox = [0x63] * 256
    for exponent, byte in enumerate(powers):
        inverse = powers[-exponent % 255]
        doubled = inverse * 0x101
        sbox[byte] = (inverse ^ doubled >> 4 ^ doubled >> 5 ^ doubled >> 6 ^ doubled >> 7 ^ 0x63) & 0xFF
    return sbox


_SBOX = _make_sbox()


def _round_keys(key):
    """FIPS 197, 5.2: 15 keys of 16 bytes."""
    words, round_constant = [key[i : i + 4] for i in range(0, 32, 4)], 1
    while len(words) < 60:
        word = words[-1]
        if len(words) % 8 == 0:
            word = bytes(_SBOX[b] for b in word[1:] + word[:1])
            word = bytes([word[0] ^ round_constant]) + word[1:]
            round_constant = _times_x(round_constant)
        elif len(words) % 8 == 4:
            word = bytes(_SBOX[b] for b in word)
        words.append(bytes(a ^ b for a, b in zip(word, words[-8])))
    return [b"".join(words[i : i + 4]) for i in range(0, 60, 4)]


_SHIFTED_ROWS = [(i + 4 * (i % 4)) % 16 for i in range(16)]


def _encrypt_block(round_keys, block):
    state = bytes(a ^ b for a, b in zip(block, round_keys[0]))
    for number in range(1, 15):
        state = bytes(_SBOX[state[i]] for i in _SHIFTED_ROWS)
        if number < 14:
            state = b"".join(_mixed(state[i : i + 4]) for i in range(0, 16, 4))
        state = bytes(a ^ b for a, b in zip(state, round_keys[number]))
    return state


def _mixed(column):
    every = column[0] ^ column[1] ^ column[2] ^ column[3]
    return bytes((column[i] ^ every ^ _times_x(column[i] ^ column[(i + 1) % 4])) & 0xFF for i in range(4))


def _hash(key, data):
    """GHASH. Data is a whole number of 16 byte blocks."""
    total = 0
    for begin in range(0, len(data), 16):
        factor, product = total ^ int.from_bytes(data[begin : begin + 16]), 0
        shifted = key
        for bit in range(127, -1, -1):
            if factor >> bit & 1:
                product ^= shifted
            shifted = shifted >> 1 ^ (0xE1 << 120 if shifted & 1 else 0)
        total = product
    return total.to_bytes(16)


def _padded(data):
    return data + bytes(-len(data) % 16)


def _counted(round_keys, nonce, data):
    """Counter mode from block 2 on, and what block 1 gives."""
    stream = b"".join(_encrypt_block(round_keys, nonce + number.to_bytes(4)) for number in range(1, 2 + (len(data) + 15) // 16))
    return bytes(a ^ b for a, b in zip(data, stream[16:])), stream[:16]


def _tag(round_keys, first, sealed, associated):
    lengths = (8 * len(associated)).to_bytes(8) + (8 * len(sealed)).to_bytes(8)
    hashed = _hash(int.from_bytes(_encrypt_block(round_keys, bytes(16))), _padded(associated) + _padded(sealed) + lengths)
    return bytes(a ^ b for a, b in zip(hashed, first))


def seal(key, nonce, data, associated):
    """The ciphertext and its tag."""
    keys = _round_keys(key)
    sealed, first = _counted(keys, nonce, data)
    return sealed + _tag(keys, first, sealed, associated)


def unseal(key, nonce, sealed, associated):
    """The data, or None if the tag does not fit."""
    keys = _round_keys(key)
    sealed, tag = sealed[:-16], sealed[-16:]
    data, first = _counted(keys, nonce, sealed)
    return data if hmac.compare_digest(tag, _tag(keys, first, sealed, associated)) else None


# ---- Ed25519

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_1 = pow(2, (_P - 1) // 4, _P)


def _add(a, b):
    """Points are (X, Y, Z, T) with x = X / Z, y = Y / Z, x y = T / Z."""
    low, high = (a[1] - a[0]) * (b[1] - b[0]) % _P, (a[1] + a[0]) * (b[1] + b[0]) % _P
    c, d = 2 * a[3] * b[3] * _D % _P, 2 * a[2] * b[2] % _P
    e, f, g, h = high - low, d - c, d + c, high + low
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _multiply(number, point):
    product = (0, 1, 1, 0)
    while number:
        if number & 1:
            product = _add(product, point)
        point, number = _add(point, point), number >> 1
    return product


def _equal(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % _P == 0 and (a[1] * b[2] - b[1] * a[2]) % _P == 0


def _x_of(y, odd):
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT_OF_MINUS_1 % _P
    if y >= _P or (x * x - square) % _P or (x == 0 and odd):
        return None
    return _P - x if x & 1 != odd else x


_BASE_Y = 4 * pow(5, -1, _P) % _P
_BASE = (_x_of(_BASE_Y, 0), _BASE_Y, 1, _x_of(_BASE_Y, 0) * _BASE_Y % _P)


def _compressed(point):
    inverse = pow(point[2], -1, _P)
    return (point[1] * inverse % _P | (point[0] * inverse % _P & 1) << 255).to_bytes(32, "little")


def _point(data):
    number = int.from_bytes(data, "little")
    y, odd = number & 2**255 - 1, number >> 255
    x = _x_of(y, odd)
    return None if x is None else (x, y, 1, x * y % _P)


def _hashed_number(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def _secret(seed):
    digest = hashlib.sha512(seed).digest()
    number = int.from_bytes(digest[:32], "little") & 2**254 - 8 | 2**254
    return number, digest[32:]


def public_key(seed):
    return _compressed(_multiply(_secret(seed)[0], _BASE))


def sign(seed, message):
    number, prefix = _secret(seed)
    public = _compressed(_multiply(number, _BASE))
    nonce = _hashed_number(prefix, message) % _ORDER
    begin = _compressed(_multiply(nonce, _BASE))
    challenge = _hashed_number(begin, public, message) % _ORDER
    return begin + ((nonce + challenge * number) % _ORDER).to_bytes(32, "little")


def is_signed(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    key, begin = _point(public), _point(signature[:32])
    number = int.from_bytes(signature[32:], "little")
    if key is None or begin is None or number >= _ORDER:
        return False
    challenge = _hashed_number(signature[:32], public, message) % _ORDER
    return _equal(_multiply(number, _BASE), _add(begin, _multiply(challenge, key)))
