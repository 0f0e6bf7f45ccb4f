// SPDX-License-Identifier: MIT
#include "capi/value.h"

#include <algorithm>
#include <limits>
#include <new>

#include "base/base64.h"
#include "capi/guard.h"

using h4mk::Json;

namespace {

// ffmpeg.md, "Values".
constexpr const char* kBase64Key = "base64";

}  // namespace

h4mk_value* h4mk_value::Find(std::string_view key) const {
  if (type != H4MK_VALUE_OBJECT) return nullptr;
  for (const auto& [name, child] : children)
    if (name == key) return child.get();
  return nullptr;
}

h4mk_value* h4mk_value::Add(std::string_view key) {
  if (h4mk_value* known = Find(key)) {
    *known = h4mk_value();
    return known;
  }
  return children.emplace_back(key, std::make_unique<h4mk_value>()).second.get();
}

namespace h4mk {

std::unique_ptr<h4mk_value> ValueFromJson(const Json& json) {
  auto value = std::make_unique<h4mk_value>();
  switch (json.type()) {
    case Json::value_t::boolean:
      value->type = H4MK_VALUE_BOOL;
      value->truth = json.get<bool>();
      break;
    case Json::value_t::number_unsigned:
      value->type = H4MK_VALUE_INT;
      if (json.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
        value->type = H4MK_VALUE_REAL;
        value->real = json.get<double>();
        value->big = json;
      } else {
        value->number = json.get<int64_t>();
      }
      break;
    case Json::value_t::number_integer:
      value->type = H4MK_VALUE_INT;
      value->number = json.get<int64_t>();
      break;
    case Json::value_t::number_float:
      value->type = H4MK_VALUE_REAL;
      value->real = json.get<double>();
      break;
    case Json::value_t::string:
      value->type = H4MK_VALUE_STRING;
      value->text = json.get<std::string>();
      break;
    case Json::value_t::array:
      value->type = H4MK_VALUE_ARRAY;
      for (const Json& element : json)
        value->children.emplace_back(std::string(), ValueFromJson(element));
      break;
    case Json::value_t::object:
      value->type = H4MK_VALUE_OBJECT;
      for (const auto& [key, member] : json.items())
        value->children.emplace_back(key, ValueFromJson(member));
      break;
    default:
      break;
  }
  return value;
}

Json ValueToJson(const h4mk_value& value) {
  switch (value.type) {
    case H4MK_VALUE_BOOL:
      return value.truth;
    case H4MK_VALUE_INT:
      return value.number;
    case H4MK_VALUE_REAL:
      if (!value.big.is_null()) return value.big;
      return value.real;
    case H4MK_VALUE_STRING:
      return value.text;
    case H4MK_VALUE_ARRAY: {
      Json array = Json::array();
      for (const auto& [key, child] : value.children) array.push_back(ValueToJson(*child));
      return array;
    }
    case H4MK_VALUE_OBJECT: {
      Json object = Json::object();
      for (const auto& [key, child] : value.children)
        object.push_back(Json::object_t::value_type(key, ValueToJson(*child)));
      return object;
    }
    default:
      return nullptr;
  }
}

}  // namespace h4mk

namespace {

// Containers within each other, the value itself included.
size_t DepthOf(const h4mk_value& value) {
  if (value.type != H4MK_VALUE_ARRAY && value.type != H4MK_VALUE_OBJECT) return 0;
  size_t most = 0;
  for (const auto& [key, child] : value.children) most = std::max(most, DepthOf(*child));
  return most + 1;
}

// Whether a member may have so many containers within each other: no file could hold more, and
// values are gone through recursively.
bool HasRoom(const h4mk_value& parent, size_t depth) {
  return parent.level + 1 + depth <= h4mk::kMaxJsonDepth;
}

// Text as a JSON value: itself, or {"base64": …} where it is not UTF-8.
void SetText(h4mk_value* value, std::string_view text) {
  if (h4mk::IsUtf8(text)) {
    value->type = H4MK_VALUE_STRING;
    value->text = text;
    return;
  }
  value->type = H4MK_VALUE_OBJECT;
  h4mk_value* encoded = value->Add(kBase64Key);
  encoded->type = H4MK_VALUE_STRING;
  encoded->text = h4mk::EncodeBase64(h4mk::AsBytes(text));
}

// Keys that are not UTF-8 cannot be kept; their bytes are replaced one by one.
std::string CleanKey(const char* key) {
  std::string clean = key;
  if (!h4mk::IsUtf8(clean))
    for (char& c : clean)
      if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  return clean;
}

// *member, if it is wanted, is where the new one is.
template <typename Fill>
h4mk_status SetMember(h4mk_value* object, const char* key, Fill fill,
                      h4mk_value** member = nullptr) {
  if (object == nullptr || key == nullptr || object->type != H4MK_VALUE_OBJECT)
    return H4MK_ERR_ARGUMENT;
  return h4mk::Guard([&] {
    // What it is made of may belong to the member that it replaces.
    h4mk_value made;
    made.level = object->level + 1;
    fill(&made);
    h4mk_value* const added = object->Add(CleanKey(key));
    *added = std::move(made);
    if (member != nullptr) *member = added;
    return H4MK_OK;
  });
}

template <typename Fill>
h4mk_value* AppendElement(h4mk_value* array, Fill fill) {
  if (array == nullptr || array->type != H4MK_VALUE_ARRAY) return nullptr;
  h4mk_value* added = nullptr;
  static_cast<void>(h4mk::Guard([&] {
    auto element = std::make_unique<h4mk_value>();
    element->level = array->level + 1;
    fill(element.get());
    added = array->children.emplace_back(std::string(), std::move(element)).second.get();
    return H4MK_OK;
  }));
  return added;
}

h4mk_value* AddContainer(h4mk_value* object, const char* key, h4mk_value_type type) {
  if (object == nullptr || !HasRoom(*object, 1)) return nullptr;
  h4mk_value* added = nullptr;
  static_cast<void>(SetMember(
      object, key, [&](h4mk_value* member) { member->type = type; }, &added));
  return added;
}

}  // namespace

h4mk_value* h4mk_value_new(void) {
  auto* value = new (std::nothrow) h4mk_value();
  if (value) value->type = H4MK_VALUE_OBJECT;
  return value;
}

void h4mk_value_free(h4mk_value* value) { delete value; }

h4mk_value_type h4mk_value_get_type(const h4mk_value* value) {
  return value ? value->type : H4MK_VALUE_NULL;
}

size_t h4mk_value_count(const h4mk_value* value) { return value ? value->children.size() : 0; }

const h4mk_value* h4mk_value_at(const h4mk_value* value, size_t index) {
  return index < h4mk_value_count(value) ? value->children[index].second.get() : nullptr;
}

const char* h4mk_value_key_at(const h4mk_value* value, size_t index) {
  if (index >= h4mk_value_count(value) || value->type != H4MK_VALUE_OBJECT) return nullptr;
  return value->children[index].first.c_str();
}

const h4mk_value* h4mk_value_get(const h4mk_value* object, const char* key) {
  return object && key ? object->Find(key) : nullptr;
}

int64_t h4mk_value_int(const h4mk_value* value, int64_t fallback) {
  if (value && value->type == H4MK_VALUE_BOOL) return value->truth;
  return value && value->type == H4MK_VALUE_INT ? value->number : fallback;
}

double h4mk_value_real(const h4mk_value* value, double fallback) {
  if (value && value->type == H4MK_VALUE_INT) return static_cast<double>(value->number);
  return value && value->type == H4MK_VALUE_REAL ? value->real : fallback;
}

const char* h4mk_value_text(const h4mk_value* value) {
  if (value == nullptr) return nullptr;
  if (value->type == H4MK_VALUE_STRING) return value->text.c_str();
  const h4mk_value* encoded = value->Find(kBase64Key);
  if (encoded == nullptr || encoded->type != H4MK_VALUE_STRING || value->children.size() != 1)
    return nullptr;
  const char* text = nullptr;
  static_cast<void>(h4mk::Guard([&] {
    if (!h4mk::DecodeBase64(encoded->text, &value->bytes)) return H4MK_ERR_CORRUPT;
    value->bytes.push_back(0);
    text = reinterpret_cast<const char*>(value->bytes.data());
    return H4MK_OK;
  }));
  return text;
}

int64_t h4mk_value_get_int(const h4mk_value* object, const char* key, int64_t fallback) {
  return h4mk_value_int(h4mk_value_get(object, key), fallback);
}

const char* h4mk_value_get_text(const h4mk_value* object, const char* key) {
  return h4mk_value_text(h4mk_value_get(object, key));
}

h4mk_status h4mk_value_get_bytes(const h4mk_value* object, const char* key, const uint8_t** data,
                                 size_t* size) {
  if (data == nullptr || size == nullptr) return H4MK_ERR_ARGUMENT;
  const h4mk_value* member = h4mk_value_get(object, key);
  if (member == nullptr || member->type != H4MK_VALUE_STRING) return H4MK_ERR_NOT_FOUND;
  return h4mk::Guard([&] {
    if (!h4mk::DecodeBase64(member->text, &member->bytes)) return H4MK_ERR_CORRUPT;
    *size = member->bytes.size();
    member->bytes.push_back(0);  // never null
    *data = member->bytes.data();
    return H4MK_OK;
  });
}

h4mk_status h4mk_value_set_text(h4mk_value* object, const char* key, const char* text) {
  if (text == nullptr) return H4MK_ERR_ARGUMENT;
  return SetMember(object, key, [&](h4mk_value* member) { SetText(member, text); });
}

h4mk_status h4mk_value_set_int(h4mk_value* object, const char* key, int64_t number) {
  return SetMember(object, key, [&](h4mk_value* member) {
    member->type = H4MK_VALUE_INT;
    member->number = number;
  });
}

h4mk_status h4mk_value_set_value(h4mk_value* object, const char* key, const h4mk_value* value) {
  if (object == nullptr || value == nullptr) return H4MK_ERR_ARGUMENT;
  if (!HasRoom(*object, DepthOf(*value))) return H4MK_ERR_LIMIT;
  return SetMember(object, key, [&](h4mk_value* member) {
    *member = std::move(*h4mk::ValueFromJson(h4mk::ValueToJson(*value)));
  });
}

h4mk_status h4mk_value_set_bytes(h4mk_value* object, const char* key, const void* data,
                                 size_t size) {
  if (data == nullptr && size > 0) return H4MK_ERR_ARGUMENT;
  return SetMember(object, key, [&](h4mk_value* member) {
    member->type = H4MK_VALUE_STRING;
    member->text = h4mk::EncodeBase64({static_cast<const uint8_t*>(data), size});
  });
}

h4mk_value* h4mk_value_add_object(h4mk_value* object, const char* key) {
  return AddContainer(object, key, H4MK_VALUE_OBJECT);
}

h4mk_value* h4mk_value_add_array(h4mk_value* object, const char* key) {
  return AddContainer(object, key, H4MK_VALUE_ARRAY);
}

h4mk_value* h4mk_value_append_object(h4mk_value* array) {
  if (array == nullptr || !HasRoom(*array, 1)) return nullptr;
  return AppendElement(array, [](h4mk_value* element) { element->type = H4MK_VALUE_OBJECT; });
}

h4mk_status h4mk_value_append_text(h4mk_value* array, const char* text) {
  if (text == nullptr || array == nullptr || array->type != H4MK_VALUE_ARRAY)
    return H4MK_ERR_ARGUMENT;
  return AppendElement(array, [&](h4mk_value* element) { SetText(element, text); })
             ? H4MK_OK
             : H4MK_ERR_MEMORY;
}

h4mk_status h4mk_value_append_int(h4mk_value* array, int64_t number) {
  if (array == nullptr || array->type != H4MK_VALUE_ARRAY) return H4MK_ERR_ARGUMENT;
  return AppendElement(array,
                       [&](h4mk_value* element) {
                         element->type = H4MK_VALUE_INT;
                         element->number = number;
                       })
             ? H4MK_OK
             : H4MK_ERR_MEMORY;
}

const char* h4mk_value_to_json(const h4mk_value* value) {
  if (value == nullptr) return nullptr;
  const h4mk_status status = h4mk::Guard([&] {
    value->json = h4mk::DumpJson(h4mk::ValueToJson(*value));
    return H4MK_OK;
  });
  return status == H4MK_OK ? value->json.c_str() : nullptr;
}

h4mk_status h4mk_value_from_json(const char* text, size_t size, h4mk_value** value) {
  if (text == nullptr || value == nullptr) return H4MK_ERR_ARGUMENT;
  return h4mk::Guard([&] {
    h4mk::Result<Json> json = h4mk::ParseJson({text, size}, 0, "text");
    if (!json.ok()) return H4MK_ERR_CORRUPT;
    *value = h4mk::ValueFromJson(json.value()).release();
    return H4MK_OK;
  });
}
