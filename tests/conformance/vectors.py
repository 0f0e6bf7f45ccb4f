# SPDX-License-Identifier: MIT
def document():
    return ""
