// What it is: a file that appears under its name once it is complete. When to use it: to save a body that may turn out to be
// truncated. When not: for a few bytes of your own; each call is a trip to another thread.
//
// A disk is slow when it likes, and no selector tells when it is not; so a thread does the work, and the loop goes on.
// What cedes here throws CancelledError, too.
#ifndef FETCH_SAVED_FILE_HPP
#define FETCH_SAVED_FILE_HPP

#include <cstdio>
#include <memory>
#include <string>

namespace fetch {

class SavedFile {
public:
    // Opens PATH.part. Does not cede. Throws std::runtime_error with a plain reason, as the others do.
    explicit SavedFile(std::string path);
    SavedFile(const SavedFile&) = delete;
    SavedFile& operator=(const SavedFile&) = delete;
    // Removes what was not committed.
    ~SavedFile();

    // Cedes until the piece is written.
    void write(std::string piece);
    // Cedes until the file has its name.
    void commit();
    const std::string& path() const { return path_; }

private:
    std::string path_;
    std::string part_;
    // Shared with the thread: a cancellation ends the wait, not the thread's work.
    std::shared_ptr<std::FILE> file_;
    bool committed_ = false;
};

}  // namespace fetch

#endif
