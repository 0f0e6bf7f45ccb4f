// SPDX-License-Identifier: MIT
// h4mk_value: a tree of JSON values with stable addresses, so that pointers to members stay valid
// while others are added.
#ifndef H4MK_CAPI_VALUE_H_
#define H4MK_CAPI_VALUE_H_

#include <h4mk/h4mk.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

struct h4mk_value {
  h4mk_value_type type = H4MK_VALUE_NULL;
  bool truth = false;
  int64_t number = 0;
  double real = 0;
  std::string text;
  // Elements (with empty keys) or members.
  std::vector<std::pair<std::string, std::unique_ptr<h4mk_value>>> children;
  h4mk::Json big;    // an integer beyond int64_t, kept as it is
  size_t level = 0;  // how many values it is in, of one that members can be added to

  // What getters hand out besides the members above.
  mutable h4mk::Bytes bytes;
  mutable std::string json;

  h4mk_value* Find(std::string_view key) const;
  h4mk_value* Add(std::string_view key);  // replaces a member of the same key
};

namespace h4mk {

std::unique_ptr<h4mk_value> ValueFromJson(const Json& json);
Json ValueToJson(const h4mk_value& value);

}  // namespace h4mk

#endif  // H4MK_CAPI_VALUE_H_
