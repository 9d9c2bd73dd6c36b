#include "saved_file.hpp"

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <absl/strings/str_cat.h>
#include <cede/task/to_thread.hpp>

namespace fetch {
namespace {

[[noreturn]] void throw_cannot_save(int error) {
    throw std::runtime_error(absl::StrCat("cannot save: ", std::generic_category().message(error)));
}

struct Closes {
    void operator()(std::FILE* file) const {
        if (file != nullptr) std::fclose(file);
    }
};

}  // namespace

SavedFile::SavedFile(std::string path)
    : path_(std::move(path)), part_(path_ + ".part"), file_(std::fopen(part_.c_str(), "wb"), Closes()) {
    if (file_ == nullptr) throw_cannot_save(errno);
}

SavedFile::~SavedFile() {
    if (!committed_) std::remove(part_.c_str());
}

void SavedFile::write(std::string piece) {
    await(cede::to_thread([file = file_, piece = std::move(piece)] {
        if (std::fwrite(piece.data(), 1, piece.size(), file.get()) != piece.size()) throw_cannot_save(errno);
    }));
}

void SavedFile::commit() {
    await(cede::to_thread([file = file_, from = part_, to = path_] {
        if (std::fflush(file.get()) != 0 || std::rename(from.c_str(), to.c_str()) != 0) throw_cannot_save(errno);
    }));
    committed_ = true;
}

}  // namespace fetch
