#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""crypto.py gives what the documents say that it does."""

import unittest

import crypto

HEX = bytes.fromhex


class Hkdf(unittest.TestCase):
    def test_rfc_5869_test_case_1(self):
        key = crypto.extract(HEX("000102030405060708090a0b0c"), b"\x0b" * 22)
        self.assertEqual(key.hex(), "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5")
        self.assertEqual(crypto.expand(key, HEX("f0f1f2f3f4f5f6f7f8f9"), 42).hex(),
                         "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")


class Gcm(unittest.TestCase):
    """Test cases 13 to 16 of the paper that proposed GCM."""

    KEY = HEX("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")
    NONCE = HEX("cafebabefacedbaddecaf888")
    DATA = HEX("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
               "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39")
    ASSOCIATED = HEX("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    SEALED = HEX("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                 "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662" "76fc6ece0f4e1768cddf8853bb2d551b")

    def test_nothing(self):
        self.assertEqual(crypto.seal(bytes(32), bytes(12), b"", b"").hex(), "530f8afbc74536b9a963b4f1c4cb738b")

    def test_one_block(self):
        self.assertEqual(crypto.seal(bytes(32), bytes(12), bytes(16), b"").hex(),
                         "cea7403d4d606b6e074ec5d3baf39d18" "d0d1c8a799996bf0265b98b5d48ab919")

    def test_associated_data(self):
        self.assertEqual(crypto.seal(self.KEY, self.NONCE, self.DATA, self.ASSOCIATED), self.SEALED)
        self.assertEqual(crypto.unseal(self.KEY, self.NONCE, self.SEALED, self.ASSOCIATED), self.DATA)

    def test_a_changed_bit_is_seen(self):
        for at in (0, len(self.DATA), len(self.SEALED) - 1):
            changed = bytearray(self.SEALED)
            changed[at] ^= 1
            self.assertIsNone(crypto.unseal(self.KEY, self.NONCE, bytes(changed), self.ASSOCIATED))
        self.assertIsNone(crypto.unseal(self.KEY, self.NONCE, self.SEALED, self.ASSOCIATED[:-1]))


class Ed25519(unittest.TestCase):
    """RFC 8032, 7.1, tests 1 and 2."""

    def check(self, seed, public, message, signature):
        self.assertEqual(crypto.public_key(HEX(seed)).hex(), public)
        self.assertEqual(crypto.sign(HEX(seed), HEX(message)).hex(), signature)
        self.assertTrue(crypto.is_signed(HEX(public), HEX(message), HEX(signature)))
        self.assertFalse(crypto.is_signed(HEX(public), HEX(message) + b"?", HEX(signature)))
        changed = bytearray(HEX(signature))
        changed[40] ^= 1
        self.assertFalse(crypto.is_signed(HEX(public), HEX(message), bytes(changed)))

    def test_1(self):
        self.check("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                   "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                   "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")

    def test_2(self):
        self.check("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                   "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                   "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")


if __name__ == "__main__":
    unittest.main()
