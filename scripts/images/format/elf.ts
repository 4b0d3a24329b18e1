/** What an ELF file asks of the machine and of other files (System V ABI, 64-bit little-endian). Pure. */

export type Elf = {
  /** e_machine: 62 is x86-64, 183 is AArch64. */
  readonly machine: number
  /** Path of the loader; '' for a library. */
  readonly interpreter: string
  readonly needed: readonly string[]
  /** Where it looks for them before the system's folders, as written. */
  readonly runpath: string
  readonly soname: string
}

const PT = { load: 1, dynamic: 2, interp: 3 } as const
const DT = { needed: 1, strtab: 5, soname: 14, rpath: 15, runpath: 29 } as const
const utf8 = new TextDecoder()

export const isElf = (file: Uint8Array): boolean =>
  file[0] === 0x7f && file[1] === 0x45 && file[2] === 0x4c && file[3] === 0x46

type Segment = { readonly type: number; readonly offset: number; readonly address: number; readonly size: number }

const cString = (file: Uint8Array, at: number): string => {
  const end = file.indexOf(0, at)
  if (at < 0 || at >= file.length || end < 0) throw new RangeError('an ELF string lies outside of its file')
  return utf8.decode(file.subarray(at, end))
}

const planSegments = (view: DataView): readonly Segment[] => {
  const [offset, size, count] = [
    Number(view.getBigUint64(32, true)),
    view.getUint16(54, true),
    view.getUint16(56, true),
  ]
  return Array.from({ length: count }, (_, at) => {
    const from = offset + at * size
    return {
      type: view.getUint32(from, true),
      offset: Number(view.getBigUint64(from + 8, true)),
      address: Number(view.getBigUint64(from + 16, true)),
      size: Number(view.getBigUint64(from + 32, true)),
    }
  })
}

const dynamicOf = (view: DataView, segment: Segment | undefined): readonly (readonly [number, number])[] => {
  if (segment === undefined) return []
  const entries = Array.from({ length: Math.floor(segment.size / 16) }, (_, at) => {
    const from = segment.offset + at * 16
    return [Number(view.getBigInt64(from, true)), Number(view.getBigUint64(from + 8, true))] as const
  })
  const end = entries.findIndex(([tag]) => tag === 0)
  return end < 0 ? entries : entries.slice(0, end)
}

/** Reads the headers. Throws RangeError when the file is no 64-bit little-endian ELF file or is cut off. */
export const readElf = (file: Uint8Array): Elf => {
  if (!isElf(file) || file[4] !== 2 || file[5] !== 1) throw new RangeError('this is no 64-bit little-endian ELF file')
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const segments = planSegments(view)
  const dynamic = dynamicOf(
    view,
    segments.find(({ type }) => type === PT.dynamic),
  )
  const table = dynamic.find(([tag]) => tag === DT.strtab)?.[1] ?? 0
  const home = segments.find(
    ({ type, address, size }) => type === PT.load && table >= address && table < address + size,
  )
  const strings = home === undefined ? -1 : table - home.address + home.offset
  const all = (searched: number) =>
    dynamic.filter(([tag]) => tag === searched).map(([, at]) => cString(file, strings + at))
  const interp = segments.find(({ type }) => type === PT.interp)
  return {
    machine: view.getUint16(18, true),
    interpreter: interp === undefined ? '' : cString(file, interp.offset),
    needed: all(DT.needed),
    runpath: all(DT.runpath)[0] ?? all(DT.rpath)[0] ?? '',
    soname: all(DT.soname)[0] ?? '',
  }
}
