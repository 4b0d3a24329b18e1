import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Stack, stacks } from '#catalog'
import type { Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { type Text, text } from '#common/cli/text'
import { check } from '#health/check'
import { inFolder } from './folder.ts'
import { figures, words } from './report.ts'
import { median } from './stats.ts'

/** How long one check takes, ms, a value for each run. */
export type WatchTime = { readonly what: string; readonly ms: readonly number[] }

const SERVICES = 15
const HANGING = 5

const fakeService = (name: string, hangs: boolean) =>
  Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    fetch: () =>
      hangs
        ? new Promise<Response>(() => {})
        : Response.json({ status: 'healthy', service: name, version: 'test', dependencies: {} }),
  })

/** A docker that never answers, on a PATH before all others. */
const hangingDocker = async (folder: string): Promise<string> => {
  const path = join(folder, 'bin')
  await mkdir(path)
  await writeFile(join(path, 'docker'), '#!/bin/sh\nexec sleep 60\n')
  await chmod(join(path, 'docker'), 0o755)
  return `${path}:${process.env['PATH'] ?? ''}`
}

type Case = { readonly what: string; readonly hanging: number; readonly engine: 'not asked' | 'hangs' }

const cases: readonly Case[] = [
  { what: `${SERVICES} services up`, hanging: 0, engine: 'not asked' },
  { what: `${HANGING} of them hang`, hanging: HANGING, engine: 'not asked' },
  { what: `${HANGING} of them hang, and docker too`, hanging: HANGING, engine: 'hangs' },
]

const measure = async ({ what, hanging, engine }: Case, folder: string, runs: number): Promise<WatchTime> => {
  const servers = Array.from({ length: SERVICES }, (_, i) => fakeService(`service-${i}`, i < hanging))
  const listed = Object.fromEntries(
    servers.map(({ port = 0 }, i) => {
      const stack: Stack = stacks[i % stacks.length] ?? 'core'
      return [`service-${i}`, { stack, hostPort: port }]
    }),
  )
  const hangs = engine === 'hangs'
  const env = {
    LUCID_HOME: join(folder, 'home'),
    LUCID_MOUNT_PATH: join(folder, 'none'),
    PATH: hangs ? await hangingDocker(folder) : process.env['PATH'],
  }
  const nothing = () => {}
  try {
    const ms: number[] = []
    for (let run = 0; run < runs; run++) {
      const began = performance.now()
      const argv = hangs ? ['--dir', folder] : []
      const parts = { listed, stock: {}, argv, env, colour: false, out: nothing, err: nothing }
      await check({ ...parts, stdin: async () => '', now: Date.now })
      ms.push(performance.now() - began)
    }
    return { what, ms }
  } finally {
    await Promise.all(servers.map((server) => server.stop(true)))
  }
}

/** Times the health check against servers that answer like services, and a docker that never answers. */
export const benchWatch = (parent: string, runs: number): Promise<readonly WatchTime[]> =>
  inFolder(parent, 'watch-', async (folder) => {
    const times: WatchTime[] = []
    for (const one of cases) times.push(await measure(one, folder, runs))
    return times
  })

/** Medians and the slowest as a table. */
export const watchReport = (times: readonly WatchTime[], style: Style): Text => {
  const ms = (value: number) => `${Math.round(value)} ms`
  return text(
    [
      table(
        [...words('health check'), ...figures('median', 'slowest')],
        times.map(({ what, ms: all }) => [what, ms(median(all)), ms(Math.max(...all))]),
        style,
      ),
      { text: 'The services are servers of the benchmark on loopback; the figure to reach is 2 s.', colour: 'dim' },
    ],
    style,
  )
}
