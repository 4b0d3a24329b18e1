import { utf8 } from '#common/stream/bytes'

type ElfParts = {
  readonly machine?: number
  readonly interpreter?: string
  readonly needed?: readonly string[]
  readonly runpath?: string
}

/** An ELF file that is headers and a dynamic section, nothing else. */
export const fixtureElf = ({ machine = 62, interpreter = '', needed = [], runpath = '' }: ElfParts): Uint8Array => {
  const strings: number[] = [0]
  const put = (text: string): number => {
    const at = strings.length
    strings.push(...utf8(text), 0)
    return at
  }
  const dynamic: (readonly [number, number])[] = [
    ...needed.map((name) => [1, put(name)] as const),
    ...(runpath === '' ? [] : [[29, put(runpath)] as const]),
  ]
  const interp = interpreter === '' ? 0 : put(interpreter)
  const [headers, table] = [64 + 3 * 56, 64 + 3 * 56 + (dynamic.length + 2) * 16]
  const file = new Uint8Array(table + strings.length)
  const view = new DataView(file.buffer)
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  view.setUint16(18, machine, true)
  view.setBigUint64(32, 64n, true)
  view.setUint16(54, 56, true)
  view.setUint16(56, 3, true)
  const segment = (at: number, type: number, offset: number, size: number) => {
    const from = 64 + at * 56
    view.setUint32(from, type, true)
    view.setBigUint64(from + 8, BigInt(offset), true)
    view.setBigUint64(from + 16, BigInt(offset + 0x1000), true)
    view.setBigUint64(from + 32, BigInt(size), true)
  }
  segment(0, 1, 0, file.length)
  segment(1, 2, headers, (dynamic.length + 2) * 16)
  if (interp > 0) segment(2, 3, table + interp, interpreter.length + 1)
  for (const [at, [tag, value]] of [...dynamic, [5, table + 0x1000] as const].entries()) {
    view.setBigUint64(headers + at * 16, BigInt(tag), true)
    view.setBigUint64(headers + at * 16 + 8, BigInt(value), true)
  }
  file.set(strings, table)
  return file
}
