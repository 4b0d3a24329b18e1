import { expect, test } from 'bun:test'
import { fixtureElf } from './elf.fixture.ts'
import { isElf, readElf } from './elf.ts'

test('an ELF file says its processor, loader, libraries and where it looks for them', () => {
  const file = fixtureElf({
    machine: 183,
    interpreter: '/lib/ld.so',
    needed: ['libc.so.6', 'libm.so.6'],
    runpath: '$ORIGIN/x',
  })
  expect(readElf(file)).toEqual({
    machine: 183,
    interpreter: '/lib/ld.so',
    needed: ['libc.so.6', 'libm.so.6'],
    runpath: '$ORIGIN/x',
    soname: '',
  })
})

test.skipIf(process.platform !== 'linux' || process.arch !== 'x64')(
  'the Bun that runs this needs the five files of the C library',
  async () => {
    const elf = readElf(
      new Uint8Array(
        await Bun.file(process.execPath)
          .slice(0, 200 * 1024 * 1024)
          .arrayBuffer(),
      ),
    )
    expect(elf.machine).toBe(62)
    expect(elf.interpreter).toBe('/lib64/ld-linux-x86-64.so.2')
    expect([...elf.needed].sort()).toEqual([
      'ld-linux-x86-64.so.2',
      'libc.so.6',
      'libdl.so.2',
      'libm.so.6',
      'libpthread.so.0',
    ])
  },
)

test('what is no ELF file, or is cut off, is refused', () => {
  const file = fixtureElf({ needed: ['libc.so.6'] })
  expect(isElf(new TextEncoder().encode('#!/bin/sh'))).toBe(false)
  expect(() => readElf(new TextEncoder().encode('#!/bin/sh'))).toThrow('no 64-bit')
  expect(() => readElf(file.subarray(0, file.length - 10))).toThrow(RangeError)
})
