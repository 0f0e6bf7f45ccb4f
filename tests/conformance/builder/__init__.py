# SPDX-License-Identifier: MIT
"""An independent writer of H4MK files, right ones and wrong ones, made from libh4mk/spec/core.md alone."""
