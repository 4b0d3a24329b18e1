import { describe, expect, test } from 'bun:test'
import { posix } from 'node:path'
import { mergeUsr } from '../layers/entries.ts'
import { findLinkageFaults, type Linked } from './linkage.ts'
import type { Platform } from './platform.ts'

describe('linkage', () => {
  const faults = (platform: Platform, files: readonly Linked[], libraries: readonly string[]) =>
    findLinkageFaults(platform, files, (path) => libraries.includes(mergeUsr(posix.normalize(path).replace(/^\//, ''))))
  const program = {
    path: 'usr/sbin/web',
    machine: 62,
    interpreter: '/lib64/ld.so',
    needed: ['libssl.so.3'],
    runpath: '',
  }

  test('is whole when the loader and every library are where they are looked for', () => {
    expect(faults('linux/amd64', [program], ['usr/lib64/ld.so', 'usr/lib/x86_64-linux-gnu/libssl.so.3'])).toEqual([])
    const own = { ...program, runpath: '$ORIGIN/../lib/web' }
    expect(faults('linux/amd64', [own], ['usr/lib64/ld.so', 'usr/lib/web/libssl.so.3'])).toEqual([])
  })

  test('names what is missing, what lies elsewhere and what is for another machine', () => {
    expect(faults('linux/amd64', [program], ['usr/lib64/ld.so', 'opt/libssl.so.3'])).toEqual([
      '/usr/sbin/web needs libssl.so.3',
    ])
    expect(faults('linux/amd64', [program], ['usr/lib/x86_64-linux-gnu/libssl.so.3'])).toEqual([
      '/usr/sbin/web needs the loader /lib64/ld.so',
    ])
    expect(faults('linux/arm64', [program], ['usr/lib/aarch64-linux-gnu/libssl.so.3'])).toEqual([
      '/usr/sbin/web is for another machine (e_machine 62)',
    ])
  })
})
