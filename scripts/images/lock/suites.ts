import type { Archive } from './lock.ts'

/** The suites that packages are taken from: Debian 12, what was mended between its releases, and its security updates. */
export const suites: Readonly<Record<string, Archive>> = {
  bookworm: 'debian',
  'bookworm-updates': 'debian',
  'bookworm-security': 'debian-security',
}
