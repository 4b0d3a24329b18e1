import { XzReadableStream } from 'xz-decompress'

const gathered = async (stream: ReadableStream<Uint8Array>): Promise<Uint8Array> =>
  new Uint8Array(await new Response(stream).arrayBuffer())

const whole = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes)

/** A compressed file by the ending of its name: gz, xz and zst; any other is taken as it is. */
export const decompress = async (name: string, bytes: Uint8Array): Promise<Uint8Array> => {
  if (name.endsWith('.gz') || name.endsWith('.tgz')) return Bun.gunzipSync(whole(bytes))
  if (name.endsWith('.zst')) return new Uint8Array(await Bun.zstdDecompress(whole(bytes)))
  if (name.endsWith('.xz')) return gathered(new XzReadableStream(new Blob([whole(bytes)]).stream()))
  return bytes
}
