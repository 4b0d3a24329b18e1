import { buildGraph, reachableFrom } from './graph.ts'
import type { ParsedFile } from './imports.ts'

/** Whether a file starts a program of ours: it calls `Bun.spawn` with the Bun that runs it. */
const startsBun = ({ code }: ParsedFile): boolean =>
  /\bBun\.spawn(?:Sync)?\(/.test(code) && /\bprocess\.execPath\b/.test(code)

/** The one file that starts what it is given: services, in `bun run up` and in tests that bring a platform up. */
const STARTER = 'scripts/platform/unit.ts'

export type TestFiles = { readonly fast: readonly string[]; readonly slow: readonly string[] }

/**
 * The tests of the fast loop and the others. Slow are those that need something of this machine (`*.peer.test.ts`) and
 * those that start services or programs of ours, in themselves or in anything that they load.
 */
export const splitTests = (files: readonly ParsedFile[]): TestFiles => {
  const starters = new Set(files.filter((file) => file.path === STARTER || startsBun(file)).map(({ path }) => path))
  const graph = buildGraph(files.flatMap(({ imports }) => imports.filter(({ kind }) => kind === 'run')))
  const isSlow = (path: string) =>
    path.endsWith('.peer.test.ts') || [...reachableFrom(graph, path)].some((reached) => starters.has(reached))
  const tests = files.map(({ path }) => path).filter((path) => path.endsWith('.test.ts'))
  return { fast: tests.filter((path) => !isSlow(path)).sort(), slow: tests.filter(isSlow).sort() }
}
