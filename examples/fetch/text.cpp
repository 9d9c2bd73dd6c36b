#include "text.hpp"

#include <cstdio>

namespace fetch {
namespace {

unsigned char byte_at(absl::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }

// The length of the UTF-8 sequence that `text`, which is not empty, begins with; 0 when it is not valid there: cut short,
// longer than need be, a surrogate, or beyond U+10FFFF.
std::size_t utf8_length(absl::string_view text) {
    const unsigned char first = byte_at(text, 0);
    if (first < 0x80) return 1;
    if (first < 0xC2 || first > 0xF4) return 0;
    const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte_at(text, i) & 0xC0) != 0x80) return 0;
    }
    const unsigned char second = byte_at(text, 1);
    const bool out_of_range = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                              (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
    return out_of_range ? 0 : length;
}

bool is_control(unsigned char c) { return c < 0x20 || c == 0x7F; }

}  // namespace

std::string decimal(double value, int digits, bool keep_zeros) {
    char buffer[400];
    std::snprintf(buffer, sizeof buffer, "%.*f", digits, value);
    std::string text = buffer;
    if (!keep_zeros && text.find('.') != std::string::npos) {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.back() == '.') text.pop_back();
    }
    return text;
}

std::string human_bytes(std::uint64_t bytes) {
    if (bytes < 1000) return std::to_string(bytes) + " B";
    const char* unit = "kB";
    double value = static_cast<double>(bytes) / 1e3;
    for (const char* next : {"MB", "GB", "TB"}) {
        if (value < 999.95) break;
        value /= 1e3;
        unit = next;
    }
    return decimal(value, 1, true) + " " + unit;
}

std::string printable(absl::string_view text) {
    std::string result;
    for (std::size_t length; !text.empty(); text.remove_prefix(length)) {
        length = utf8_length(text);
        // Some terminals take U+0080 to U+009F, which begin with 0xC2 in UTF-8, for control characters.
        const bool harmless = length == 1 ? !is_control(byte_at(text, 0))
                                          : length > 0 && (byte_at(text, 0) != 0xC2 || byte_at(text, 1) >= 0xA0);
        if (length == 0) length = 1;
        if (harmless) {
            result.append(text.data(), length);
        } else {
            result += '?';
        }
    }
    return result;
}

std::string json_string(absl::string_view text) {
    std::string result = "\"";
    for (std::size_t length; !text.empty(); text.remove_prefix(length)) {
        length = utf8_length(text);
        const unsigned char first = byte_at(text, 0);
        if (length == 0) {
            result += "\\ufffd";
            length = 1;
        } else if (is_control(first)) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(first));
            result += escape;
        } else {
            if (first == '"' || first == '\\') result += '\\';
            result.append(text.data(), length);
        }
    }
    return result + "\"";
}

}  // namespace fetch
