/* SPDX-License-Identifier: MIT
 *
 * value.h: JSON values, in which tracks and metadata are described. The conventions of h4mk.h hold.
 */
#ifndef H4MK_VALUE_H
#define H4MK_VALUE_H

#include <h4mk/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A JSON value: descriptions of tracks and metadata are objects of these (core.md, "TRAK";
 *  ffmpeg.md, "Keys of TRAK" and "Keys of META", lists the keys). Members keep their order. Members
 *  and elements belong to the value they are in and are valid until it is changed or freed. Setters
 *  and adders copy what they are given and replace a member of the same key; they return
 *  H4MK_ERR_ARGUMENT where the value is no object (or array) or a text is NULL. What they are given
 *  may belong to the value that it is set in. Objects and arrays can be in each other 64 deep, as
 *  in a file. Getters take NULL and treat it, and a value of another type, as absent. */
typedef struct h4mk_value h4mk_value;

typedef enum h4mk_value_type {
    H4MK_VALUE_NULL = 0, H4MK_VALUE_BOOL = 1, H4MK_VALUE_INT = 2, H4MK_VALUE_REAL = 3,
    H4MK_VALUE_STRING = 4, H4MK_VALUE_ARRAY = 5, H4MK_VALUE_OBJECT = 6
} h4mk_value_type;

/** A new empty object, freed by h4mk_value_free(); NULL when out of memory. */
H4MK_API h4mk_value *h4mk_value_new(void);
/** Frees a value of h4mk_value_new() or h4mk_value_from_json(), not a member of one. NULL
 *  allowed. */
H4MK_API void h4mk_value_free(h4mk_value *value);

/** Type of a value. */
H4MK_API h4mk_value_type h4mk_value_get_type(const h4mk_value *value);
/** Number of members or elements; 0 for anything but objects and arrays. */
H4MK_API size_t h4mk_value_count(const h4mk_value *value);
/** Member or element by position, from 0; NULL from h4mk_value_count() on. */
H4MK_API const h4mk_value *h4mk_value_at(const h4mk_value *value, size_t index);
/** Key of the member at a position of an object; NULL as h4mk_value_at(). */
H4MK_API const char *h4mk_value_key_at(const h4mk_value *value, size_t index);
/** Member by key, or NULL. */
H4MK_API const h4mk_value *h4mk_value_get(const h4mk_value *object, const char *key);

/** The value itself as an integer; true is 1, false is 0. fallback if it is neither. */
H4MK_API int64_t h4mk_value_int(const h4mk_value *value, int64_t fallback);
/** The value itself as a real number (integers too), or fallback. */
H4MK_API double h4mk_value_real(const h4mk_value *value, double fallback);
/** The value itself as text, or NULL. Text that is not UTF-8 was stored as bytes
 *  (h4mk_value_set_text()) and comes back as it was given. */
H4MK_API const char *h4mk_value_text(const h4mk_value *value);
/** Member as h4mk_value_int(). */
H4MK_API int64_t h4mk_value_get_int(const h4mk_value *object, const char *key, int64_t fallback);
/** Member as h4mk_value_text(). */
H4MK_API const char *h4mk_value_get_text(const h4mk_value *object, const char *key);
/** Decoded bytes of a member that h4mk_value_set_bytes() wrote. *data is valid until the value is
 *  changed or freed; it is not NULL, even for 0 bytes. H4MK_ERR_NOT_FOUND: absent;
 *  H4MK_ERR_CORRUPT: no base64. */
H4MK_API h4mk_status h4mk_value_get_bytes(const h4mk_value *object, const char *key,
                                          const uint8_t **data, size_t *size);

/** Sets a member to a text. One that is not UTF-8 is kept exactly, as {"base64": ...}. */
H4MK_API h4mk_status h4mk_value_set_text(h4mk_value *object, const char *key, const char *text);
/** Sets a member to an integer. */
H4MK_API h4mk_status h4mk_value_set_int(h4mk_value *object, const char *key, int64_t number);
/** Sets a member to bytes, stored as base64 text. data may be NULL if size is 0. */
H4MK_API h4mk_status h4mk_value_set_bytes(h4mk_value *object, const char *key, const void *data,
                                          size_t size);
/** Sets a member to a copy of another value, which may be of any type and may belong to object.
 *  H4MK_ERR_LIMIT: it would be nested too deeply. */
H4MK_API h4mk_status h4mk_value_set_value(h4mk_value *object, const char *key,
                                          const h4mk_value *value);
/** Adds an empty object as a member and returns it; NULL when out of memory, object is none, or it
 *  would be nested too deeply. */
H4MK_API h4mk_value *h4mk_value_add_object(h4mk_value *object, const char *key);
/** Adds an empty array as a member and returns it; NULL as h4mk_value_add_object(). */
H4MK_API h4mk_value *h4mk_value_add_array(h4mk_value *object, const char *key);
/** Appends an empty object to an array and returns it; NULL when out of memory, array is none, or
 *  it would be nested too deeply. */
H4MK_API h4mk_value *h4mk_value_append_object(h4mk_value *array);
/** Appends a text to an array, stored as by h4mk_value_set_text(). */
H4MK_API h4mk_status h4mk_value_append_text(h4mk_value *array, const char *text);
/** Appends an integer to an array. */
H4MK_API h4mk_status h4mk_value_append_int(h4mk_value *array, int64_t number);

/** A value as compact JSON text; valid until the value is changed or freed. NULL when out of
 *  memory. */
H4MK_API const char *h4mk_value_to_json(const h4mk_value *value);
/** Parses JSON: size bytes of RFC 8259, UTF-8, without a byte order mark. *value is freed by
 *  h4mk_value_free(). H4MK_ERR_CORRUPT: this is no JSON, or more than a file may hold: objects and
 *  arrays nested more than 64 deep, more than 4096 members in an object, 2^17 values in all, or an
 *  integer of more than 64 bits. */
H4MK_API h4mk_status h4mk_value_from_json(const char *text, size_t size, h4mk_value **value);

#ifdef __cplusplus
}
#endif
#endif /* H4MK_VALUE_H */
