// What it is: certificates for tests, made anew in each run, so that none ever expires in the repository.
//
// The root issues an intermediate, and that everybody else; so a peer must send its chain.
#ifndef CEDE_ADAPTERS_SSL_TESTS_CERTIFICATES_HPP
#define CEDE_ADAPTERS_SSL_TESTS_CERTIFICATES_HPP

#include <string>

namespace cede {
namespace tests {

// Makes these files in `folder`:
//   ca.pem                          the root, whom to trust
//   server.crt server.key           for localhost, *.test.example, 127.0.0.1 and ::1; the chain with it
//   server.pem                      both in one file
//   other.crt other.key             the same for other.example alone
//   client.crt client.key           of "a client"
//   expired.crt expired.key         as server.crt, until yesterday
//   revoked.crt revoked.key         as server.crt, but in revoked.crl, the intermediate's list
//   stranger.crt stranger.key       self-signed, for localhost
//   encrypted.key                   server.key under the password "secret"
// Throws std::runtime_error when that does not work.
void make_certificates(const std::string& folder);

// The path of one of them, in a temporary folder that lives as long as the program.
std::string certificate_file(const std::string& name);
std::string contents_of(const std::string& path);

}  // namespace tests
}  // namespace cede

#endif
