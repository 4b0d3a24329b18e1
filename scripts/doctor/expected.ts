import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalog, type Stack, stacks } from '#catalog'
import { parseJson, readAt } from '#common/host/facts/values'
import { networks } from '../derive/network.ts'
import { repository } from '../platform/home.ts'
import { interpolateAll } from '../release/content/interpolate.ts'
import { type ComposeFile, type Expected, expectFromCompose } from '../release/expected/compose.ts'
import type { DiagnosedHost } from './facts.ts'

/** What should be on a host, and where that was read. */
export type Expectation = {
  readonly files: readonly ComposeFile[]
  readonly expected: Expected | undefined
  readonly gaps: readonly string[]
}

const readCommitted = (stack: Stack, dir: string): ComposeFile => {
  const text = readFileSync(join(repository, 'compose', `docker-compose.${stack}.yaml`), 'utf8')
  return { stack, file: interpolateAll(Bun.YAML.parse(text), { LUCID_MOUNT_PATH: dir }), hashes: {} }
}

/** Expectations of a host: of its release, else the checkout's files for the stacks that have containers there. */
export const readExpectation = (host: DiagnosedHost, dir: string): Expectation => {
  const { containers, release = '' } = host
  const read = host.diagnosis.composed.filter(({ stack }) => (stacks as readonly string[]).includes(stack)) // widened for the comparison
  const files = stacks.flatMap((stack): readonly ComposeFile[] => {
    const composed = read.find((one) => one.stack === stack)
    const file = parseJson(composed?.answer ?? '')
    return readAt(file, 'services') === undefined ? [] : [{ stack, file, hashes: composed?.hashes ?? {} }]
  })
  const gaps = read.flatMap(({ stack, answer }) =>
    files.some((one) => one.stack === stack)
      ? []
      : [`the release’s file of stack ${stack}: ${answer.split('\n').at(-1) || 'empty'}`],
  )
  if (files.length > 0)
    return { files, gaps, expected: expectFromCompose(files, { needs: catalog, planned: networks, release }) }
  const present = stacks.filter((stack) => containers.some(({ project }) => project === `lucid-${stack}`))
  if (present.length === 0)
    return {
      files: [],
      expected: undefined,
      gaps: release === '' ? gaps : [...gaps, `release ${release}: its files are not on the host`],
    }
  const fallback = present.map((stack) => readCommitted(stack, dir))
  return {
    files: fallback,
    gaps: [...gaps, 'a release: the host has none, so this checkout’s own files say what should be there'],
    expected: expectFromCompose(fallback, { needs: catalog, planned: networks }),
  }
}
