#include "stream/separators.hpp"

#include <algorithm>
#include <stdexcept>

namespace cede {
namespace detail {

Separators::Separators(absl::string_view only) : sorted_(1, only) { check_and_sort(); }
Separators::Separators(const std::vector<std::string>& all) : sorted_(all.begin(), all.end()) { check_and_sort(); }

void Separators::check_and_sort() {
    if (sorted_.empty()) throw std::invalid_argument("Separator should contain at least one element");
    const auto shorter = [](absl::string_view a, absl::string_view b) { return a.size() < b.size(); };
    std::sort(sorted_.begin(), sorted_.end(), shorter);
    if (shortest() == 0) throw std::invalid_argument("Separator should be at least one-byte string");
}

// Each separator's first occurrence ends before its others do.
absl::optional<Separators::Match> Separators::find_within(absl::string_view data, std::size_t from) const {
    absl::optional<Match> best;
    for (const absl::string_view separator : sorted_) {
        // A further one has to end before the best, so there is no need to look behind that.
        const absl::string_view where = best ? data.substr(0, best->end - 1) : data;
        const std::size_t start = where.find(separator, from);
        if (start != absl::string_view::npos) best = Match{start, start + separator.size()};
    }
    return best;
}

// In windows of doubling size: otherwise a separator that does not occur would be looked for in all of the buffer at
// each line that another one ends.
absl::optional<Separators::Match> Separators::find(absl::string_view data, std::size_t from) const {
    if (sorted_.size() == 1) return find_within(data, from);
    std::size_t window = std::max<std::size_t>(256, 2 * longest());
    for (;;) {
        const std::size_t end = std::min(data.size(), from + window);
        const absl::optional<Match> match = find_within(data.substr(0, end), from);
        if (match || end == data.size()) return match;
        from = end - (longest() - 1);
        window *= 2;
    }
}

}  // namespace detail
}  // namespace cede
