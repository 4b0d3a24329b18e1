import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Makes a new name in a folder survive a power cut. Windows has no such call and needs none. */
export const syncFolder = (path: string): void => {
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
