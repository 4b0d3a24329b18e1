import { afterAll } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a suite opened and has to close, whatever becomes of its tests. */
export type Suite = {
  /** A folder of its own, removed at the end. */
  readonly root: string
  /** Called after the tests, the last one first. */
  readonly onClose: (close: () => Promise<unknown>) => void
}

/** Nothing depends on how fast a machine is; `hangMs` ends a hang. */
export const openSuite = (name: string, { hangMs }: { readonly hangMs: number }): Suite => {
  const root = mkdtempSync(join(tmpdir(), `lucid-${name}-`))
  const closers: (() => Promise<unknown>)[] = []
  afterAll(async () => {
    for (const close of closers.toReversed()) await close()
    rmSync(root, { recursive: true, force: true })
  }, hangMs)
  return { root, onClose: (close) => void closers.push(close) }
}
