import { dlopen } from 'bun:ffi'

/** Tells the system that the written pages of an open file will not be read soon. */
export type DropFromCache = (fd: number) => void

/** POSIX_FADV_DONTNEED, the same on every Linux but s390. */
const DONTNEED = 4

const nothing: DropFromCache = () => {}

/** posix_fadvise(2) where there is one: what was written once should not push out of the page cache what is needed. */
export const openDropFromCache = (): DropFromCache => {
  if (process.platform !== 'linux') return nothing
  try {
    const { symbols } = dlopen('libc.so.6', { posix_fadvise: { args: ['i32', 'i64', 'i64', 'i32'], returns: 'i32' } })
    return (fd) => void symbols.posix_fadvise(fd, 0, 0, DONTNEED)
  } catch {
    return nothing
  }
}
