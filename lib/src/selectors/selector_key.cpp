#include "cede/selectors/selector_key.hpp"

#include <memory>
#include <string>
#include <utility>

#include "cede/base/reports.hpp"

namespace cede {
namespace selectors {

BadDataCast::BadDataCast(std::string text) : text_(std::make_shared<const std::string>(std::move(text))) {}

SelectorKey::SelectorKey(int file, EventMask mask, absl::any value) : fd(file), events(mask) {
    if (value.has_value()) data_ = std::make_shared<const absl::any>(std::move(value));
}

namespace detail {

void throw_bad_data_cast(const SelectorKey& key, const std::type_info& wanted) {
    const std::string start =
        "SelectorKey::data_as<" + cede::detail::demangle(wanted.name()) + ">: fd " + std::to_string(key.fd);
    if (!key.has_data()) throw BadDataCast(start + " was registered without data; ask has_data() first");
    const std::string held = cede::detail::demangle(key.data()->type().name());
    throw BadDataCast(start + " was registered with a " + held + "; call data_as<" + held + ">()");
}

}  // namespace detail
}  // namespace selectors
}  // namespace cede
