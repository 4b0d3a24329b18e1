import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { benchImages } from './bench/images.ts'
import { imagesReport } from './bench/images-report.ts'
import { benchPipeline } from './bench/pipeline.ts'
import { pipelineReport } from './bench/report.ts'
import type { Command } from './cli/args.ts'
import { CliError } from './cli/fail.ts'
import { lookOf } from './cli/look.ts'
import { runCommand } from './cli/run-command.ts'
import { cacheFolder } from './images/cache.ts'
import { parseSize } from './plan/stats.ts'
import { homeFrom } from './platform/home.ts'

const MIB = 1024 * 1024

export const command = {
  name: 'bench',
  about:
    'measures the real services against other tools and the disk in the same run, or the build of the images',
  flags: {
    size: {
      type: 'string',
      value: 'SIZE',
      about: 'size of the recording, as 512MiB or 2GiB (default 512MiB)',
    },
    runs: { type: 'string', value: 'N', about: 'counted runs after one warm-up (default 5)' },
    memory: { type: 'boolean', about: 'also measure peak memory at 64 MiB and 2 GiB' },
    folder: {
      type: 'string',
      value: 'DIR',
      about: "where to write on the disk under test (default the system's temporary folder)",
    },
    out: {
      type: 'string',
      value: 'FILE',
      about: 'where the JSON goes (default bench/WHAT.json in the state folder)',
    },
    json: { type: 'boolean', about: 'print the JSON instead of the tables' },
  },
  positionals: [{ name: 'WHAT', about: 'what to measure', required: true, choices: ['pipeline', 'images'] }],
  examples: [
    'bun run bench pipeline --size 512MiB',
    'bun run bench pipeline --runs 1 --size 64MiB',
    'bun run bench images',
  ],
} as const satisfies Command

const root = join(import.meta.dir, '..')

await runCommand(import.meta.main, command, async ({ flags, positionals: [what = ''], terminal }) => {
  const size = parseSize(flags.size ?? '512MiB')
  const runs = Number(flags.runs ?? 5)
  if (size === undefined || size < 1) throw new CliError('--size takes a size such as 512MiB or 2GiB')
  if (!Number.isInteger(runs) || runs < 1) throw new CliError('--runs takes a whole number from 1')
  const folder = resolve(flags.folder ?? tmpdir())
  const look = lookOf(process.stdout, process.env)
  const say = (line: string) => terminal.err(`bench: ${line}\n`)
  const memorySizes = flags.memory ? [64 * MIB, 2048 * MIB] : []
  const measure = {
    pipeline: async () => {
      const result = await benchPipeline({ folder, size, runs, memorySizes, say })
      return { result, report: pipelineReport(result, look) }
    },
    images: async () => {
      const result = await benchImages(root, { folder, cache: cacheFolder(process.env), say })
      return { result, report: imagesReport(result, look) }
    },
  } as const
  const { result, report } = await measure[what as keyof typeof measure]() // its choices
  const out = resolve(flags.out ?? join(homeFrom(process.env).root, 'bench', `${what}.json`))
  await mkdir(dirname(out), { recursive: true })
  const text = `${JSON.stringify(result, null, 2)}\n`
  await writeFile(out, text)
  terminal.out(flags.json ? text : `${report}\n`)
  return 0
})
