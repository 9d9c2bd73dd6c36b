#include "certificates.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

namespace cede {
namespace tests {
namespace {

using Key = std::shared_ptr<EVP_PKEY>;
using X509Handle = std::shared_ptr<X509>;

void check(bool holds, const char* what) {
    if (!holds) throw std::runtime_error(std::string("certificates for tests: ") + what);
}

struct Identity {
    X509Handle certificate;
    Key key;
};

Key new_key() {
    const std::shared_ptr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nullptr), EVP_PKEY_CTX_free);
    EVP_PKEY* key = nullptr;
    check(EVP_PKEY_keygen_init(context.get()) == 1 &&
              EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context.get(), NID_X9_62_prime256v1) == 1 &&
              EVP_PKEY_keygen(context.get(), &key) == 1,
          "a key");
    return Key(key, EVP_PKEY_free);
}

struct Wanted {
    std::string name;
    std::string alternatives;  // as in OpenSSL's configuration
    bool issues = false;
    long from = -2, until = 30;  // days
};

void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const std::shared_ptr<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()),
                                                    X509_EXTENSION_free);
    check(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1, value.c_str());
}

Identity issue(const Wanted& wanted, const Identity* issuer) {
    static long serial = 0x1000;
    const Key key = new_key();
    const X509Handle certificate(X509_new(), X509_free);
    X509* const made = certificate.get();
    X509* const by = issuer != nullptr ? issuer->certificate.get() : made;
    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial);
    X509_time_adj_ex(X509_getm_notBefore(made), static_cast<int>(wanted.from), 0, nullptr);
    X509_time_adj_ex(X509_getm_notAfter(made), static_cast<int>(wanted.until), 0, nullptr);
    X509_set_pubkey(made, key.get());
    const auto* const name = reinterpret_cast<const unsigned char*>(wanted.name.c_str());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8, name, -1, -1, 0);
    X509_set_issuer_name(made, X509_get_subject_name(by));
    extend(made, by, NID_basic_constraints, wanted.issues ? "critical,CA:TRUE" : "critical,CA:FALSE");
    extend(made, by, NID_key_usage, wanted.issues ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
    extend(made, by, NID_subject_key_identifier, "hash");
    if (issuer != nullptr) extend(made, by, NID_authority_key_identifier, "keyid");
    if (!wanted.alternatives.empty()) extend(made, by, NID_subject_alt_name, wanted.alternatives);
    check(X509_sign(made, issuer != nullptr ? issuer->key.get() : key.get(), EVP_sha256()) > 0, "a signature");
    return {certificate, key};
}

std::shared_ptr<X509_CRL> list_of_revoked(const Identity& issuer, const Identity& revoked) {
    const std::shared_ptr<X509_CRL> list(X509_CRL_new(), X509_CRL_free);
    const std::shared_ptr<ASN1_TIME> now(X509_gmtime_adj(nullptr, -3600), ASN1_TIME_free);
    const std::shared_ptr<ASN1_TIME> later(X509_gmtime_adj(nullptr, 24 * 3600), ASN1_TIME_free);
    X509_REVOKED* const entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked.certificate.get()));
    X509_REVOKED_set_revocationDate(entry, now.get());
    X509_CRL_set_version(list.get(), 1);
    X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(issuer.certificate.get()));
    X509_CRL_set1_lastUpdate(list.get(), now.get());
    X509_CRL_set1_nextUpdate(list.get(), later.get());
    check(X509_CRL_add0_revoked(list.get(), entry) == 1, "a list of revoked certificates");
    check(X509_CRL_sort(list.get()) == 1 && X509_CRL_sign(list.get(), issuer.key.get(), EVP_sha256()) > 0, "a signed list");
    return list;
}

class Writer {
public:
    explicit Writer(const std::string& path) : file_(std::fopen(path.c_str(), "w")) { check(file_ != nullptr, path.c_str()); }
    ~Writer() { std::fclose(file_); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    void certificate(const X509Handle& which) { check(PEM_write_X509(file_, which.get()) == 1, "writing"); }
    void list(const std::shared_ptr<X509_CRL>& which) { check(PEM_write_X509_CRL(file_, which.get()) == 1, "writing"); }
    void key(const Key& which, const char* password = nullptr) {
        char* const secret = const_cast<char*>(password);
        check(PEM_write_PrivateKey(file_, which.get(), password != nullptr ? EVP_aes_128_cbc() : nullptr, nullptr, 0, nullptr,
                                   secret) == 1, "writing");
    }

private:
    std::FILE* file_;
};

void write(const std::string& path, const Identity& identity, const Identity* intermediate) {
    Writer certificates(path + ".crt");
    certificates.certificate(identity.certificate);
    if (intermediate != nullptr) certificates.certificate(intermediate->certificate);
    Writer(path + ".key").key(identity.key);
}

class Folder {
public:
    Folder() {
        check(::mkdtemp(&path_[0]) != nullptr, "a folder");
        make_certificates(path_);
    }
    ~Folder() {
        if (std::system(("rm -r " + path_).c_str()) != 0) std::fprintf(stderr, "%s stays\n", path_.c_str());
    }
    const std::string& path() const { return path_; }

private:
    std::string path_ = "/tmp/cede-ssl-XXXXXX";
};

}  // namespace

void make_certificates(const std::string& folder) {
    const std::string here = folder + "/";
    const std::string local = "DNS:localhost,DNS:*.test.example,IP:127.0.0.1,IP:::1";
    const Identity root = issue({"root of the tests", "", true}, nullptr);
    const Identity intermediate = issue({"intermediate of the tests", "", true}, &root);
    Writer(here + "ca.pem").certificate(root.certificate);
    const Identity server = issue({"localhost", local}, &intermediate);
    write(here + "server", server, &intermediate);
    {
        Writer both(here + "server.pem");
        both.certificate(server.certificate);
        both.certificate(intermediate.certificate);
        both.key(server.key);
    }
    Writer(here + "encrypted.key").key(server.key, "secret");
    write(here + "other", issue({"other.example", "DNS:other.example"}, &intermediate), &intermediate);
    write(here + "client", issue({"a client", "email:client@test.example"}, &intermediate), &intermediate);
    write(here + "expired", issue({"localhost", local, false, -20, -1}, &intermediate), &intermediate);
    const Identity revoked = issue({"localhost", local}, &intermediate);
    write(here + "revoked", revoked, &intermediate);
    Writer(here + "revoked.crl").list(list_of_revoked(intermediate, revoked));
    write(here + "stranger", issue({"localhost", local}, nullptr), nullptr);
}

std::string certificate_file(const std::string& name) {
    static const Folder folder;
    return folder.path() + "/" + name;
}

std::string contents_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

}  // namespace tests
}  // namespace cede
