/* SPDX-License-Identifier: MIT
 *
 * The smallest program that uses the library: it has the version that its header says.
 */
#include <h4mk/h4mk.h>

int main(void) {
    return h4mk_version() != (H4MK_VERSION_MAJOR << 16 | H4MK_VERSION_MINOR << 8 | H4MK_VERSION_PATCH);
}
