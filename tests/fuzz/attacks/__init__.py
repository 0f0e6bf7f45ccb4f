# SPDX-License-Identifier: MIT
"""Attacks on signed and encrypted files. Read in this order: recordings (what is attacked), file (a file as chunks that name each other), changes (what an
attacker does), readers (who is asked), judge (what must hold)."""
