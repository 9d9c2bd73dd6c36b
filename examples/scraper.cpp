// 002, section 9, "Practical Example: Understanding the Flow": several pages fetched at once, with gather.
//
// The pages come from a server in this very program, which answers nobody before all four have asked: fetched one after the
// other they would never arrive. The example `fetch` is the grown-up form, for any URL.
#include <cede/cede.hpp>

#include <functional>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

using cede::await;

const std::vector<std::string> paths = {"/example", "/python", "/github", "/stackoverflow"};

// One task for each connection runs this. The page is its own path, a thousand times.
class PageServer {
public:
    void operator()(cede::StreamReader reader, cede::StreamWriter writer) {
        const std::string request = await(reader.readuntil("\r\n\r\n"));
        if (++asked_ == paths.size()) all_have_asked_.set_result();
        await(all_have_asked_);

        const std::size_t begin = request.find(' ') + 1;
        const std::string path = request.substr(begin, request.find(' ', begin) - begin);
        writer.write("HTTP/1.0 200 OK\r\n\r\n");
        for (int i = 0; i < 1000; ++i) writer.write(path);
        await(writer.drain());
        writer.close();
        await(writer.wait_closed());
    }

private:
    std::size_t asked_ = 0;
    cede::Future<void> all_have_asked_;
};

cede::Coroutine<std::string> fetch(int port, std::string path) {
    return [=] {
        std::cout << "Starting to fetch " << path << "\n";
        auto streams = await(cede::open_connection("127.0.0.1", port));
        cede::StreamReader& reader = streams.first;
        cede::StreamWriter& writer = streams.second;
        writer.write("GET " + path + " HTTP/1.0\r\n\r\n");
        await(reader.readuntil("\r\n\r\n"));
        // When the headers have arrived, execution resumes here.
        std::string html = await(reader.read());
        // When the full body is there, execution resumes here.
        writer.close();
        await(writer.wait_closed());
        return html;
    };
}

int main() {
    cede::run([] {
        PageServer pages;
        const cede::Server server = await(cede::start_server(std::ref(pages), "127.0.0.1", 0));
        const int port = server.sockets().front().local_address().port();

        std::vector<cede::Task<std::string>> tasks;
        for (const std::string& path : paths) tasks.push_back(cede::create_task(fetch(port, path)));
        const std::vector<std::string> results = await(cede::gather(tasks));

        std::size_t total = 0;
        for (std::size_t i = 0; i < paths.size(); ++i) {
            std::cout << "Fetched " << paths[i] << ": " << results[i].size() << " bytes\n";
            total += results[i].size();
        }
        std::cout << "Total: " << total << " bytes downloaded\n";
        server.close();
        await(server.wait_closed());
    });
}
