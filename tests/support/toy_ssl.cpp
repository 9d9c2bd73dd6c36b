#include "support/toy_ssl.hpp"

#include <algorithm>

namespace cede {
namespace tests {
namespace {

constexpr std::size_t header = 3;
constexpr std::size_t most_in_record = 16384;

// Of a payload as it is sent.
char checksum_of(const char* payload, std::size_t size) {
    unsigned sum = 7;
    for (std::size_t i = 0; i < size; ++i) sum = sum * 31 + static_cast<unsigned char>(payload[i]);
    return static_cast<char>(sum);
}

}  // namespace

ToyObject::ToyObject(std::shared_ptr<ToyOptions> options, bool server_side, std::string server_hostname)
    : options_(std::move(options)), server_side_(server_side), server_hostname_(std::move(server_hostname)) {}

void ToyObject::called(const char* name) const {
    if (options_->on_call) options_->on_call(name);
}

void ToyObject::feed(absl::string_view ciphertext) {
    called("feed");
    if (in_offset_ == in_.size()) {
        in_.clear();
        in_offset_ = 0;
    }
    in_.append(ciphertext.data(), ciphertext.size());
}

std::size_t ToyObject::take(absl::Span<char> ciphertext) {
    called("take");
    const std::size_t count = out_.copy(ciphertext.data(), ciphertext.size(), out_offset_);
    out_offset_ += count;
    if (out_offset_ == out_.size()) {
        out_.clear();
        out_offset_ = 0;
    }
    return count;
}

void ToyObject::send(char type, absl::string_view payload) {
    do {
        const absl::string_view some = payload.substr(0, most_in_record);
        payload.remove_prefix(some.size());
        const char head[] = {type, static_cast<char>(some.size() >> 8), static_cast<char>(some.size())};
        out_.append(head, header);
        for (char each : some) out_.push_back(static_cast<char>(~each));
        out_.push_back(checksum_of(out_.data() + out_.size() - some.size(), some.size()));
    } while (!payload.empty());
}

// The type of the next record, or 0 while it is not complete.
char ToyObject::next() const {
    const std::size_t left = in_.size() - in_offset_;
    if (left < header || left < header + payload().size() + 1) return 0;
    return in_[in_offset_];
}

absl::string_view ToyObject::payload() const {
    const std::size_t size = static_cast<std::size_t>(static_cast<unsigned char>(in_[in_offset_ + 1])) << 8 |
                             static_cast<unsigned char>(in_[in_offset_ + 2]);
    return absl::string_view(in_.data() + in_offset_ + header, size);
}

std::string ToyObject::plain() const {
    std::string text(payload());
    for (char& each : text) each = static_cast<char>(~each);
    return text;
}

void ToyObject::drop() {
    in_offset_ += header + payload().size() + 1;
    payload_offset_ = 0;
}

bool ToyObject::wants_more() const {
    if (ended_) throw SSLEOFError();
    return true;
}

void ToyObject::fail(SSLErrc code, const std::string& text) {
    failure_ = text;
    send('a', text);
    if (code == SSLErrc::certificate_verify_failed) throw SSLCertVerificationError(text, 62, "hostname mismatch");
    throw SSLError(code, text);
}

// That the next record, which is complete, may come here: it is whole, and of this type or an alert.
void ToyObject::check(char type) {
    if (payload_offset_ > 0) return;
    const std::size_t size = payload().size();
    if (checksum_of(payload().data(), size) != in_[in_offset_ + header + size]) {
        fail(SSLErrc::protocol, "decryption failed or bad record mac");
    }
    if (next() == 'a') {
        failure_ = "alert: " + plain();
        throw SSLError(SSLErrc::protocol, failure_);
    }
    if (next() != type) fail(SSLErrc::protocol, "wrong version number");
}

bool ToyObject::do_handshake() {
    called("do_handshake");
    if (!failure_.empty()) throw SSLError(SSLErrc::protocol, failure_);
    if (done_) return true;
    if (!server_side_ && flights_ == 0) {
        ++flights_;
        send('h', "hello " + server_hostname_);
    }
    if (next() == 0) return !wants_more();
    check('h');
    if (options_->never_finishes) return false;
    const std::string said = plain();
    drop();
    if (server_side_) {
        if (++flights_ == 2) return done_ = true;
        send('h', options_->certificate);
        return next() == 0 ? !wants_more() : do_handshake();
    }
    peer_ = said;
    if (!server_hostname_.empty() && peer_ != server_hostname_) {
        fail(SSLErrc::certificate_verify_failed, "the certificate is for " + peer_ + ", not for " + server_hostname_);
    }
    send('h', "finished");
    return done_ = true;
}

absl::optional<std::size_t> ToyObject::read(absl::Span<char> plaintext) {
    called("read");
    if (!failure_.empty()) throw SSLError(SSLErrc::protocol, failure_);
    if (closed_by_peer_) return 0;
    if (next() == 0) {
        wants_more();
        return absl::nullopt;
    }
    if (next() == 'c') {
        closed_by_peer_ = true;
        drop();
        return 0;
    }
    check('d');
    const absl::string_view all = payload();
    const std::size_t count = std::min(plaintext.size(), all.size() - payload_offset_);
    for (std::size_t i = 0; i < count; ++i) plaintext[i] = static_cast<char>(~all[payload_offset_ + i]);
    payload_offset_ += count;
    if (payload_offset_ == all.size()) drop();
    return count;
}

std::size_t ToyObject::write(absl::string_view plaintext) {
    called("write");
    if (!failure_.empty()) throw SSLError(SSLErrc::protocol, failure_);
    if (closed_) throw SSLError(SSLErrc::protocol, "protocol is shutdown");
    if (options_->writes_that_wait > 0) {
        --options_->writes_that_wait;
        return 0;
    }
    send('d', plaintext);
    return plaintext.size();
}

bool ToyObject::unwrap() {
    called("unwrap");
    if (!failure_.empty()) throw SSLError(SSLErrc::protocol, failure_);
    if (!std::exchange(closed_, true)) send('c', "");
    if (closed_by_peer_) return true;
    if (next() == 0) return !wants_more();
    check('c');
    drop();
    return closed_by_peer_ = true;
}

absl::any ToyObject::get_extra_info(absl::string_view name) const {
    if (name == "peercert" && !server_side_) return peer_;
    if (name == "cipher") return std::string("TOY");
    return absl::any();
}

std::unique_ptr<SSLObject> ToyContext::wrap_bio(bool server_side, const std::string& server_hostname) const {
    return std::unique_ptr<SSLObject>(new ToyObject(options, server_side, server_hostname));
}

std::string taken_from(SSLObject& object) {
    std::string all;
    char some[4096];
    while (const std::size_t count = object.take(absl::MakeSpan(some))) all.append(some, count);
    return all;
}

}  // namespace tests
}  // namespace cede
