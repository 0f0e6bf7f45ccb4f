# SPDX-License-Identifier: MIT
"""Values of TRAK and META. The library takes a file whose words and numbers have another form than they should; here they are left out."""
from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

_RATIONAL = re.compile(r"[0-9]{1,10}/[1-9][0-9]{0,9}")


def rational(value: Any) -> Fraction | None:
    """"1/25". Fraction() alone would take "1e-30000000" too, and compute for minutes."""
    return Fraction(value) if isinstance(value, str) and _RATIONAL.fullmatch(value) else None


def whole(value: Any) -> int:
    return value if type(value) is int else 0


def mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else []
