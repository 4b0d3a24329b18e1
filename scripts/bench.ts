import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { benchPipeline } from './bench/pipeline.ts'
import { pipelineReport } from './bench/report.ts'
import { benchSoak } from './bench/soak.ts'
import { soakPlace } from './bench/soak-place.ts'
import { soakReport } from './bench/soak-report.ts'
import type { Command, Flags } from './cli/args.ts'
import { CliError } from './cli/fail.ts'
import { type Look, lookOf } from './cli/look.ts'
import { runCommand } from './cli/run-command.ts'
import { parseSize } from './plan/stats.ts'
import { homeFrom } from './platform/home.ts'

const MIB = 1024 * 1024

export const command = {
  name: 'bench',
  about: 'measures the real services against other tools and the disk, in the same run on the same file',
  flags: {
    size: {
      type: 'string',
      value: 'SIZE',
      about: 'size of the recording, as 512MiB or 2GiB (default 512MiB)',
    },
    runs: { type: 'string', value: 'N', about: 'counted runs after one warm-up (default 5)' },
    memory: { type: 'boolean', about: 'also measure peak memory at 64 MiB and 2 GiB' },
    minutes: { type: 'string', value: 'N', about: 'soak: how long it takes (default 30)' },
    store: {
      type: 'string',
      value: 'sqlite|documentdb|URL',
      about: 'soak: where documents are kept; documentdb starts the test peer (default sqlite)',
    },
    folder: {
      type: 'string',
      value: 'DIR',
      about: "where to write on the disk under test (default the system's temporary folder)",
    },
    out: {
      type: 'string',
      value: 'FILE',
      about: 'where the JSON goes (default bench/<WHAT>.json in the state folder)',
    },
    json: { type: 'boolean', about: 'print the JSON instead of the tables' },
  },
  positionals: [{ name: 'WHAT', about: 'what to measure', required: true, choices: ['pipeline', 'soak'] }],
  examples: [
    'bun run bench pipeline --size 512MiB',
    'bun run bench pipeline --runs 1 --size 64MiB',
    'bun run bench soak --minutes 30 --store documentdb',
  ],
} as const satisfies Command

type Given = { readonly flags: Flags<typeof command>; readonly say: (line: string) => void }
type Measured = { readonly json: unknown; readonly report: (look: Look) => string }

const folderOf = ({ flags }: Given): string => resolve(flags.folder ?? tmpdir())

const pipeline = async (given: Given): Promise<Measured> => {
  const { flags, say } = given
  const size = parseSize(flags.size ?? '512MiB')
  const runs = Number(flags.runs ?? 5)
  if (size === undefined || size < 1) throw new CliError('--size takes a size such as 512MiB or 2GiB')
  if (!Number.isInteger(runs) || runs < 1) throw new CliError('--runs takes a whole number from 1')
  const memorySizes = flags.memory ? [64 * MIB, 2048 * MIB] : []
  const result = await benchPipeline({ folder: folderOf(given), size, runs, memorySizes, say })
  return { json: result, report: (look) => pipelineReport(result, look) }
}

const soak = async (given: Given): Promise<Measured> => {
  const { flags, say } = given
  const minutes = Number(flags.minutes ?? 30)
  if (!(minutes > 0 && Number.isFinite(minutes))) throw new CliError('--minutes takes a number above 0')
  const folder = folderOf(given)
  const place = await soakPlace(flags.store ?? 'sqlite', process.env, folder)
  try {
    const result = await benchSoak({ place, folder, minutes, say })
    return { json: result, report: (look) => soakReport(result, look) }
  } finally {
    await place.giveBack()
  }
}

const benches = { pipeline, soak } as const

await runCommand(import.meta.main, command, async ({ flags, positionals: [name], terminal }) => {
  const what = name as keyof typeof benches // one of the choices
  const { json, report } = await benches[what]({ flags, say: (line) => terminal.err(`bench: ${line}\n`) })
  const out = resolve(flags.out ?? join(homeFrom(process.env).root, 'bench', `${what}.json`))
  await mkdir(dirname(out), { recursive: true })
  const text = `${JSON.stringify(json, null, 2)}\n`
  await writeFile(out, text)
  terminal.out(flags.json ? text : `${report(lookOf(process.stdout, process.env))}\n`)
  return 0
})
