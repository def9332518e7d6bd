// Process-wide handles: numbers that any thread can turn into an object without a lock. Slots are made in chunks and
// never freed, only used again under a new generation, so a stale handle is noticed and never followed into freed memory.
//
//     handle (exact as a double) = generation * 2^20 + slot index
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <new>
#include <vector>

namespace millrace {

template <typename T>
class HandleTable {
 public:
  // A free object (as its last user left it) and its handle; nullptr when the table is full.
  T* allocate(double* handle) {
    std::lock_guard lock(mutex_);
    if (free_.empty() && !grow()) return nullptr;
    const uint32_t index = free_.back();
    free_.pop_back();
    Slot& slot = slotAt(index);
    *handle = static_cast<double>(static_cast<uint64_t>(slot.generation.load(std::memory_order_relaxed)) << INDEX_BITS | index);
    return &slot.value;
  }

  // The object of a handle, nullptr when it is not a live one. The caller must make sure by a lock or a hold of its own
  // that the object stays live, and look again (`isLive`) under that lock.
  T* find(double handle) {
    if (!(handle >= 0 && handle < 9007199254740992.0)) return nullptr;
    const uint64_t number = static_cast<uint64_t>(handle);
    const uint32_t index = number & (SLOTS_MAX - 1);
    Chunk* chunk = chunks_[index / CHUNK_SLOTS].load(std::memory_order_acquire);
    if (chunk == nullptr) return nullptr;
    Slot& slot = chunk->slots[index % CHUNK_SLOTS];
    return slot.generation.load(std::memory_order_acquire) == number >> INDEX_BITS ? &slot.value : nullptr;
  }

  bool isLive(double handle) { return find(handle) != nullptr; }

  // Ends the handle. The object is not destructed: its user has emptied it.
  void free(double handle) {
    const uint32_t index = static_cast<uint64_t>(handle) & (SLOTS_MAX - 1);
    std::lock_guard lock(mutex_);
    Slot& slot = slotAt(index);
    // Generations start at 1 and stay below 2^30, so that a handle is never 0 and exact as a double.
    const uint32_t next = slot.generation.load(std::memory_order_relaxed) + 1;
    slot.generation.store(next >= 1u << 30 ? 1 : next, std::memory_order_release);
    free_.push_back(index);
  }

 private:
  static constexpr uint32_t INDEX_BITS = 20;
  static constexpr uint32_t SLOTS_MAX = 1u << INDEX_BITS;
  static constexpr uint32_t CHUNK_SLOTS = 256;

  struct Slot {
    std::atomic<uint32_t> generation{1};
    T value;
  };
  struct Chunk {
    Slot slots[CHUNK_SLOTS];
  };

  Slot& slotAt(uint32_t index) {
    return chunks_[index / CHUNK_SLOTS].load(std::memory_order_relaxed)->slots[index % CHUNK_SLOTS];
  }

  bool grow() {
    if (chunksMade_ == SLOTS_MAX / CHUNK_SLOTS) return false;
    Chunk* chunk = new (std::nothrow) Chunk();
    if (chunk == nullptr) return false;
    chunks_[chunksMade_].store(chunk, std::memory_order_release);
    for (uint32_t at = CHUNK_SLOTS; at-- > 0;) free_.push_back(chunksMade_ * CHUNK_SLOTS + at);
    chunksMade_++;
    return true;
  }

  std::mutex mutex_;
  std::vector<uint32_t> free_;
  uint32_t chunksMade_ = 0;
  std::atomic<Chunk*> chunks_[SLOTS_MAX / CHUNK_SLOTS] = {};
};

}  // namespace millrace
