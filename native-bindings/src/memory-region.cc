// Regions lie in a HandleTable: a look-up is two loads, without a lock. Releasing a region while another thread uses
// bytes of it is the caller's mistake, as freeing the memory itself would be.
#include "memory-region.h"

#include "handle-table.h"

namespace millrace {
namespace {

struct MemoryRegion {
  std::atomic<uint8_t*> base{nullptr};
  std::atomic<uint64_t> sizeBytes{0};
};

// Never destructed: other threads may still run when the process leaves.
HandleTable<MemoryRegion>& regions() {
  static auto* table = new HandleTable<MemoryRegion>();
  return *table;
}

}  // namespace

double registerMemory(uint8_t* base, uint64_t sizeBytes) {
  double id = 0;
  MemoryRegion* region = regions().allocate(&id);
  if (region == nullptr) return 0;
  region->base.store(base, std::memory_order_relaxed);
  region->sizeBytes.store(sizeBytes, std::memory_order_release);
  return id;
}

bool releaseMemory(double id) {
  MemoryRegion* region = regions().find(id);
  if (region == nullptr) return false;
  region->sizeBytes.store(0, std::memory_order_release);
  regions().free(id);
  return true;
}

uint8_t* memoryAt(double id, double offset, double sizeBytes) {
  MemoryRegion* region = regions().find(id);
  if (region == nullptr || !(offset >= 0) || !(sizeBytes >= 0)) return nullptr;
  const double limit = static_cast<double>(region->sizeBytes.load(std::memory_order_acquire));
  // Whole doubles below 2^53 add exactly.
  if (!(offset + sizeBytes <= limit)) return nullptr;
  return region->base.load(std::memory_order_relaxed) + static_cast<uint64_t>(offset);
}

}  // namespace millrace
