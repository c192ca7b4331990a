// Device memory is one reserved range of addresses, handed out from the front and never twice.
#include "tests/gpudoubles/memory.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <stdexcept>

#include "tests/gpudoubles/doubles.h"

namespace gpudoubles {
namespace {

constexpr size_t kAlignment = 256;             // what cudaMalloc promises
constexpr size_t kReserved = size_t{1} << 38;  // addresses, not memory
constexpr size_t kHuge = 2 << 20;              // pages that are quickly locked and unlocked

size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

struct Memory {
    char* reserved = nullptr;
    size_t handed_out = 0;  // from the front
    size_t in_use = 0, limit = size_t{8} << 30;
    std::map<char*, Allocation> device;  // by its beginning
    std::map<void*, size_t> pinned;
    int unlocked = 0;          // how many Unlocked there are
    std::string running_work;  // while unlocked
};

// Never destroyed: the program's last objects free their memory.
Memory& memory = *new Memory;

void protect(int protection) {
    if (mprotect(memory.reserved, round_up(memory.handed_out, kHuge), protection) != 0)
        throw Misuse("mprotect failed");
}

// What is in memory that nobody has written: not a number. Of large blocks only the ends, the rest
// takes no memory from the system for as long as it is not used.
void poison(const Allocation& allocation) {
    const size_t ends = std::min<size_t>(allocation.bytes, 1 << 20);
    std::memset(allocation.begin, 0xFF, ends);
    std::memset(allocation.begin + allocation.bytes - ends, 0xFF, ends);
}

std::string describe(const void* address) {
    const Allocation found = find_allocation(address);
    if (found.bytes == 0) return "not in any allocation";
    return fmt::format("byte {} of {} allocation of {} bytes",
                       static_cast<const char*>(address) - found.begin,
                       found.live ? "an" : "a freed", found.bytes);
}

// Says whose access faulted, then lets the program die of it.
void on_fault(int, siginfo_t* info, void*) {
    if (on_device(info->si_addr)) {
        const std::string text = fmt::format("gpudoubles: {} touched device memory at {}: {}\n",
                                             memory.unlocked ? memory.running_work : "host code",
                                             fmt::ptr(info->si_addr), describe(info->si_addr));
        static_cast<void>(!write(STDERR_FILENO, text.data(), text.size()));
    }
    signal(SIGSEGV, SIG_DFL);  // the access is repeated
}

void reserve() {
    void* const range =
        mmap(nullptr, kReserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (range == MAP_FAILED) throw Misuse("no addresses for device memory");
    memory.reserved = reinterpret_cast<char*>(round_up(reinterpret_cast<size_t>(range), kHuge));
    madvise(memory.reserved, kReserved - kHuge, MADV_HUGEPAGE);
    // Kernels run on small stacks: the handler has its own.
    static char stack[64 << 10];
    const stack_t own{.ss_sp = stack, .ss_flags = 0, .ss_size = sizeof stack};
    sigaltstack(&own, nullptr);
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGSEGV, &action, nullptr);
}

}  // namespace

void* allocate_device(size_t bytes) {
    if (!memory.reserved) reserve();
    if (bytes == 0 || memory.in_use + bytes > memory.limit) return nullptr;
    const Allocation allocation{memory.reserved + memory.handed_out, bytes, true};
    memory.handed_out += round_up(bytes, kAlignment);
    memory.in_use += bytes;
    memory.device[allocation.begin] = allocation;
    const Unlocked unlocked;
    poison(allocation);
    return allocation.begin;
}

bool free_device(void* data) {
    const auto found = memory.device.find(static_cast<char*>(data));
    if (found == memory.device.end() || !found->second.live) return false;
    found->second.live = false;
    memory.in_use -= found->second.bytes;
    const Unlocked unlocked;
    poison(found->second);
    return true;
}

bool on_device(const void* address) {
    const auto* const at = static_cast<const char*>(address);
    return memory.reserved && at >= memory.reserved && at < memory.reserved + kReserved - kHuge;
}

Allocation find_allocation(const void* address) {
    auto after = memory.device.upper_bound(const_cast<char*>(static_cast<const char*>(address)));
    if (after == memory.device.begin()) return {};
    const Allocation& found = (--after)->second;
    return address < found.begin + found.bytes ? found : Allocation{};
}

std::string device_range_fault(const void* address, size_t bytes) {
    if (!on_device(address)) return fmt::format("{} is not device memory", fmt::ptr(address));
    const Allocation found = find_allocation(address);
    if (found.bytes == 0) return fmt::format("{} is in no allocation", fmt::ptr(address));
    if (!found.live) return fmt::format("{} is {}", fmt::ptr(address), describe(address));
    const size_t left = found.begin + found.bytes - static_cast<const char*>(address);
    if (bytes <= left) return "";
    return fmt::format("{} bytes are needed at {}, which is {}", bytes, fmt::ptr(address),
                       describe(address));
}

void* allocate_pinned(size_t bytes) {
    void* const data = std::aligned_alloc(kAlignment, round_up(bytes, kAlignment));
    if (data) memory.pinned[data] = bytes;
    return data;
}

bool free_pinned(void* data) {
    if (memory.pinned.erase(data) == 0) return false;
    std::free(data);
    return true;
}

size_t device_bytes_in_use() { return memory.in_use; }
size_t device_memory_limit() { return memory.limit; }
void set_memory_limit(size_t bytes) { memory.limit = bytes; }

size_t device_blocks() {
    return std::count_if(memory.device.begin(), memory.device.end(),
                         [](const auto& entry) { return entry.second.live; });
}
size_t pinned_blocks() { return memory.pinned.size(); }

Unlocked::Unlocked() {
    if (memory.unlocked++ == 0) protect(PROT_READ | PROT_WRITE);
}

Unlocked::~Unlocked() {
    if (--memory.unlocked == 0) protect(PROT_NONE);
}

void name_running_work(const std::string& name) { memory.running_work = name; }

}  // namespace gpudoubles
