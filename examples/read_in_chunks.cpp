// 001, "Asynchronous generators": `async for chunk in read_file_in_chunks(file)`.
//
// The generator's body both awaits and yields. Reading a file blocks whatever a selector says of it, so each read is done
// by a thread; the loop runs other tasks meanwhile. A consumer that leaves early abandons the generator where it waits:
// the loop closes it, so that its clean-up runs.
#include <cede/cede.hpp>

#include <cstdio>
#include <iostream>
#include <string>

using cede::await;

// A temporary file that says when it is closed.
class File {
public:
    explicit File(const std::string& content) : file_(std::tmpfile()) {
        if (file_ == nullptr) throw std::runtime_error("cannot make a temporary file");
        std::fwrite(content.data(), 1, content.size(), file_);
        std::rewind(file_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() {
        std::fclose(file_);
        std::cout << "file closed\n";
    }
    // Blocks. The empty string is the end of the file.
    std::string read(std::size_t most) {
        std::string chunk(most, '\0');
        chunk.resize(std::fread(&chunk[0], 1, most, file_));
        return chunk;
    }

private:
    std::FILE* file_;
};

cede::AsyncGenerator<std::string> read_file_in_chunks(std::string content, std::size_t size) {
    return [=](cede::AsyncYield<std::string>& yield) {
        File file(content);
        while (true) {
            std::string chunk = await(cede::to_thread([&] { return file.read(size); }));
            if (chunk.empty()) return;
            yield(std::move(chunk));
        }
    };
}

int main() {
    const std::string text = "There is no frigate like a book to take us lands away.";
    cede::run([&] {
        for (const std::string& chunk : read_file_in_chunks(text, 16)) std::cout << "[" << chunk << "]\n";

        auto generator = read_file_in_chunks(text, 10);
        while (auto chunk = await(generator.next())) {
            std::cout << "[" << *chunk << "]\n";
            if (chunk->find("frigate") != std::string::npos) break;
        }
        std::cout << "left early\n";
    });
    std::cout << "run has ended\n";
}
