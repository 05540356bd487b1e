import { appendFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import crc32c from "crc-32/crc32c.js";
import type { Metrics } from "./metrics.js";

/** The name of the file. TensorBoard reads files with `tfevents` in their name. */
export const EVENT_FILE = "events.out.tfevents.blindspot";

/**
 * Metrics as a TensorBoard event file. The file is a sequence of records with one
 * `tensorflow.Event` each: first an event with the version, then one event for every step with its
 * numbers as scalars. Source: tensorflow/core/util/event.proto, framework/summary.proto.
 */
export class EventFile {
  constructor(private readonly path: string) {}

  /**
   * Keeps the whole records up to `step`, as `MetricsFile` does. Starts a new file where there are
   * none.
   */
  restart(step: number): void {
    const kept = existsSync(this.path) ? lengthUpTo(readFileSync(this.path), step) : 0;
    if (kept > 0) truncateSync(this.path, kept);
    else writeFileSync(this.path, tfRecord(versionEvent()));
  }

  append(metrics: readonly Metrics[]): void {
    appendFileSync(this.path, Buffer.concat(metrics.map((line) => tfRecord(scalarsEvent(line)))));
  }
}

/** Numbers of the message fields that are written. */
const EVENT = { wallTime: 1, step: 2, fileVersion: 3, summary: 5 } as const;
const SUMMARY = { value: 1 } as const;
const VALUE = { tag: 1, simpleValue: 2 } as const;

const event = () => new BinaryWriter().tag(EVENT.wallTime, WireType.Bit64).double(Date.now() / 1000);

const versionEvent = (): Uint8Array =>
  event().tag(EVENT.fileVersion, WireType.LengthDelimited).string("brain.Event:2").finish();

function scalarsEvent({ step, ...numbers }: Metrics): Uint8Array {
  const writer = event().tag(EVENT.step, WireType.Varint).int64(step);
  writer.tag(EVENT.summary, WireType.LengthDelimited).fork();
  for (const [name, number] of Object.entries(numbers)) {
    writer.tag(SUMMARY.value, WireType.LengthDelimited).fork();
    writer.tag(VALUE.tag, WireType.LengthDelimited).string(name);
    writer.tag(VALUE.simpleValue, WireType.Bit32).float(number).join();
  }
  return writer.join().finish();
}

/** The step of an event; 0 where the event has no step. */
function stepOf(event: Uint8Array): number {
  const reader = new BinaryReader(event);
  let step = 0;
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === EVENT.step) step = Number(reader.int64());
    else reader.skip(type);
  }
  return step;
}

/**
 * Bytes of a record before its data (length, checksum of the length) and after it (checksum of the
 * data).
 */
const [HEAD, TAIL] = [12, 4];

/**
 * A record: length, checksum of the length, data, checksum of the data. Source: TensorFlow,
 * lib/io/record_writer.h.
 */
export function tfRecord(data: Uint8Array): Buffer {
  const record = Buffer.alloc(HEAD + data.length + TAIL);
  record.writeBigUInt64LE(BigInt(data.length), 0);
  record.writeUInt32LE(maskedChecksum(record.subarray(0, 8)), 8);
  record.set(data, HEAD);
  record.writeUInt32LE(maskedChecksum(data), HEAD + data.length);
  return record;
}

/**
 * TensorFlow's masked CRC-32C: rotated by 15 bits, plus a constant. The mask protects data that
 * contain checksums.
 */
const maskedChecksum = (data: Uint8Array): number => {
  const checksum = crc32c.buf(data) >>> 0;
  return (((checksum >>> 15) | (checksum << 17)) + 0xa282ead8) >>> 0;
};

/** Bytes of the undamaged records at the start of `file` whose steps are at most `step`. */
function lengthUpTo(file: Buffer, step: number): number {
  let kept = 0;
  while (kept + HEAD + TAIL <= file.length) {
    const length = Number(file.readBigUInt64LE(kept));
    const end = kept + HEAD + length + TAIL;
    if (end > file.length) break;
    const data = file.subarray(kept + HEAD, kept + HEAD + length);
    if (!tfRecord(data).equals(file.subarray(kept, end)) || stepOf(data) > step) break;
    kept = end;
  }
  return kept;
}
