// What it is: the separators of a readuntil(), and the search for the one that ends first.
#ifndef CEDE_SRC_STREAM_SEPARATORS_HPP
#define CEDE_SRC_STREAM_SEPARATORS_HPP

#include <cstddef>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace cede {
namespace detail {

class Separators {
public:
    struct Match {
        std::size_t start;
        std::size_t end;
    };

    // Does not own the bytes. Throws std::invalid_argument for none, or an empty one.
    explicit Separators(absl::string_view only);
    explicit Separators(const std::vector<std::string>& all);

    // The match that ends first, of those the shortest, of what starts at `from` or later.
    absl::optional<Match> find(absl::string_view data, std::size_t from) const;

    std::size_t shortest() const noexcept { return sorted_.front().size(); }
    std::size_t longest() const noexcept { return sorted_.back().size(); }

private:
    void check_and_sort();
    absl::optional<Match> find_within(absl::string_view data, std::size_t from) const;

    absl::InlinedVector<absl::string_view, 4> sorted_;  // the shortest first
};

}  // namespace detail
}  // namespace cede

#endif
