// Names and addresses, by the system's resolver. It blocks for as long as it likes (30 s for a dead name server) and cannot
// be interrupted, so it has threads of its own: in the default executor a few dead names would stop everybody's work, and
// the end of the program would wait for them.
#include "net/resolver.hpp"

#include <atomic>
#include <memory>
#include <stdexcept>

#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include "cede/coroutine/coroutine.hpp"
#include "cede/loop/run_in_executor.hpp"
#include "cede/task/await.hpp"
#include "net/system.hpp"

namespace cede {
namespace {

class ResolverCategory final : public std::error_category {
public:
    const char* name() const noexcept override { return "resolver"; }
    std::string message(int code) const override { return gai_strerror(code); }
};

// As many look-ups at once as a burst of dead names may occupy without stopping the others for long.
constexpr std::size_t resolver_threads = 16;

// The threads of one process; a forked child has none of its parent's.
struct Resolver {
    const pid_t process = ::getpid();
    ThreadPoolExecutor executor{resolver_threads};
};

// Never destroyed: its threads may be inside the system's resolver when the program ends, and nobody waits for them.
Executor& resolver() {
    static std::atomic<Resolver*> current{nullptr};
    Resolver* known = current.load();
    if (known != nullptr && known->process == ::getpid()) return known->executor;
    std::unique_ptr<Resolver> made(new Resolver());
    if (current.compare_exchange_strong(known, made.get())) known = made.release();
    return known->executor;
}

// Runs a look-up on the resolver's threads and cedes until it is done. One that nobody waits for any more when its turn
// comes is skipped.
template <class F>
auto look_up(EventLoop& loop, F f) -> decltype(f()) {
    struct Wanted {
        std::shared_ptr<std::atomic<bool>> flag = std::make_shared<std::atomic<bool>>(true);
        ~Wanted() { flag->store(false, std::memory_order_relaxed); }
    } wanted;
    return await(loop.run_in_executor(resolver(), [f, flag = wanted.flag]() -> decltype(f()) {
        if (!flag->load(std::memory_order_relaxed)) return {};
        return f();
    }));
}

[[noreturn]] void throw_resolver_error(int code, const std::string& what) {
    if (code == EAI_SYSTEM) detail::throw_errno(what);
    throw std::system_error(code, resolver_category(), what);
}

std::vector<AddressInfo> ask_for_addresses(const std::string& host, const Port& port, const ResolveOptions& options) {
    addrinfo hints = {};
    hints.ai_family = options.family();
    hints.ai_socktype = options.type();
    hints.ai_protocol = options.protocol();
    hints.ai_flags = options.flags();
    addrinfo* found = nullptr;
    const char* const service = host.empty() && !port.given() ? nullptr : port.str().empty() ? "0" : port.str().c_str();
    const int error = ::getaddrinfo(host.empty() ? nullptr : host.c_str(), service, &hints, &found);
    if (error != 0) throw_resolver_error(error, "getaddrinfo of '" + host + "', port '" + port.str() + "'");
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, &::freeaddrinfo);
    std::vector<AddressInfo> result;
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        AddressInfo info;
        info.family = each->ai_family;
        info.type = each->ai_socktype;
        info.protocol = each->ai_protocol;
        if (each->ai_canonname != nullptr) info.canonical_name = each->ai_canonname;
        info.address = SocketAddress(each->ai_addr, each->ai_addrlen);
        result.push_back(std::move(info));
    }
    return result;
}

std::pair<std::string, std::string> ask_for_names(const SocketAddress& address, int flags) {
    char host[NI_MAXHOST] = "";
    char service[NI_MAXSERV] = "";
    const int error =
        ::getnameinfo(address.data(), address.size(), host, sizeof host, service, sizeof service, flags);
    if (error != 0) throw_resolver_error(error, "getnameinfo of " + address.str());
    return {host, service};
}

// The one address of a literal; nullopt for what only the system can tell.
absl::optional<AddressInfo> from_literal(const std::string& host, const Port& port, const ResolveOptions& options) {
    const absl::optional<int> number = port.number();
    if (host.empty() || !number) return absl::nullopt;
    AddressInfo info;
    info.type = options.type();
    info.protocol = options.type() == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
    if (options.type() != SOCK_STREAM && options.type() != SOCK_DGRAM) return absl::nullopt;
    if (options.protocol() != 0 && options.protocol() != info.protocol) return absl::nullopt;
    const absl::optional<SocketAddress> address = SocketAddress::parse(host, *number, options.family());
    if (!address) return absl::nullopt;
    info.address = *address;
    info.family = address->family();
    return info;
}

}  // namespace

const std::error_category& resolver_category() noexcept {
    static const ResolverCategory category;
    return category;
}

absl::optional<int> Port::number() const {
    if (text_.empty()) return 0;
    int number = 0;
    for (std::size_t i = text_.front() == '-' ? 1 : 0; i < text_.size(); ++i) {
        if (text_[i] < '0' || text_[i] > '9') return absl::nullopt;
        number = number > 100000 ? number : number * 10 + (text_[i] - '0');
    }
    if (text_.front() == '-' || number > 65535) throw std::invalid_argument("a port is 0 to 65535, not " + text_);
    return number;
}

namespace detail {

std::vector<AddressInfo> ensure_resolved(EventLoop& loop, const std::string& host, const Port& port,
                                         const ResolveOptions& options) {
    if (absl::optional<AddressInfo> literal = from_literal(host, port, options)) return {std::move(*literal)};
    std::vector<AddressInfo> found = await(loop.getaddrinfo(host, port, options));
    if (found.empty()) throw std::system_error(EAI_NONAME, resolver_category(), "no address of '" + host + "'");
    return found;
}

}  // namespace detail

Coroutine<std::vector<AddressInfo>> LoopNetwork::getaddrinfo(std::string host, Port port, ResolveOptions options) {
    EventLoop* const in = &loop();
    return [in, host, port, options] {
        port.number();  // throws for a number that is no port, which the system would cut to 16 bits
        return look_up(*in, [host, port, options] { return ask_for_addresses(host, port, options); });
    };
}

Coroutine<std::pair<std::string, std::string>> LoopNetwork::getnameinfo(SocketAddress address, int flags) {
    EventLoop* const in = &loop();
    return [in, address, flags] { return look_up(*in, [address, flags] { return ask_for_names(address, flags); }); };
}

}  // namespace cede
