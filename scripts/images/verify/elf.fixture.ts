/** The smallest ELF files that say what a test needs them to say (System V ABI, 64-bit little-endian). */

const HEADER = 64
const PROGRAM_HEADER = 56
const MACHINES = { amd64: 62, arm64: 183 } as const

/** A program or library that needs `needed`; `interpreter` is the path of its loader, '' for a library. */
export const fixtureElf = (
  machine: keyof typeof MACHINES,
  {
    needed = [],
    interpreter = '',
    runpath = '',
  }: { needed?: readonly string[]; interpreter?: string; runpath?: string } = {},
): Uint8Array => {
  const strings = ['', ...needed, runpath, interpreter]
  const offsets: number[] = []
  let text = ''
  for (const one of strings) {
    offsets.push(text.length)
    text += `${one}\0`
  }
  const at = (index: number) => offsets[index] ?? 0
  const table = HEADER + 3 * PROGRAM_HEADER
  const dynamic = [
    ...needed.map((_, index) => [1, at(index + 1)]),
    ...(runpath === '' ? [] : [[29, at(needed.length + 1)]]),
    [5, table],
    [0, 0],
  ]
  const dynamicAt = table + text.length
  const size = dynamicAt + dynamic.length * 16
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  view.setUint16(16, 3, true)
  view.setUint16(18, MACHINES[machine], true)
  view.setBigUint64(32, BigInt(HEADER), true)
  view.setUint16(54, PROGRAM_HEADER, true)
  view.setUint16(56, 3, true)
  const segment = (index: number, type: number, offset: number, length: number) => {
    const from = HEADER + index * PROGRAM_HEADER
    view.setUint32(from, type, true)
    view.setBigUint64(from + 8, BigInt(offset), true)
    view.setBigUint64(from + 16, BigInt(offset), true)
    view.setBigUint64(from + 32, BigInt(length), true)
  }
  segment(0, 1, 0, size)
  segment(1, 2, dynamicAt, dynamic.length * 16)
  segment(2, interpreter === '' ? 0 : 3, table + at(needed.length + 2), interpreter.length + 1)
  bytes.set(new TextEncoder().encode(text), table)
  dynamic.forEach(([tag = 0, value = 0], index) => {
    view.setBigInt64(dynamicAt + index * 16, BigInt(tag), true)
    view.setBigUint64(dynamicAt + index * 16 + 8, BigInt(value), true)
  })
  return bytes
}
