/** npm packages with a native addon: which package holds the file for a platform, and what it needs. Data. */

export type Addon = {
  /** Debian packages that its file is linked against, beside the C library. */
  readonly packages: readonly string[]
  readonly why: string
}

export const addons: Readonly<Record<string, Addon>> = {
  '@napi-rs/blake-hash': {
    packages: ['libgcc-s1'],
    why: 'BLAKE3 at 4 GB/s instead of 0.13; its unwinder is in libgcc_s.so.1',
  },
}

/** Where an addon lies in the image: one name for every platform, so that one bundle fits all. */
export const addonFile = (name: string): string => `${name.replace(/^@/, '').replaceAll('/', '-')}.node`

/** The folder of addons, beside the bundle. */
export const ADDONS = 'app/addons'
