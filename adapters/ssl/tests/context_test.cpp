// What a Context takes, and what it says of what it does not take.
#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <system_error>

#include <boost/test/unit_test.hpp>
#include <openssl/err.h>

#include "support/captured.hpp"

#include "fixtures.hpp"

namespace cede {
namespace tests {

namespace {

SharedContext bare_server() { return std::make_shared<ssl::Context>(ssl::PROTOCOL_TLS_SERVER); }
SharedContext bare_client() { return std::make_shared<ssl::Context>(ssl::PROTOCOL_TLS_CLIENT); }

bool connects(const SharedContext& client, const SharedContext& server) {
    Pair pair(client, server);
    try {
        pair.shake_hands();
        return true;
    } catch (const SSLError&) {
        return false;
    }
}

// Whether `f` throws an ENOENT that names `path`.
template <class F>
bool misses(const std::string& path, F f) {
    try {
        f();
    } catch (const std::system_error& error) {
        return error.code() == std::errc::no_such_file_or_directory && contains(error.what(), path);
    }
    return false;
}

template <class F>
std::string refusal(F f) {
    const std::string message = message_of<SSLError>(f);
    BOOST_TEST(ERR_peek_error() == 0u);
    return message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(context)

BOOST_AUTO_TEST_CASE(a_chain_and_its_key_come_from_two_files_or_one) {
    for (const std::string key : {"server.key", "encrypted.key"}) {
        const SharedContext server = bare_server();
        server->load_cert_chain(certificate_file("server.crt"), certificate_file(key), "secret");
        BOOST_TEST(connects(client_context(), server));
    }
    const SharedContext server = bare_server();
    server->load_cert_chain(certificate_file("server.pem"));
    BOOST_TEST(connects(client_context(), server));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_not_there_is_named) {
    const SharedContext server = bare_server();
    const std::string there = certificate_file("server.crt");
    BOOST_TEST(misses("/no/such.crt", [&] { server->load_cert_chain("/no/such.crt", "/no/such.key"); }));
    BOOST_TEST(misses("/no/such.key", [&] { server->load_cert_chain(there, "/no/such.key"); }));
    BOOST_TEST(misses("/no/such.ca", [&] { server->load_verify_locations("/no/such.ca"); }));
    BOOST_TEST(misses("/no/such/", [&] { server->load_verify_locations(ssl::VerifyLocations().capath("/no/such/")); }));
    BOOST_TEST(misses("/no/such/log", [&] { server->keylog_filename("/no/such/log"); }));
}

BOOST_AUTO_TEST_CASE(files_with_something_else_in_them_are_refused) {
    const SharedContext server = bare_server();
    const std::string certificate = certificate_file("server.crt"), key = certificate_file("server.key");
    BOOST_TEST(contains(refusal([&] { server->load_cert_chain(key, key); }), "has no certificate in PEM"));
    BOOST_TEST(contains(refusal([&] { server->load_cert_chain(certificate); }), "has no private key in PEM"));
    BOOST_TEST(contains(refusal([&] { server->load_verify_locations(key); }), "has no certificates in PEM"));
    BOOST_TEST(contains(refusal([&] { server->load_verify_locations("/dev/null"); }), "has no certificates in PEM"));
    BOOST_TEST(contains(refusal([&] { server->load_cert_chain("/tmp"); }), "'/tmp' has no certificate"));
}

BOOST_AUTO_TEST_CASE(a_key_must_belong_to_its_certificate_and_a_failure_changes_nothing) {
    const SharedContext server = server_context();
    const std::string other = certificate_file("other.key");
    const auto mismatch = [&] { server->load_cert_chain(certificate_file("stranger.crt"), other); };
    BOOST_TEST(contains(refusal(mismatch), "does not belong to the first certificate"));
    BOOST_TEST(connects(client_context(), server));
    server->load_cert_chain(certificate_file("other.crt"), other);
    BOOST_TEST(!connects(client_context(), server));
}

BOOST_AUTO_TEST_CASE(nobody_is_asked_for_a_password_at_the_terminal) {
    const SharedContext server = bare_server();
    const std::string certificate = certificate_file("server.crt"), key = certificate_file("encrypted.key");
    BOOST_TEST(contains(refusal([&] { server->load_cert_chain(certificate, key); }), "is encrypted: pass its password"));
    BOOST_TEST(contains(refusal([&] { server->load_cert_chain(certificate, key, "wrong"); }), "password for the key"));
    BOOST_TEST(contains(refusal([&] { server->load_cert_chain(certificate, key, std::string(5000, 'x')); }), "password"));
}

BOOST_AUTO_TEST_CASE(whom_to_trust_comes_from_files_folders_and_memory) {
    const std::string pem = contents_of(certificate_file("ca.pem"));
    const SharedContext server = server_context();
    BOOST_TEST(!connects(bare_client(), server));
    const SharedContext from_pem = bare_client();
    from_pem->load_verify_locations(ssl::VerifyLocations().cadata("some words first\n" + pem));
    BOOST_TEST(connects(from_pem, server));

    Pair pair;
    pair.shake_hands();
    const std::string der = absl::any_cast<ssl::Certificate>(pair.client->get_extra_info("peercert")).der;
    const SharedContext from_der = ssl::create_default_context(ssl::Purpose::SERVER_AUTH, ssl::VerifyLocations().cadata(der));
    BOOST_TEST(connects(from_der, server));  // to trust the certificate itself is enough: VERIFY_X509_PARTIAL_CHAIN
    from_der->verify_flags(from_der->verify_flags() & ~ssl::VERIFY_X509_PARTIAL_CHAIN);
    BOOST_TEST(!connects(from_der, server));
    const SharedContext from_folder = bare_client();
    from_folder->load_verify_locations(ssl::VerifyLocations().capath("/tmp"));
    BOOST_TEST(!connects(from_folder, server));
}

BOOST_AUTO_TEST_CASE(what_is_no_certificate_in_memory_is_refused) {
    const SharedContext client = bare_client();
    const auto load = [&](std::string data) {
        return refusal([&] { client->load_verify_locations(ssl::VerifyLocations().cadata(data)); });
    };
    const std::string pem = contents_of(certificate_file("ca.pem"));
    BOOST_TEST(contains(load("nonsense"), "neither in PEM nor in DER"));
    BOOST_TEST(contains(load("-----BEGIN CERTIFICATE-----\nnonsense\n"), "not certificates in PEM"));
    BOOST_TEST(contains(load(pem + pem.substr(0, 100)), "not certificates in PEM"));
    BOOST_CHECK_THROW(client->load_verify_locations(ssl::VerifyLocations()), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(defaults_are_safe) {
    const SharedContext client = client_context(), server = server_context();
    BOOST_TEST(client->check_hostname());
    BOOST_TEST((client->verify_mode() == ssl::CERT_REQUIRED));
    BOOST_TEST((client->minimum_version() == ssl::TLSVersion::TLSv1_2));
    BOOST_TEST((client->maximum_version() == ssl::TLSVersion::MAXIMUM_SUPPORTED));
    BOOST_TEST((client->verify_flags() & ssl::VERIFY_X509_STRICT) != 0u);
    BOOST_TEST((server->verify_mode() == ssl::CERT_NONE));
    BOOST_TEST(!server->check_hostname());
    BOOST_TEST(ssl::create_default_context()->check_hostname());  // with what the system trusts
}

BOOST_AUTO_TEST_CASE(a_name_cannot_be_checked_in_what_is_not_verified) {
    const SharedContext client = bare_client();
    const auto trust_anybody = [&] { client->verify_mode(ssl::CERT_NONE); };
    BOOST_TEST(contains(message_of<std::invalid_argument>(trust_anybody), "check_hostname(false)"));
    client->check_hostname(false).verify_mode(ssl::CERT_NONE);
    client->check_hostname(true);
    BOOST_TEST((client->verify_mode() == ssl::CERT_REQUIRED));
    client->verify_mode(ssl::CERT_OPTIONAL);
    BOOST_TEST((client->verify_mode() == ssl::CERT_OPTIONAL));
    BOOST_CHECK_THROW(bare_server()->check_hostname(true), std::invalid_argument);
    BOOST_CHECK_THROW(client->sni_callback(nullptr), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(versions_are_what_was_set) {
    const SharedContext client = bare_client();
    client->minimum_version(ssl::TLSVersion::TLSv1_3).maximum_version(ssl::TLSVersion::TLSv1_3);
    BOOST_TEST((client->minimum_version() == ssl::TLSVersion::TLSv1_3));
    BOOST_TEST((client->maximum_version() == ssl::TLSVersion::TLSv1_3));
    client->minimum_version(ssl::TLSVersion::MINIMUM_SUPPORTED).maximum_version(ssl::TLSVersion::MAXIMUM_SUPPORTED);
    BOOST_TEST((client->minimum_version() == ssl::TLSVersion::MINIMUM_SUPPORTED));
    BOOST_TEST((client->maximum_version() == ssl::TLSVersion::MAXIMUM_SUPPORTED));
    client->minimum_version(ssl::TLSVersion::MAXIMUM_SUPPORTED).maximum_version(ssl::TLSVersion::MINIMUM_SUPPORTED);
    BOOST_TEST((client->minimum_version() == ssl::TLSVersion::TLSv1_3));
    BOOST_TEST((client->maximum_version() == ssl::TLSVersion::TLSv1));
}

BOOST_AUTO_TEST_CASE(ciphers_and_protocols_are_checked) {
    const SharedContext client = client_context(), server = server_context();
    BOOST_TEST(contains(refusal([&] { client->set_ciphers("nonsense"); }), "set_ciphers(\"nonsense\")"));
    client->set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384").maximum_version(ssl::TLSVersion::TLSv1_2);
    Pair pair(client, server);
    pair.shake_hands();
    const auto cipher = absl::any_cast<ssl::Cipher>(pair.server->get_extra_info("cipher"));
    BOOST_TEST(cipher.name == "ECDHE-ECDSA-AES256-GCM-SHA384");
    BOOST_TEST(cipher.secret_bits == 256);
    BOOST_CHECK_THROW(client->set_alpn_protocols({"h2", ""}), std::invalid_argument);
    BOOST_CHECK_THROW(client->set_alpn_protocols({std::string(256, 'x')}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(roles_and_names_are_checked) {
    const SharedContext client = client_context(), server = server_context();
    const auto of_client = [&](const std::string& name) {
        return message_of<std::invalid_argument>([&] { client->wrap_bio(false, name); });
    };
    BOOST_TEST(contains(message_of<std::invalid_argument>([&] { client->wrap_bio(true, ""); }), "Purpose::CLIENT_AUTH"));
    BOOST_TEST(contains(message_of<std::invalid_argument>([&] { server->wrap_bio(false, "x"); }), "Purpose::SERVER_AUTH"));
    BOOST_TEST(contains(of_client(""), "check_hostname needs a server_hostname"));
    BOOST_TEST(contains(of_client("."), "begins with a dot"));
    BOOST_TEST(contains(of_client(".example"), "begins with a dot"));
    BOOST_TEST(contains(of_client("b\xc3\xbc" "cher.example"), "xn--"));
    BOOST_TEST(contains(of_client(std::string("a\0b", 3)), "in ASCII"));
    BOOST_TEST(of_client("fe80::1%eth0") == "(nothing was thrown)");
    client->check_hostname(false);
    BOOST_TEST(of_client("") == "(nothing was thrown)");
}

BOOST_AUTO_TEST_CASE(secrets_are_logged_when_asked_for) {
    const std::string path = certificate_file("secrets");
    const SharedContext client = client_context();
    client->keylog_filename(path);
    BOOST_TEST(connects(client, server_context()));
    const std::string secrets = contents_of(path);
    BOOST_TEST(contains(secrets, "CLIENT_TRAFFIC_SECRET_0 "));
    client->keylog_filename("");
    BOOST_TEST(connects(client, server_context()));
    BOOST_TEST(contents_of(path) == secrets);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
