#include "net/address_order.hpp"

#include <algorithm>

namespace cede {
namespace detail {

std::vector<AddressInfo> interleave_families(std::vector<AddressInfo> addresses, std::size_t first) {
    std::vector<std::vector<AddressInfo>> families;
    for (AddressInfo& address : addresses) {
        const auto same = [&](const std::vector<AddressInfo>& family) { return family.front().family == address.family; };
        auto found = std::find_if(families.begin(), families.end(), same);
        if (found == families.end()) found = families.insert(found, std::vector<AddressInfo>());
        found->push_back(std::move(address));
    }
    std::vector<AddressInfo> result;
    std::vector<std::size_t> taken(families.size());
    const auto take = [&](std::size_t family) {
        if (taken[family] < families[family].size()) result.push_back(families[family][taken[family]++]);
    };
    for (std::size_t i = 1; i < first && !families.empty(); ++i) take(0);
    while (result.size() < addresses.size()) {
        for (std::size_t family = 0; family < families.size(); ++family) take(family);
    }
    return result;
}

}  // namespace detail
}  // namespace cede
