// Decompression of the records of a batch. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace millrace {

enum class Codec : uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

enum class DecompressResult {
  ok,
  // The bytes do not decompress, or the codec is not there.
  bad,
  // The content is larger than allowed.
  tooLarge,
};

// Memory that grows while something is decompressed into it, never beyond `bytesMax`.
class Scratch {
 public:
  ~Scratch();
  uint8_t* bytes = nullptr;
  size_t sizeBytes = 0;
  size_t capacity = 0;
  size_t bytesMax = 0;

  // Makes room for `count` bytes behind `sizeBytes`. False when they would exceed `bytesMax` or memory is out.
  bool reserve(size_t count);
  // Room left behind `sizeBytes`.
  size_t room() const { return capacity - sizeBytes; }
  // Gives memory back when it is larger than what a thread may keep.
  void shrink();
  // Memory was out (and not the bound reached) when `reserve` failed.
  bool exhausted() const { return exhausted_; }

 private:
  bool exhausted_ = false;
};

// Decompresses `source` to the thread's scratch memory; `*content` is valid until the next call on this thread or
// `releaseScratch`.
DecompressResult decompress(Codec codec, const uint8_t* source, size_t sourceBytes, size_t bytesMax,
                            const uint8_t** content, size_t* contentBytes);
void releaseScratch();

// Whether records of the codec can be checked on this machine.
bool codecAvailable(Codec codec);

// One decoder per file; each appends to `out`.
DecompressResult lz4FrameDecompress(const uint8_t* source, size_t sourceBytes, Scratch& out);
DecompressResult snappyDecompress(const uint8_t* source, size_t sourceBytes, Scratch& out);

}  // namespace millrace
