// What it is: how many descriptors this process has open, to see whether one leaked.
#ifndef CEDE_TESTS_SUPPORT_OPEN_DESCRIPTORS_HPP
#define CEDE_TESTS_SUPPORT_OPEN_DESCRIPTORS_HPP

#include <dirent.h>

namespace cede {
namespace tests {

// Descriptors that are open now.
inline int open_descriptors() {
    DIR* const folder = ::opendir("/proc/self/fd");
    if (folder == nullptr) return -1;
    int count = 0;
    while (::readdir(folder) != nullptr) ++count;
    ::closedir(folder);
    return count - 3;  // ".", ".." and the folder itself
}

}  // namespace tests
}  // namespace cede

#endif
