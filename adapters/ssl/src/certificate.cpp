#include "certificate.hpp"

#include <cstring>
#include <ctime>
#include <new>

#include <arpa/inet.h>

#include "absl/time/civil_time.h"

namespace cede {
namespace ssl {
namespace {

std::string text_of(const ASN1_STRING* string) {
    return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                       static_cast<std::size_t>(ASN1_STRING_length(string)));
}

std::string utf8_of(const ASN1_STRING* string) {
    unsigned char* text = nullptr;
    const int size = ASN1_STRING_to_UTF8(&text, string);
    if (size < 0) return text_of(string);
    const TextHandle owned(reinterpret_cast<char*>(text));
    return std::string(owned.get(), static_cast<std::size_t>(size));
}

std::string name_of(const ASN1_OBJECT* object) {
    const int nid = OBJ_obj2nid(object);
    if (nid != NID_undef) return OBJ_nid2ln(nid);
    char digits[128];
    OBJ_obj2txt(digits, sizeof digits, object, 1);
    return digits;
}

Certificate::Names names_of(const X509_NAME* name) {
    Certificate::Names names;
    for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
        const X509_NAME_ENTRY* const entry = X509_NAME_get_entry(name, i);
        names.emplace_back(name_of(X509_NAME_ENTRY_get_object(entry)), utf8_of(X509_NAME_ENTRY_get_data(entry)));
    }
    return names;
}

std::string address_of(const ASN1_OCTET_STRING* address) {
    char text[INET6_ADDRSTRLEN];
    const int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
    const bool fits = family == AF_INET || ASN1_STRING_length(address) == 16;
    if (!fits || inet_ntop(family, ASN1_STRING_get0_data(address), text, sizeof text) == nullptr) return "<invalid>";
    return text;
}

std::pair<std::string, std::string> alternative(const GENERAL_NAME* name) {
    switch (name->type) {
        case GEN_DNS: return {"DNS", text_of(name->d.dNSName)};
        case GEN_EMAIL: return {"email", text_of(name->d.rfc822Name)};
        case GEN_URI: return {"URI", text_of(name->d.uniformResourceIdentifier)};
        case GEN_IPADD: return {"IP Address", address_of(name->d.iPAddress)};
        case GEN_RID: return {"Registered ID", name_of(name->d.registeredID)};
        case GEN_DIRNAME: {
            const TextHandle line(X509_NAME_oneline(name->d.directoryName, nullptr, 0));
            return {"DirName", line != nullptr ? line.get() : ""};
        }
        default: return {"othername", "<unsupported>"};
    }
}

Certificate::Names alternatives_of(X509* certificate) {
    Certificate::Names names;
    const NamesHandle all(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; all != nullptr && i < sk_GENERAL_NAME_num(all.get()); ++i) {
        names.push_back(alternative(sk_GENERAL_NAME_value(all.get(), i)));
    }
    return names;
}

absl::Time time_of(const ASN1_TIME* time) {
    std::tm utc;
    std::memset(&utc, 0, sizeof utc);
    if (ASN1_TIME_to_tm(time, &utc) != 1) return absl::InfinitePast();
    const absl::CivilSecond civil(utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
    return absl::FromCivil(civil, absl::UTCTimeZone());
}

std::string serial_number_of(X509* certificate) {
    const NumberHandle number(ASN1_INTEGER_to_BN(X509_get_serialNumber(certificate), nullptr));
    const TextHandle text(number != nullptr ? BN_bn2hex(number.get()) : nullptr);
    return text != nullptr ? text.get() : "";
}

std::string der_of(X509* certificate) {
    unsigned char* bytes = nullptr;
    const int size = i2d_X509(certificate, &bytes);
    if (size < 0) throw std::bad_alloc();
    const TextHandle owned(reinterpret_cast<char*>(bytes));
    return std::string(owned.get(), static_cast<std::size_t>(size));
}

}  // namespace

Certificate describe_certificate(X509* certificate, bool verified) {
    Certificate described;
    described.der = der_of(certificate);
    if (!verified) return described;
    described.subject = names_of(X509_get_subject_name(certificate));
    described.issuer = names_of(X509_get_issuer_name(certificate));
    described.subjectAltName = alternatives_of(certificate);
    described.notBefore = time_of(X509_get0_notBefore(certificate));
    described.notAfter = time_of(X509_get0_notAfter(certificate));
    described.serialNumber = serial_number_of(certificate);
    described.version = static_cast<int>(X509_get_version(certificate)) + 1;
    return described;
}

}  // namespace ssl
}  // namespace cede
