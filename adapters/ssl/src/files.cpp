#include "files.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <new>
#include <system_error>

#include <dirent.h>
#include <openssl/pem.h>

#include "errors.hpp"

namespace cede {
namespace ssl {
namespace {

void close_file(std::FILE* file) { std::fclose(file); }
void close_folder(DIR* folder) { ::closedir(folder); }
using FileHandle = Handle<std::FILE, close_file>;
using FolderHandle = Handle<DIR, close_folder>;

[[noreturn]] void throw_errno(const std::string& what, const std::string& path) {
    throw std::system_error(errno, std::generic_category(), what + " '" + path + "'");
}

BIOHandle checked(BIO* bio) {
    if (bio == nullptr) throw std::bad_alloc();
    return BIOHandle(bio);
}

// What OpenSSL reads from while this lives.
class File {
public:
    File(const std::string& what, const std::string& path) : file_(std::fopen(path.c_str(), "re")) {
        if (file_ == nullptr) throw_errno(what, path);
        bio_ = checked(BIO_new_fp(file_.get(), BIO_NOCLOSE));
    }
    BIO* bio() const noexcept { return bio_.get(); }

private:
    FileHandle file_;
    BIOHandle bio_;
};

// True when what was read until now is all that there is.
bool at_the_end() {
    const unsigned long error = ERR_peek_last_error();
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

// OpenSSL would ask for a password at the terminal if it was not told otherwise.
struct Password {
    const std::string& text;
    bool asked = false;

    static int give(char* to, int room, int, void* self) {
        Password& password = *static_cast<Password*>(self);
        password.asked = true;
        const std::string& text = password.text;
        if (text.empty() || text.size() > static_cast<std::size_t>(room)) return -1;
        std::memcpy(to, text.data(), text.size());
        return static_cast<int>(text.size());
    }
};

// Without one OpenSSL asks at the terminal for the password of an encrypted block.
int no_password(char*, int, int, void*) { return -1; }

void load_certificates(Identity& identity, const std::string& path) {
    const File file("certfile", path);
    identity.certificate.reset(PEM_read_bio_X509_AUX(file.bio(), nullptr, no_password, nullptr));
    if (identity.certificate == nullptr) throw_configuration_error("certfile '" + path + "' has no certificate in PEM");
    identity.chain.reset(sk_X509_new_null());
    if (identity.chain == nullptr) throw std::bad_alloc();
    while (X509* next = PEM_read_bio_X509(file.bio(), nullptr, no_password, nullptr)) {
        X509Handle owned(next);
        if (sk_X509_push(identity.chain.get(), next) == 0) throw std::bad_alloc();
        owned.release();
    }
    if (!at_the_end()) throw_configuration_error("certfile '" + path + "' has something unreadable behind its certificates");
    ERR_clear_error();
}

void load_key(Identity& identity, const std::string& path, const std::string& text) {
    const File file("keyfile", path);
    Password password{text};
    identity.key.reset(PEM_read_bio_PrivateKey(file.bio(), nullptr, Password::give, &password));
    if (identity.key != nullptr) return;
    if (password.asked && text.empty()) {
        ERR_clear_error();
        throw_configuration_error("the key in '" + path + "' is encrypted: pass its password to load_cert_chain()");
    }
    throw_configuration_error(password.asked ? "the password for the key in '" + path + "' is wrong"
                                             : "keyfile '" + path + "' has no private key in PEM");
}

// Returns how many.
int trust_pem(X509_STORE* store, BIO* bio) {
    int count = 0;
    while (const X509Handle next{PEM_read_bio_X509(bio, nullptr, no_password, nullptr)}) {
        if (X509_STORE_add_cert(store, next.get()) != 1) throw_configuration_error("a certificate of cadata");
        ++count;
    }
    if (!at_the_end()) throw_configuration_error("cadata is not certificates in PEM");
    return count;
}

int trust_der(X509_STORE* store, absl::string_view data) {
    const unsigned char* position = reinterpret_cast<const unsigned char*>(data.data());
    const unsigned char* const end = position + data.size();
    int count = 0;
    while (position != end) {
        const X509Handle next(d2i_X509(nullptr, &position, static_cast<long>(end - position)));
        if (next == nullptr) throw_configuration_error("cadata is certificates neither in PEM nor in DER");
        if (X509_STORE_add_cert(store, next.get()) != 1) throw_configuration_error("a certificate of cadata");
        ++count;
    }
    return count;
}

}  // namespace

Identity load_identity(const std::string& certfile, const std::string& keyfile, const std::string& password) {
    Identity identity;
    load_certificates(identity, certfile);
    const std::string& key = keyfile.empty() ? certfile : keyfile;
    load_key(identity, key, password);
    if (X509_check_private_key(identity.certificate.get(), identity.key.get()) != 1) {
        throw_configuration_error("the key in '" + key + "' does not belong to the first certificate in '" + certfile +
                                  "', which must be our own, before those of its issuers");
    }
    return identity;
}

void trust_file(SSL_CTX* context, const std::string& cafile) {
    File("cafile", cafile);  // says what is wrong with the file better than OpenSSL
    if (SSL_CTX_load_verify_locations(context, cafile.c_str(), nullptr) != 1) {
        throw_configuration_error("cafile '" + cafile + "' has no certificates in PEM");
    }
}

void trust_folder(SSL_CTX* context, const std::string& capath) {
    const FolderHandle folder(::opendir(capath.c_str()));  // OpenSSL finds nothing in what is none, and says nothing
    if (folder == nullptr) throw_errno("capath", capath);
    if (SSL_CTX_load_verify_locations(context, nullptr, capath.c_str()) != 1) {
        throw_configuration_error("capath '" + capath + "'");
    }
}

void trust_data(SSL_CTX* context, absl::string_view cadata) {
    X509_STORE* const store = SSL_CTX_get_cert_store(context);
    if (cadata.size() > INT_MAX) throw_configuration_error("cadata is too long");
    int count = 0;
    if (cadata.find("-----BEGIN ") != cadata.npos) {
        const BIOHandle bio = checked(BIO_new_mem_buf(cadata.data(), static_cast<int>(cadata.size())));
        count = trust_pem(store, bio.get());
    } else {
        count = trust_der(store, cadata);
    }
    ERR_clear_error();
    if (count == 0) throw_configuration_error("cadata has no certificate");
}

}  // namespace ssl
}  // namespace cede
