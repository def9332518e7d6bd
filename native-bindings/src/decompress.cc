// Codecs of record batches. gzip and zstd are those that the Node.js binary carries and exports; where it does not, the
// system's shared libraries are tried, and failing those the codec is reported as not available. LZ4 and Snappy have
// decoders of their own beside this file.
//
// Each thread keeps its decoders' states and one output memory of up to SCRATCH_KEPT_BYTES_MAX. Any thread.
#include "decompress.h"

#include <dlfcn.h>

#include <cstdlib>
#include <cstring>

namespace millrace {
namespace {

constexpr size_t SCRATCH_FIRST_BYTES = 64 * 1024;
constexpr size_t SCRATCH_KEPT_BYTES_MAX = 2 * 1024 * 1024;
// A zstd state beyond this (a frame with a large window) is not kept.
constexpr size_t ZSTD_STATE_KEPT_BYTES_MAX = 4 * 1024 * 1024;

// zlib's public interface, as far as it is used; its layout is the same in every zlib since 1.1.
struct ZStream {
  const uint8_t* nextIn;
  unsigned availableIn;
  unsigned long totalIn;
  uint8_t* nextOut;
  unsigned availableOut;
  unsigned long totalOut;
  const char* message;
  void* state;
  void* (*allocate)(void*, unsigned, unsigned);
  void (*release)(void*, void*);
  void* opaque;
  int dataType;
  unsigned long adler;
  unsigned long reserved;
};
constexpr int Z_OK = 0, Z_STREAM_END = 1, Z_NO_FLUSH = 0;
constexpr int GZIP_WINDOW_BITS = 15 + 16;

struct ZstdIn {
  const void* source;
  size_t size;
  size_t position;
};
struct ZstdOut {
  void* target;
  size_t size;
  size_t position;
};

struct Libraries {
  int (*inflateInit2)(ZStream*, int, const char*, int) = nullptr;
  int (*inflate)(ZStream*, int) = nullptr;
  int (*inflateReset)(ZStream*) = nullptr;
  int (*inflateEnd)(ZStream*) = nullptr;
  const char* (*zlibVersion)() = nullptr;
  void* (*zstdCreate)() = nullptr;
  size_t (*zstdFree)(void*) = nullptr;
  size_t (*zstdStream)(void*, ZstdOut*, ZstdIn*) = nullptr;
  size_t (*zstdReset)(void*, int) = nullptr;
  size_t (*zstdSizeOf)(const void*) = nullptr;
  unsigned (*zstdIsError)(size_t) = nullptr;
  unsigned long long (*zstdContentSize)(const void*, size_t) = nullptr;

  bool gzip() const { return inflateInit2 && inflate && inflateReset && inflateEnd; }
  bool zstd() const { return zstdCreate && zstdFree && zstdStream && zstdReset && zstdIsError; }

  Libraries() {
    findGzip(RTLD_DEFAULT);
    if (!gzip())
      if (void* library = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL)) findGzip(library);
    findZstd(RTLD_DEFAULT);
    if (!zstd())
      if (void* library = dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL)) findZstd(library);
  }

 private:
  template <typename F>
  static void find(void* library, const char* name, F*& function) {
    function = reinterpret_cast<F*>(dlsym(library, name));
  }
  void findGzip(void* library) {
    find(library, "inflateInit2_", inflateInit2);
    find(library, "inflate", inflate);
    find(library, "inflateReset", inflateReset);
    find(library, "inflateEnd", inflateEnd);
    find(library, "zlibVersion", zlibVersion);
  }
  void findZstd(void* library) {
    find(library, "ZSTD_createDCtx", zstdCreate);
    find(library, "ZSTD_freeDCtx", zstdFree);
    find(library, "ZSTD_decompressStream", zstdStream);
    find(library, "ZSTD_DCtx_reset", zstdReset);
    find(library, "ZSTD_sizeof_DCtx", zstdSizeOf);
    find(library, "ZSTD_isError", zstdIsError);
    find(library, "ZSTD_getFrameContentSize", zstdContentSize);
  }
};

const Libraries& libraries() {
  static const auto* found = new Libraries();
  return *found;
}

struct ThreadState {
  Scratch scratch;
  ZStream inflate{};
  bool inflateReady = false;
  void* zstd = nullptr;

  ~ThreadState() {
    if (inflateReady) libraries().inflateEnd(&inflate);
    if (zstd != nullptr) libraries().zstdFree(zstd);
  }
};

ThreadState& threadState() {
  static thread_local ThreadState state;
  return state;
}

// When a decoder wants more room than there is.
DecompressResult noRoom(const Scratch& out) {
  return out.exhausted() ? DecompressResult::bad : DecompressResult::tooLarge;
}

// Room for the next piece of output: what is there, or as much again.
bool makeRoom(Scratch& out) { return out.room() > 0 || out.reserve(1); }

DecompressResult gzipDecompress(ThreadState& thread, const uint8_t* source, size_t sourceBytes) {
  const Libraries& zlib = libraries();
  if (!zlib.gzip() || sourceBytes > UINT32_MAX) return DecompressResult::bad;
  ZStream& stream = thread.inflate;
  if (!thread.inflateReady) {
    const char* version = zlib.zlibVersion ? zlib.zlibVersion() : "1";
    if (zlib.inflateInit2(&stream, GZIP_WINDOW_BITS, version, sizeof stream) != Z_OK) return DecompressResult::bad;
    thread.inflateReady = true;
  } else if (zlib.inflateReset(&stream) != Z_OK) {
    return DecompressResult::bad;
  }
  Scratch& out = thread.scratch;
  stream.nextIn = source;
  stream.availableIn = static_cast<unsigned>(sourceBytes);
  for (;;) {
    // With no room left the stream may still have only its trailer to read, which takes none.
    uint8_t spare;
    const bool full = !makeRoom(out);
    if (full && out.exhausted()) return DecompressResult::bad;
    const size_t room = full ? 1 : out.room() < UINT32_MAX ? out.room() : UINT32_MAX;
    stream.nextOut = full ? &spare : out.bytes + out.sizeBytes;
    stream.availableOut = static_cast<unsigned>(room);
    const int result = zlib.inflate(&stream, Z_NO_FLUSH);
    const size_t made = room - stream.availableOut;
    if (full && made > 0) return DecompressResult::tooLarge;
    out.sizeBytes += made;
    if (result == Z_STREAM_END) {
      if (stream.availableIn == 0) return DecompressResult::ok;
      // Members may follow one another.
      if (zlib.inflateReset(&stream) != Z_OK) return DecompressResult::bad;
    } else if (result == Z_OK) {
      if (made == 0 && stream.availableIn == 0) return DecompressResult::bad;
    } else {
      return DecompressResult::bad;
    }
  }
}

DecompressResult zstdDecompress(ThreadState& thread, const uint8_t* source, size_t sourceBytes) {
  const Libraries& zstd = libraries();
  if (!zstd.zstd()) return DecompressResult::bad;
  if (thread.zstd == nullptr) thread.zstd = zstd.zstdCreate();
  if (thread.zstd == nullptr) return DecompressResult::bad;
  constexpr int RESET_SESSION = 1;
  zstd.zstdReset(thread.zstd, RESET_SESSION);
  Scratch& out = thread.scratch;
  if (zstd.zstdContentSize != nullptr) {
    // A declared size lets the frame be decoded in one go, without a window; false ones are bounded like any output.
    const unsigned long long declared = zstd.zstdContentSize(source, sourceBytes);
    if (declared < static_cast<unsigned long long>(-2)) {
      if (declared > out.bytesMax) return DecompressResult::tooLarge;
      // A true zstd block grows at most to 128 KiB from 3 bytes; a larger claim is left to the growing below.
      if (declared <= sourceBytes * 64 && !out.reserve(declared)) return noRoom(out);
    }
  }
  ZstdIn in{source, sourceBytes, 0};
  DecompressResult result = DecompressResult::bad;
  for (;;) {
    uint8_t spare;
    const bool full = !makeRoom(out);
    if (full && out.exhausted()) break;
    ZstdOut piece{full ? &spare : out.bytes + out.sizeBytes, full ? 1 : out.room(), 0};
    const size_t before = in.position;
    const size_t left = zstd.zstdStream(thread.zstd, &piece, &in);
    if (zstd.zstdIsError(left)) break;
    if (full && piece.position > 0) {
      result = DecompressResult::tooLarge;
      break;
    }
    if (!full) out.sizeBytes += piece.position;
    if (left == 0 && in.position == in.size) {
      result = DecompressResult::ok;
      break;
    }
    if (piece.position == 0 && in.position == before && left != 0) break;
  }
  if (zstd.zstdSizeOf != nullptr && zstd.zstdSizeOf(thread.zstd) > ZSTD_STATE_KEPT_BYTES_MAX) {
    zstd.zstdFree(thread.zstd);
    thread.zstd = nullptr;
  }
  return result;
}

}  // namespace

Scratch::~Scratch() { free(bytes); }

bool Scratch::reserve(size_t count) {
  if (count <= capacity - sizeBytes) return true;
  if (count > bytesMax - sizeBytes) return false;
  const size_t needed = sizeBytes + count;
  size_t target = capacity < SCRATCH_FIRST_BYTES ? SCRATCH_FIRST_BYTES : capacity * 2;
  if (target < needed) target = needed;
  if (target > bytesMax) target = bytesMax;
  void* grown = realloc(bytes, target);
  if (grown == nullptr) {
    exhausted_ = true;
    return false;
  }
  bytes = static_cast<uint8_t*>(grown);
  capacity = target;
  return true;
}

void Scratch::shrink() {
  exhausted_ = false;
  sizeBytes = 0;
  if (capacity <= SCRATCH_KEPT_BYTES_MAX) return;
  free(bytes);
  bytes = nullptr;
  capacity = 0;
}

DecompressResult decompress(Codec codec, const uint8_t* source, size_t sourceBytes, size_t bytesMax,
                            const uint8_t** content, size_t* contentBytes) {
  ThreadState& thread = threadState();
  Scratch& out = thread.scratch;
  out.shrink();
  // What is left from a call with a larger bound must not widen this one.
  if (out.capacity > bytesMax) {
    free(out.bytes);
    out.bytes = nullptr;
    out.capacity = 0;
  }
  out.bytesMax = bytesMax;
  DecompressResult result = DecompressResult::bad;
  switch (codec) {
    case Codec::gzip:
      result = gzipDecompress(thread, source, sourceBytes);
      break;
    case Codec::snappy:
      result = snappyDecompress(source, sourceBytes, out);
      break;
    case Codec::lz4:
      result = lz4FrameDecompress(source, sourceBytes, out);
      break;
    case Codec::zstd:
      result = zstdDecompress(thread, source, sourceBytes);
      break;
    case Codec::none:
      break;
  }
  *content = out.bytes;
  *contentBytes = out.sizeBytes;
  return result;
}

void releaseScratch() { threadState().scratch.shrink(); }

bool codecAvailable(Codec codec) {
  switch (codec) {
    case Codec::none:
    case Codec::snappy:
    case Codec::lz4:
      return true;
    case Codec::gzip:
      return libraries().gzip();
    case Codec::zstd:
      return libraries().zstd();
  }
  return false;
}

}  // namespace millrace
