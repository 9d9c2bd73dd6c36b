// What it is: who owns what of OpenSSL's.
#ifndef CEDE_ADAPTERS_SSL_SRC_HANDLES_HPP
#define CEDE_ADAPTERS_SSL_SRC_HANDLES_HPP

#include <memory>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace cede {
namespace ssl {

template <class T, void (*Free)(T*)>
struct Deleter {
    void operator()(T* pointer) const noexcept { Free(pointer); }
};
template <class T, void (*Free)(T*)>
using Handle = std::unique_ptr<T, Deleter<T, Free>>;

inline void free_stack(STACK_OF(X509)* stack) { sk_X509_pop_free(stack, X509_free); }
inline void free_text(char* text) { OPENSSL_free(text); }

using SSLHandle = Handle<SSL, SSL_free>;
using SSLContextHandle = Handle<SSL_CTX, SSL_CTX_free>;
using BIOHandle = Handle<BIO, BIO_free_all>;
using X509Handle = Handle<X509, X509_free>;
using KeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;
using ChainHandle = Handle<STACK_OF(X509), free_stack>;
using NamesHandle = Handle<GENERAL_NAMES, GENERAL_NAMES_free>;
using NumberHandle = Handle<BIGNUM, BN_free>;
using TextHandle = Handle<char, free_text>;

}  // namespace ssl
}  // namespace cede

#endif
