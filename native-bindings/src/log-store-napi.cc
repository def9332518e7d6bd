// The LogStore port's functions for JavaScript: converts values and throws for wrong arguments; nothing else.
//
// Small numbers go through the environment's exchange array: arguments in its first places (in the order of the port),
// results from place 0 on. Functions return an int32 (0 or a negative errno) unless they say otherwise.
#include <cstring>

#include "batch-validate.h"
#include "crc32c.h"
#include "decompress.h"
#include "environment.h"
#include "log-sync.h"
#include "log.h"
#include "memory-region.h"
#include "napi-support.h"
#include "whole-number.h"

namespace millrace {
namespace {

double* exchangeOf(napi_env env) { return environmentOf(env)->exchange; }

// Results of the engine as values; WRONG_* as exceptions.
napi_value answer(napi_env env, int64_t result) {
  switch (result) {
    case WRONG_HANDLE:
      return throwRange(env, "no open log or held file has this handle");
    case WRONG_MEMORY:
      return throwRange(env, "the place is not in a registered memory");
    case WRONG_BATCH:
      return throwRange(env, "append: not a batch of this size, or its offsets go back");
    case WRONG_NO_SEGMENT:
      return throwRange(env, "append to a log without a segment");
    default:
      return result >= INT32_MIN && result <= INT32_MAX ? toInteger(env, static_cast<int32_t>(result))
                                                        : toNumber(env, static_cast<double>(result));
  }
}

// crc32c(bytes, start, end)
napi_value crc32cOf(napi_env env, napi_callback_info info) {
  const Arguments<3> args(env, info);
  const ByteElements bytes(env, args.values[0]);
  const double start = args.number(1), end = args.number(2);
  if (!bytes.holds(start, end - start)) return throwRange(env, "crc32c: outside of the bytes");
  const size_t from = static_cast<size_t>(start);
  return toNumber(env, crc32c(0, bytes.data + from, static_cast<size_t>(end) - from));
}

// registerMemory(bytes)
napi_value registerRegion(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  const ByteElements bytes(env, args.values[0]);
  if (bytes.data == nullptr && bytes.length == 0) return throwRange(env, "registerMemory: not a Uint8Array with bytes");
  const double id = registerMemory(bytes.data, bytes.length);
  return id > 0 ? toNumber(env, id) : throwRange(env, "registerMemory: too many memories");
}

// releaseMemory(id)
napi_value releaseRegion(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  return releaseMemory(args.number(0)) ? nullptr : throwRange(env, "no memory has this id");
}

// validate() with id, offset, sizeBytes, decompressedBytesMax in the exchange; facts from place 0 on
napi_value validate(napi_env env, napi_callback_info) {
  double* exchange = exchangeOf(env);
  const uint8_t* bytes = memoryAt(exchange[0], exchange[1], exchange[2]);
  if (bytes == nullptr) return answer(env, WRONG_MEMORY);
  const uint64_t sizeBytes = static_cast<uint64_t>(exchange[2]);
  const int64_t bytesMax = whole(exchange[3]);
  return toInteger(env, static_cast<int32_t>(validateBatch(bytes, sizeBytes, bytesMax > 0 ? static_cast<size_t>(bytesMax) : 0, exchange)));
}

// codecAvailable(codec)
napi_value hasCodec(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  const double codec = args.number(0);
  const bool known = codec >= 0 && codec <= static_cast<double>(Codec::zstd);
  napi_value result;
  napi_get_boolean(env, known && codecAvailable(static_cast<Codec>(codec)), &result);
  return result;
}

// openLog(folder) with indexIntervalBytes, indexBytesMax, preallocateBytes; returns a number
napi_value open(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  const double* exchange = exchangeOf(env);
  char folder[4096];
  size_t length = 0;
  if (napi_get_value_string_utf8(env, args.values[0], folder, sizeof folder, &length) != napi_ok || length == 0 ||
      length >= sizeof folder - 64 || strlen(folder) != length)
    return throwRange(env, "openLog: not a path");
  return toNumber(env, openLog(folder, {whole(exchange[0]), whole(exchange[1]), whole(exchange[2])}));
}

napi_value setOptions(napi_env env, napi_callback_info) {
  const double* exchange = exchangeOf(env);
  return answer(env, setLogOptions(exchange[0], {whole(exchange[1]), whole(exchange[2]), whole(exchange[3])}));
}

napi_value closeOne(napi_env env, napi_callback_info) { return answer(env, closeLog(exchangeOf(env)[0])); }

napi_value segments(napi_env env, napi_callback_info) {
  const LockedLog log(exchangeOf(env)[0]);
  if (!log) return answer(env, WRONG_HANDLE);
  napi_value list;
  napi_create_array_with_length(env, log->segments.size(), &list);
  for (uint32_t at = 0; at < log->segments.size(); at++)
    napi_set_element(env, list, at, toNumber(env, static_cast<double>(log->segments[at]->baseOffset)));
  return list;
}

napi_value state(napi_env env, napi_callback_info) {
  double* exchange = exchangeOf(env);
  return answer(env, logState(exchange[0], whole(exchange[1]), exchange));
}

napi_value roll(napi_env env, napi_callback_info) {
  const double* exchange = exchangeOf(env);
  return answer(env, rollLog(exchange[0], whole(exchange[1])));
}

napi_value removeOne(napi_env env, napi_callback_info) {
  const double* exchange = exchangeOf(env);
  return answer(env, removeSegment(exchange[0], whole(exchange[1])));
}

// replace(baseOffsets) with log, count in the exchange
napi_value replaceMany(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  const double* exchange = exchangeOf(env);
  const DoubleElements baseOffsets(env, args.values[0]);
  if (!baseOffsets.holds(0, exchange[1])) return throwRange(env, "replace: the list is shorter than its count");
  return answer(env, replaceSegments(exchange[0], baseOffsets.data, static_cast<uint32_t>(exchange[1])));
}

napi_value truncateAt(napi_env env, napi_callback_info) {
  const double* exchange = exchangeOf(env);
  return answer(env, truncateLog(exchange[0], whole(exchange[1])));
}

napi_value reset(napi_env env, napi_callback_info) {
  const double* exchange = exchangeOf(env);
  return answer(env, resetLog(exchange[0], whole(exchange[1])));
}

// append(list) with log, partitionLeaderEpoch, count in the exchange; the state from place 0 on
napi_value append(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  double* exchange = exchangeOf(env);
  const DoubleElements list(env, args.values[0]);
  const double count = exchange[2];
  if (!list.holds(0, count * APPEND_STRIDE)) return throwRange(env, "append: the list is shorter than its count");
  return answer(env, appendBatches(exchange[0], whole32(exchange[1]), list.data,
                                   static_cast<uint32_t>(count), exchange));
}

napi_value plan(napi_env env, napi_callback_info) {
  double* exchange = exchangeOf(env);
  return answer(env, planRead(exchange[0], exchange[1], exchange[2], exchange[3], exchange));
}

// setDamage(ranges) with log
napi_value tellDamage(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  const DoubleElements ranges(env, args.values[0]);
  const auto count = static_cast<uint32_t>(ranges.length / DAMAGE_STRIDE);
  return answer(env, setDamage(exchangeOf(env)[0], ranges.data, count));
}

// readPlanned(target) with file, position, targetAt, sizeBytes
napi_value readHeld(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  const double* exchange = exchangeOf(env);
  const ByteElements target(env, args.values[0]);
  if (!target.holds(exchange[2], exchange[3]) || !(exchange[1] >= 0)) return throwRange(env, "readPlanned: outside of the target");
  return answer(env, readPlanned(exchange[0], whole(exchange[1]), target.data + static_cast<size_t>(exchange[2]), whole(exchange[3])));
}

napi_value release(napi_env env, napi_callback_info) {
  return releaseHold(exchangeOf(env)[0]) ? nullptr : answer(env, WRONG_HANDLE);
}

// readHeaders(out) with log, segmentBaseOffset, position
napi_value headers(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  const double* exchange = exchangeOf(env);
  const DoubleElements out(env, args.values[0]);
  if (!(exchange[2] >= 0)) return throwRange(env, "readHeaders: a negative position");
  return answer(env, readHeaders(exchange[0], whole(exchange[1]), whole(exchange[2]), out.data,
                                 static_cast<uint32_t>(out.length / BATCH_STRIDE)));
}

napi_value findOffset(napi_env env, napi_callback_info) {
  const double* exchange = exchangeOf(env);
  return answer(env, positionOf(exchange[0], whole(exchange[1]), whole(exchange[2])));
}

napi_value findTimestamp(napi_env env, napi_callback_info) {
  const double* exchange = exchangeOf(env);
  return answer(env, positionOfTimestamp(exchange[0], whole(exchange[1]), whole(exchange[2])));
}

// readAt(target) with log, segmentBaseOffset, position, sizeBytes
napi_value read(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  const double* exchange = exchangeOf(env);
  const ByteElements target(env, args.values[0]);
  if (!target.holds(0, exchange[3])) return throwRange(env, "readAt: outside of the target");
  return answer(env, readSegment(exchange[0], whole(exchange[1]), whole(exchange[2]), target.data, whole(exchange[3])));
}

// rebuild(); validBytes, nextOffset, fault, batches from place 0 on
napi_value rebuild(napi_env env, napi_callback_info) {
  double* exchange = exchangeOf(env);
  SegmentScan scan;
  const int result = rebuildSegment(exchange[0], whole(exchange[1]), &scan);
  if (result == 0) {
    exchange[0] = static_cast<double>(scan.validBytes);
    exchange[1] = static_cast<double>(scan.nextOffset);
    exchange[2] = static_cast<double>(scan.fault);
    exchange[3] = static_cast<double>(scan.batches);
  }
  return answer(env, result);
}

// onSynced(receive): where this environment's finished syncs are told: a count, and token, result, token, result ... in
// the exchange
napi_value onSynced(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  Environment* environment = environmentOf(env);
  if (environment->syncs != nullptr) return throwRange(env, "onSynced: called twice");
  environment->syncs = Mailbox::create(env, args.values[0], "millrace.sync");
  if (environment->syncs == nullptr) return throwRange(env, "onSynced: cannot be made");
  environment->endings.push_back({Mailbox::end, environment->syncs});
  return nullptr;
}

// setInlineSyncMax() with us
napi_value inlineSyncMax(napi_env env, napi_callback_info) {
  setInlineSyncMax(exchangeOf(env)[0]);
  return nullptr;
}

// askSync() with log, token
napi_value ask(napi_env env, napi_callback_info) {
  const double* exchange = exchangeOf(env);
  return answer(env, askSync(exchange[0], exchange[1]));
}

// beginSyncs(): 1 when all are done already, and the tokens will not come
napi_value begin(napi_env env, napi_callback_info) {
  Mailbox* syncs = environmentOf(env)->syncs;
  if (syncs == nullptr) return throwRange(env, "beginSyncs: nobody listens");
  const size_t count = askedSyncs();
  for (size_t at = 0; at < count; at++) {
    syncs->retain();
    syncs->expect();
  }
  const int result = beginSyncs(syncs);
  for (size_t at = 0; at < count && result == SYNCED_INLINE; at++) {
    syncs->unexpect();
    syncs->release();
  }
  return answer(env, result);
}

napi_value finish(napi_env env, napi_callback_info) { return answer(env, finishIndexes(exchangeOf(env)[0])); }

napi_value syncNow(napi_env env, napi_callback_info) { return answer(env, syncLogNow(exchangeOf(env)[0])); }

}  // namespace

void defineLogStore(napi_env env, napi_value exports) {
  const Method methods[] = {
      {"crc32c", crc32cOf},
      {"registerMemory", registerRegion},
      {"releaseMemory", releaseRegion},
      {"validate", validate},
      {"codecAvailable", hasCodec},
      {"openLog", open},
      {"setOptions", setOptions},
      {"closeLog", closeOne},
      {"segments", segments},
      {"state", state},
      {"roll", roll},
      {"remove", removeOne},
      {"replace", replaceMany},
      {"truncate", truncateAt},
      {"reset", reset},
      {"append", append},
      {"planRead", plan},
      {"setDamage", tellDamage},
      {"readPlanned", readHeld},
      {"release", release},
      {"readHeaders", headers},
      {"positionOf", findOffset},
      {"positionOfTimestamp", findTimestamp},
      {"readAt", read},
      {"rebuild", rebuild},
      {"onSynced", onSynced},
      {"setInlineSyncMax", inlineSyncMax},
      {"askSync", ask},
      {"beginSyncs", begin},
      {"finishIndexes", finish},
      {"syncNow", syncNow},
  };
  defineMethods(env, exports, methods);
}

}  // namespace millrace
