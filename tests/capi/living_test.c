/* SPDX-License-Identifier: MIT
 *
 * Messages of the Living Cipher through the C interface. */
#include <h4mk/legacy.h>
#include <h4mk/protection.h>
#include <stdio.h>
#include <string.h>

static int failures;
#define CHECK(condition)                                                   \
    do {                                                                   \
        if (!(condition)) {                                                \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);         \
            failures++;                                                    \
        }                                                                  \
    } while (0)

static const uint8_t secret[32] = {1, 2, 3};
static const uint8_t text[] = "a message";
enum { SIZE = sizeof(text), MESSAGE = SIZE + H4MK_LIVING_OVERHEAD };

static h4mk_living_binding binding(uint64_t ordinal)
{
    h4mk_living_binding made = H4MK_LIVING_BINDING_INIT;
    made.track_id = 7;
    made.ordinal = ordinal;
    return made;
}

/* What one end sends the other reads, once, in any order, and nothing else. */
static void test_messages(const h4mk_living_options *initiators, const h4mk_living_options *responders)
{
    uint8_t hello[H4MK_LIVING_HELLO_SIZE], messages[4][MESSAGE], plain[SIZE];
    const h4mk_living_binding other = binding(100);
    h4mk_living *initiator = NULL, *responder = NULL;
    int i;
    CHECK(h4mk_living_start(secret, sizeof secret, initiators, hello, &initiator) == H4MK_OK);
    CHECK(h4mk_living_accept(secret, sizeof secret, responders, hello, sizeof hello, &responder) == H4MK_OK);
    for (i = 0; i < 4; i++) {
        const h4mk_living_binding bound = binding(i);
        CHECK(h4mk_living_encrypt(initiator, &bound, text, SIZE, messages[i]) == H4MK_OK);
    }
    for (i = 3; i >= 0; i--) {
        const h4mk_living_binding bound = binding(i);
        CHECK(h4mk_living_decrypt(responder, &other, messages[i], MESSAGE, plain) == H4MK_ERR_CORRUPT);
        messages[i][MESSAGE - 1] ^= 1;
        CHECK(h4mk_living_decrypt(responder, &bound, messages[i], MESSAGE, plain) == H4MK_ERR_CORRUPT);
        messages[i][MESSAGE - 1] ^= 1;
        memset(plain, 0, sizeof plain);
        CHECK(h4mk_living_decrypt(responder, &bound, messages[i], MESSAGE, plain) == H4MK_OK);
        CHECK(memcmp(plain, text, SIZE) == 0);
        CHECK(h4mk_living_decrypt(responder, &bound, messages[i], MESSAGE, plain) == H4MK_ERR_CORRUPT);
    }
    {
        const h4mk_living_binding bound = binding(0);
        CHECK(h4mk_living_encrypt(responder, &bound, text, SIZE, messages[0]) == H4MK_OK);
        CHECK(h4mk_living_decrypt(initiator, &bound, messages[0], MESSAGE, plain) == H4MK_OK);
        CHECK(h4mk_living_decrypt(initiator, &bound, messages[0], 10, plain) == H4MK_ERR_CORRUPT);
    }
    h4mk_living_free(initiator);
    h4mk_living_free(responder);
}

static void test_keys(void)
{
    uint8_t hello[H4MK_LIVING_HELLO_SIZE], private_key[H4MK_X25519_KEY_SIZE], public_key[H4MK_X25519_KEY_SIZE];
    const uint8_t other[32] = {9};
    h4mk_living_options initiator = H4MK_LIVING_OPTIONS_INIT, responder = H4MK_LIVING_OPTIONS_INIT;
    h4mk_living *living = NULL, *none = NULL;
    CHECK(h4mk_living_new_keys(private_key, public_key) == H4MK_OK);
    initiator.responder_public = public_key;
    responder.responder_private = private_key;
    test_messages(&initiator, &responder);

    CHECK(h4mk_living_start(secret, 31, NULL, hello, &living) == H4MK_ERR_KEY);
    CHECK(h4mk_living_start(secret, sizeof secret, &initiator, hello, &living) == H4MK_OK);
    CHECK(h4mk_living_accept(other, sizeof other, &responder, hello, sizeof hello, &none) == H4MK_ERR_KEY);
    CHECK(h4mk_living_accept(secret, sizeof secret, NULL, hello, sizeof hello, &none) == H4MK_ERR_KEY);
    CHECK(h4mk_living_accept(secret, sizeof secret, &responder, hello, 5, &none) == H4MK_ERR_CORRUPT);
    CHECK(none == NULL);
    h4mk_living_free(living);
    h4mk_living_free(NULL);
}

#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#endif

static void test_version_3(void)
{
    uint8_t message[SIZE + H4MK_LIVING_V3_OVERHEAD], plain[sizeof message];
    const uint8_t associated[] = "H4MK|a|b";
    size_t size = 0, plain_size = 0;
    h4mk_living_v3 *sender = NULL, *reader = NULL;
    int i;
    CHECK(h4mk_living_v3_sender(secret, sizeof secret, &sender) == H4MK_OK);
    CHECK(h4mk_living_v3_reader(secret, sizeof secret, &reader) == H4MK_OK);
    for (i = 0; i < 3; i++) {
        CHECK(h4mk_living_v3_encrypt(sender, associated, sizeof associated, text, SIZE, message, &size) == H4MK_OK);
        CHECK(size == 78 + SIZE + 16);
        CHECK(h4mk_living_v3_decrypt(reader, associated, sizeof associated, message, size, plain, &plain_size) == H4MK_OK);
        CHECK(plain_size == SIZE && memcmp(plain, text, SIZE) == 0);
    }
    CHECK(h4mk_living_v3_decrypt(reader, associated, sizeof associated, message, size, plain, &plain_size) ==
          H4MK_ERR_CORRUPT);
    CHECK(strncmp(h4mk_living_v3_message(reader), "unexpected_counter", 18) == 0);
    h4mk_living_v3_free(sender);
    h4mk_living_v3_free(reader);
}

int main(void)
{
    h4mk_living_options wrong = H4MK_LIVING_OPTIONS_INIT;
    uint8_t hello[H4MK_LIVING_HELLO_SIZE];
    h4mk_living *living = NULL;
    test_messages(NULL, NULL);
    test_keys();
    test_version_3();
    wrong.window = 1u << 30;
    CHECK(h4mk_living_start(secret, sizeof secret, &wrong, hello, &living) == H4MK_ERR_ARGUMENT);
    CHECK(h4mk_living_encrypt(NULL, NULL, text, SIZE, hello) == H4MK_ERR_ARGUMENT);
    return failures != 0;
}
