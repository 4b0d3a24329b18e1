import { concat, utf8 } from '#common/stream/bytes'

/** Any host and any display: libXau takes an entry of this family with empty address and number for all. */
const FAMILY_WILD = 0xffff

const u16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 0xff)
const counted = (bytes: Uint8Array): Uint8Array => concat(u16(bytes.length), bytes)

/**
 * An Xauthority file (format of libXau, Xau(3)) with one MIT-MAGIC-COOKIE-1 of 16 bytes. With it an X server
 * shows its screen to nobody else on the machine, and no `xauth` program is needed.
 */
export const xauthority = (cookie: Uint8Array): Uint8Array => {
  const nothing = counted(new Uint8Array())
  return concat(u16(FAMILY_WILD), nothing, nothing, counted(utf8('MIT-MAGIC-COOKIE-1')), counted(cookie))
}
