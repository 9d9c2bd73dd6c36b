// What it is: the numbers behind the names of users and groups, as the system knows them. Reads files or asks a directory
// server, and so may block for a while.
#ifndef CEDE_SRC_NET_ACCOUNT_NAMES_HPP
#define CEDE_SRC_NET_ACCOUNT_NAMES_HPP

#include <sys/types.h>

#include "cede/net/subprocess_options.hpp"

namespace cede {
namespace detail {

// `what` is for the message: "user", "extra_groups". Throw std::invalid_argument for a name that there is not, and for -1,
// which means "unchanged" to the system; std::system_error when the system cannot say.
uid_t user_id(const subprocess::Id& user, const char* what);
gid_t group_id(const subprocess::Id& group, const char* what);

}  // namespace detail
}  // namespace cede

#endif
