// SPDX-License-Identifier: MIT
#include "base/json.h"

#include <charconv>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace h4mk {

namespace {

// Whether the text of a JSON number is an integer that int64_t cannot hold.
bool IsWideInteger(std::string_view number) {
  if (number.find_first_of(".eE") != number.npos) return false;
  int64_t value = 0;
  return std::from_chars(number.data(), number.data() + number.size(), value).ec ==
         std::errc::result_out_of_range;
}

// The parser makes reals of integers that are too large, so they are looked for in the text.
bool HasWideInteger(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      for (++i; i < text.size() && text[i] != '"'; ++i) i += text[i] == '\\';
    } else if (text[i] == '-' || (text[i] >= '0' && text[i] <= '9')) {
      const std::string_view number =
          text.substr(i, text.find_first_not_of("-+.eE0123456789", i) - i);
      if (IsWideInteger(number)) return true;
      i += number.size() - 1;
    }
  }
  return false;
}

// What of JSON a text may use.
enum class Rules {
  kCore,    // core.md, "Conventions"
  kLegacy,  // what the first readers took: keys that come twice, integers of any size
};

// Builds a value while it is read, until something in it is refused. The parser of nlohmann-json
// that asks a callback goes over all of an array at the end of each object in it.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  Builder(size_t max_values, Rules rules) : max_values_(max_values), rules_(rules) {}

  Json Take() { return std::move(root_); }
  const char* refused() const { return refused_; }

  bool null() override { return Place(nullptr); }
  bool boolean(bool value) override { return Place(value); }
  bool number_integer(int64_t value) override { return Place(value); }
  bool number_unsigned(uint64_t value) override {
    return value > INT64_MAX ? Place(static_cast<double>(value)) : Place(value);
  }
  bool number_float(double value, const std::string& /*text*/) override { return Place(value); }
  bool string(std::string& value) override { return Place(std::move(value)); }
  bool binary(Json::binary_t& /*value*/) override { return false; }  // JSON has none
  bool start_object(size_t /*size*/) override { return Open(Json::object()); }
  bool start_array(size_t /*size*/) override { return Open(Json::array()); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }

  bool key(std::string& key) override {
    Container& object = open_.back();
    object.is_new = object.keys.insert(key).second;
    object.key = std::move(key);
    if (!object.is_new && rules_ == Rules::kCore) refused_ = "an object with a key twice";
    if (object.keys.size() > kMaxJsonMembers) refused_ = "an object with too many members";
    return Count();
  }

  bool parse_error(size_t /*position*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    return false;
  }

 private:
  struct Container {
    Json* value;
    std::unordered_set<std::string> keys;  // of an object
    std::string key;                       // of its member that comes next
    bool is_new = true;                    // it is the first of that key
  };

  bool Count() {
    if (++values_ > max_values_) refused_ = "made of too many values";
    return refused_ == nullptr;
  }

  // Puts a value where it belongs; it stays there until its container gets the next.
  Json* Put(Json value) {
    if (open_.empty()) return &(root_ = std::move(value));
    Container& container = open_.back();
    if (container.value->is_array()) {
      container.value->push_back(std::move(value));
      return &container.value->back();
    }
    auto& object = container.value->get_ref<Json::object_t&>();
    if (!container.is_new) return &(object[container.key] = std::move(value));
    return &static_cast<Json::object_t::Container&>(object)
                .emplace_back(std::move(container.key), std::move(value))
                .second;
  }

  bool Place(Json value) {
    Put(std::move(value));
    return Count();
  }

  bool Open(Json value) {
    if (open_.size() >= kMaxJsonDepth) refused_ = "nested too deeply";
    open_.push_back({Put(std::move(value)), {}, {}});
    return Count();
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  const size_t max_values_;
  const Rules rules_;
  size_t values_ = 0;
  const char* refused_ = nullptr;
  Json root_;
  std::vector<Container> open_;
};

Result<Json> Parse(std::string_view text, uint64_t offset, const char* what, size_t max_values,
                   Rules rules) {
  Builder builder(max_values, rules);
  if (text.starts_with("\xEF\xBB\xBF"))
    return Corrupt(offset, std::string(what) + " starts with a byte order mark");
  if (text.find('\0') != text.npos)  // the parser takes it for the end
    return Corrupt(offset, std::string(what) + " is not valid JSON");
  const bool is_json = Json::sax_parse(text.begin(), text.end(), &builder);
  if (builder.refused() != nullptr)
    return Corrupt(offset, std::string(what) + " is " + builder.refused());
  if (!is_json) return Corrupt(offset, std::string(what) + " is not valid JSON");
  if (rules == Rules::kCore && HasWideInteger(text))
    return Corrupt(offset, std::string(what) + " has an integer of more than 64 bits");
  return builder.Take();
}

}  // namespace

Result<Json> ParseJson(std::string_view text, uint64_t offset, const char* what,
                       size_t max_values) {
  return Parse(text, offset, what, max_values, Rules::kCore);
}

Result<Json> ParseLegacyJson(std::string_view text, const char* what, size_t max_values) {
  return Parse(text, 0, what, max_values, Rules::kLegacy);
}

Status MeasureJson(const Json& value, size_t containers, const char* what, size_t* values) {
  ++*values;
  if (!value.is_structured()) return {};
  if (containers >= kMaxJsonDepth)
    return Status(Code::kLimit, std::string(what) + " is nested too deeply");
  if (value.is_object() && value.size() > kMaxJsonMembers)
    return Status(Code::kLimit, std::string(what) + " has an object with more than " +
                                    std::to_string(kMaxJsonMembers) + " members");
  if (value.is_object()) *values += value.size();
  for (const Json& member : value) H4MK_TRY(MeasureJson(member, containers + 1, what, values));
  return {};
}

std::string DumpJson(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool IsUtf8(std::string_view text) {
  size_t i = 0;
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(text[at]); };
  while (i < text.size()) {
    const uint8_t first = byte(i);
    size_t more = 0;
    uint8_t low = 0x80, high = 0xBF;  // bounds of the second byte (RFC 3629, section 4)
    if (first < 0x80) {
      ++i;
      continue;
    } else if (first >= 0xC2 && first <= 0xDF) {
      more = 1;
    } else if (first >= 0xE0 && first <= 0xEF) {
      more = 2;
      if (first == 0xE0) low = 0xA0;
      if (first == 0xED) high = 0x9F;
    } else if (first >= 0xF0 && first <= 0xF4) {
      more = 3;
      if (first == 0xF0) low = 0x90;
      if (first == 0xF4) high = 0x8F;
    } else {
      return false;
    }
    if (text.size() - i <= more || byte(i + 1) < low || byte(i + 1) > high) return false;
    for (size_t k = 2; k <= more; ++k)
      if ((byte(i + k) & 0xC0) != 0x80) return false;
    i += more + 1;
  }
  return true;
}

}  // namespace h4mk
