/** Bytes a sample, and how many of them are spread over a chunk. */
const SAMPLE = 16 * 1024
const SAMPLES = 8

/** A compressor whose result is smaller only if the input can be compressed. */
export type Compress = (bytes: Uint8Array, level: number) => Promise<Uint8Array<ArrayBuffer>>

/** Samples of a chunk, joined: its beginning, its end, and places between at equal distances. */
export const sampled = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
  const joined = new Uint8Array(SAMPLE * SAMPLES)
  const stride = (bytes.length - SAMPLE) / (SAMPLES - 1)
  for (let i = 0; i < SAMPLES; i++) {
    const from = Math.floor(i * stride)
    joined.set(bytes.subarray(from, from + SAMPLE), i * SAMPLE)
  }
  return joined
}

/** The chunk compressed; undefined where that makes it no smaller, as samples of a large one tell before. */
export const shrink = async (
  bytes: Uint8Array,
  level: number,
  compress: Compress,
): Promise<Uint8Array<ArrayBuffer> | undefined> => {
  if (bytes.length > 4 * SAMPLE * SAMPLES) {
    const sample = sampled(bytes)
    if ((await compress(sample, 1)).length >= sample.length) return undefined
  }
  const packed = await compress(bytes, level)
  return packed.length < bytes.length ? packed : undefined
}
