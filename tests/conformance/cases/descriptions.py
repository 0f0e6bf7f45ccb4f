# SPDX-License-Identifier: MIT
"""TRAK, META and ATTA: JSON that is none, values beyond their range, attachments."""
import json

from builder.expect import problem, read, refused
from builder.file import compact
from builder.model import track

from . import invalid, valid
from .index import group

ONE = compact({"tracks": [track(1)]})


def trak(f, raw):
    """A file whose only TRAK is `raw`: refused."""
    f.tracks = [track(1)]
    f.describe(raw=raw).cluster(group(0)).finish()
    return refused(f.bytes(), "corrupt", 16)


def meta(f, raw):
    """A file whose only META is `raw`: read without it."""
    f.describe([track(1)], raw).cluster(group(0))
    return read(f, meta=None, problems=[problem("damaged_chunk", f.meta)])


@valid("Conventions")
def json_written_otherwise(f):
    """Spaces, line ends, escapes for what needs none, members in another order."""
    raw = ('\r\n{\t"x":0, "tracks" :\n[ {"time_base":"1\\/1000","codec":"bin_data","kind":"d\\u0061ta","name":"\\ud83c\\udfac",'
           '"track_id":1 }]} \n').encode()
    f.tracks = json.loads(raw)["tracks"]
    return read(f.describe(raw=raw).cluster(group(0)).finish())


@valid("Conventions")
def json_nested_64_deep(f):
    """META is an object with 63 arrays in each other."""
    value = []
    for _ in range(62):
        value = [value]
    return read(f.describe([track(1)], {"deep": value}).cluster(group(0)).finish())


@invalid("Conventions")
def json_nested_65_deep(f):
    """META is an object with 64 arrays in each other."""
    return meta(f, b'{"deep":' + b"[" * 64 + b"]" * 64 + b"}")


@invalid("Conventions")
def json_nested_3000_deep(f):
    """META opens 3,000 arrays: nothing may be as deep as it says."""
    return meta(f, b'{"deep":' + b"[" * 3000)


@invalid("Conventions")
def json_4097_members(f):
    """META has 4097 members."""
    return meta(f, compact({f"{i:x}": 0 for i in range(4097)}))


@invalid("Conventions")
def json_duplicate_key(f):
    """META has a key twice."""
    return meta(f, b'{"title":"one","x":1,"title":"two"}')


@invalid("Conventions")
def json_duplicate_key_escaped(f):
    """META has a key twice, once with an escape."""
    return meta(f, b'{"title":"one","t\\u0069tle":"two"}')


@invalid("Conventions")
def json_duplicate_key_in_track(f):
    """A track has its time base twice."""
    return trak(f, ONE.replace(b'"name":""', b'"time_base":"1/90000"'))


@invalid("Conventions")
def json_integer_of_65_bits(f):
    """META has an integer that is 2^63: some readers would make a real of it."""
    return meta(f, b'{"title":"one","x":9223372036854775808}')


@invalid("Conventions")
def json_integer_of_80_digits(f):
    """META has an integer of 80 digits."""
    return meta(f, b'{"title":"one","x":[-%s]}' % (b"9" * 80))


@valid("Conventions")
def json_large_real(f):
    """META has reals beyond the range of integers, and digits in a text."""
    raw = b'{"x":1e300,"y":9223372036854775808.0,"z":"\\"99999999999999999999"}'
    f.describe([track(1)], raw).cluster(group(0))
    return read(f.finish(), meta=json.loads(raw))


@valid("Conventions")
def json_largest_real(f):
    """META has the largest real that there is, and one so small that it counts as 0."""
    raw = b'{"x":1.7976931348623157e308,"y":1e-400}'
    f.describe([track(1)], raw).cluster(group(0))
    return read(f.finish(), meta=json.loads(raw))


@invalid("Conventions")
def json_real_out_of_range(f):
    """META has a real that no 64-bit floating point number is near to."""
    return meta(f, b'{"title":"one","x":1e400}')


@invalid("Conventions")
def json_real_just_out_of_range(f):
    """META has the smallest negative real that would be rounded to infinity."""
    return meta(f, b'{"title":"one","x":-%d.0}' % (2**1024 - 2**970))


@invalid("Conventions")
def json_real_out_of_range_in_track(f):
    """A member that nobody knows of a track is 1e400."""
    return trak(f, ONE.replace(b'"name":""', b'"name":"","x":[1e400]'))


@invalid("Conventions")
def json_lone_surrogate(f):
    """META has a text with half a surrogate pair."""
    return meta(f, b'{"title":"\\ud83c alone"}')


@invalid("Conventions")
def json_not_utf8(f):
    """META has a byte that is not UTF-8."""
    return meta(f, b'{"title":"\xe9"}')


@invalid("Conventions")
def json_byte_order_mark(f):
    """META begins with a byte order mark."""
    return meta(f, b'\xef\xbb\xbf{"title":"x"}')


@invalid("Conventions")
def json_trailing_nul(f):
    """A NUL follows the value in META."""
    return meta(f, b'{"title":"x"}\0')


@invalid("Conventions")
def json_two_values(f):
    """META has two values."""
    return meta(f, b'{"title":"x"}{}')


@invalid("Conventions")
def json_control_character(f):
    """META has a line end within a text."""
    return meta(f, b'{"title":"a\nb"}')


@invalid("META")
def meta_is_an_array(f):
    """META is an array."""
    return meta(f, b'[1]')


@invalid("Conventions")
def json_infinity(f):
    """META has a number that JSON does not know."""
    return meta(f, b'{"x":Infinity}')


@invalid("TRAK")
def track_id_as_real(f):
    """track_id is 1.0, which is no integer as this format writes them."""
    return trak(f, ONE.replace(b'"track_id":1', b'"track_id":1.0'))


@invalid("TRAK")
def track_id_with_exponent(f):
    """track_id is 1e0."""
    return trak(f, ONE.replace(b'"track_id":1', b'"track_id":1e0'))


@invalid("TRAK")
def track_id_65536(f):
    """track_id is 65536."""
    return trak(f, compact({"tracks": [track(1), track(65536)]}))


@invalid("TRAK")
def track_id_negative(f):
    """track_id is -1."""
    return trak(f, compact({"tracks": [track(1), track(-1)]}))


@invalid("TRAK")
def track_id_twice(f):
    """Two tracks have the id 1."""
    return trak(f, compact({"tracks": [track(1), track(1)]}))


@invalid("TRAK")
def track_without_codec(f):
    """A track has no `codec`."""
    return trak(f, ONE.replace(b'"codec":"bin_data",', b""))


@invalid("TRAK")
def track_name_as_number(f):
    """The name of a track is a number."""
    return trak(f, ONE.replace(b'"name":""', b'"name":5'))


@invalid("Conventions")
def time_base_zero(f):
    """A time base of 0/1."""
    return trak(f, ONE.replace(b"1/1000", b"0/1"))


@invalid("Conventions")
def time_base_with_zeros(f):
    """A time base with a leading zero."""
    return trak(f, ONE.replace(b"1/1000", b"01/1000"))


@invalid("Conventions")
def time_base_too_large(f):
    """A time base of 1/2147483648: parts are at most 2^31 - 1."""
    return trak(f, ONE.replace(b"1/1000", b"1/2147483648"))


@valid("TRAK")
def time_base_at_its_limits(f):
    """Time bases of 2147483647/1 and 1/2147483647."""
    f.describe([track(1, time_base="2147483647/1"), track(2, time_base="1/2147483647")]).cluster(group(0) + group(0, 2))
    return read(f.finish())


@invalid("TRAK")
def trak_without_tracks(f):
    """TRAK is an object without `tracks`."""
    return trak(f, b'{"track":[]}')


@invalid("TRAK")
def trak_is_no_json(f):
    """TRAK holds by its CRC and is the text of a joke."""
    return trak(f, b"A track walks into a bar")


# ---- attachments

FONT = track(5, kind="attachment", codec="ttf", name="a.ttf")


@valid("Chunk")
def attachments(f):
    """Two attachments, one of them empty; for one track there are two, and the last one counts."""
    f.describe([track(1), FONT, track(300, kind="attachment", codec="bin_data")]).attach(5, b"old font")
    f.attach(300, b"").attach(5, b"new font" * 10).cluster(group(0))
    return read(f.finish())


@invalid("Chunk")
def attachment_damaged(f):
    """The last one of two attachments of a track is damaged: the one before it counts."""
    f.describe([track(1), FONT]).attach(5, b"old font").attach(5, b"new font" * 4, crc="bad").cluster(group(0))
    f.attachments[5] = b"old font"
    return read(f.finish(), problems=[problem("damaged_chunk", f.chunks[2])])


@invalid("Chunk")
def attachment_of_unknown_track(f):
    """An attachment of track 9, which TRAK does not have."""
    f.describe([track(1)]).attach(9, b"whose?").cluster(group(0))
    return read(f.finish(), problems=[problem("unknown_track", f.chunks[1], track=9)])


@invalid("Chunk")
def attachment_without_id(f):
    """An ATTA of no bytes, not even its track_id."""
    f.describe([track(1), FONT]).write("ATTA", b"").cluster(group(0))
    return read(f.finish(), problems=[problem("damaged_chunk", f.chunks[1])])
