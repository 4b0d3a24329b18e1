import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { Command, Flags } from '#common/cli/args'
import { EXIT_USAGE } from '#common/cli/read-command'
import { detectStyle, type Style } from '#common/cli/style'
import { jsonText, type Text } from '#common/cli/text'
import { CliError } from '../../cli/fail.ts'
import { runCommand } from '../../cli/run-command.ts'
import { cacheFolder } from '../../images/packages/cache.ts'
import { homeFrom, repository } from '../../platform/home.ts'
import { openStore } from '../peers/stores.ts'
import { benchBackup } from './backup.ts'
import { backupReport } from './backup-report.ts'
import { withStore } from './bench-stores.ts'
import { benchDeploy } from './deploy.ts'
import { deployReport } from './deploy-report.ts'
import type { Setting } from './folder.ts'
import { benchGateway, gatewayReport } from './gateway.ts'
import { benchImages } from './images.ts'
import { imagesReport } from './images-report.ts'
import { benchPipeline } from './pipeline.ts'
import { pipelineReport } from './pipeline-report.ts'
import { benchRpc, rpcReport } from './rpc.ts'
import { benchSoak, type SoakResult } from './soak.ts'
import { soakReport } from './soak-report.ts'
import { parseSize } from './stats.ts'
import { benchStore, type StoreResult } from './store.ts'
import { storeReport } from './store-report.ts'
import { benchWatch, watchReport } from './watch.ts'

const MIB = 1024 * 1024

export const command = {
  name: 'bench',
  about: 'measures the real services and drivers, the build of the images and a deploy of them',
  flags: {
    size: {
      type: 'string',
      value: 'SIZE',
      about: 'pipeline, backup: size of the data, as 512MiB or 2GiB (default 512MiB)',
    },
    runs: {
      type: 'string',
      value: 'N',
      about: 'pipeline, watch, rpc, backup, deploy, gateway: counted runs (default 5; deploy, gateway 3)',
    },
    memory: { type: 'boolean', about: 'pipeline: also measure peak memory at 64 MiB and 2 GiB' },
    records: { type: 'string', value: 'N', about: 'store: chunk records to insert (default 1000000)' },
    store: {
      type: 'string',
      value: 'sqlite|documentdb|URL',
      about: 'store, soak: the driver; documentdb starts one for it, a mongodb:// URL names an empty database',
    },
    minutes: {
      type: 'string',
      value: 'N',
      about: 'soak: how long it takes (default 30); gateway: how long each run takes (default 1)',
    },
    rate: { type: 'string', value: 'N', about: 'gateway: reads a second (default 2000)' },
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
  positionals: [
    {
      name: 'WHAT',
      about:
        'pipeline: against other tools and the disk; store: lookups and pages among many records; soak: memory of each service under steady load; images: the build of all images; watch: the health check; rpc: what hostile requests cost others; gateway: reads of 200 people through NGINX against the API itself; backup: backup and restore against restic; deploy: a deploy to an emulated Pi, against docker compose up',
      required: true,
      choices: ['pipeline', 'store', 'soak', 'images', 'watch', 'rpc', 'gateway', 'backup', 'deploy'],
    },
  ],
  examples: [
    'bun run bench pipeline --size 512MiB',
    'bun run bench pipeline --runs 1 --size 64MiB',
    'bun run bench store --records 100000',
    'bun run bench soak --minutes 30 --store documentdb',
    'bun run bench images',
    'bun run bench deploy',
  ],
} as const satisfies Command

type FlagName = keyof Flags<typeof command>
type Request = Setting & { readonly flags: Flags<typeof command> }

/** A flag that takes a whole number from 1. Throws CliError. */
const parseCount = ({ flags }: Request, flag: 'runs' | 'records' | 'rate', usual: number): number => {
  const count = Number(flags[flag] ?? usual)
  if (!Number.isInteger(count) || count < 1) throw new CliError(`--${flag} takes a whole number from 1`)
  return count
}

const parseBytes = ({ flags }: Request): number => {
  const size = parseSize(flags.size ?? '512MiB')
  if (size === undefined || size < 1) throw new CliError('--size takes a size such as 512MiB or 2GiB')
  return size
}

/** Reads of each kind: enough for a hundredth of them to be many. */
const CALLS = 5000

const store = async (request: Request): Promise<StoreResult> => {
  const options = { records: parseCount(request, 'records', 1_000_000), calls: CALLS, say: request.say }
  return withStore(request.flags.store ?? 'sqlite', request.folder, (tested) => benchStore(tested, options))
}

const parseMinutes = ({ flags }: Request, usual: number): number => {
  const minutes = Number(flags.minutes ?? usual)
  if (!(minutes > 0 && Number.isFinite(minutes))) throw new CliError('--minutes takes a number above 0')
  return minutes
}

const soak = async (request: Request): Promise<SoakResult> => {
  const { flags, folder, say } = request
  const minutes = parseMinutes(request, 30)
  const store = await openStore(flags.store ?? 'sqlite', process.env, folder)
  return await benchSoak({ store, folder, minutes, say }).finally(store.close)
}

/** A row of the table below: its own flags, what it runs, and the tables of that. */
const bench = <R>(
  flags: readonly FlagName[],
  run: (request: Request) => Promise<R>,
  report: (result: R, style: Style) => Text,
) => ({
  flags,
  measure: async (request: Request) => {
    const result = await run(request)
    return { json: result as unknown, report: (style: Style) => report(result, style) }
  },
})

const benches = {
  pipeline: bench(
    ['size', 'runs', 'memory'],
    async (request) =>
      benchPipeline({
        ...request,
        size: parseBytes(request),
        runs: parseCount(request, 'runs', 5),
        memorySizes: request.flags.memory ? [64 * MIB, 2048 * MIB] : [],
      }),
    pipelineReport,
  ),
  store: bench(['records', 'store'], store, storeReport),
  soak: bench(['minutes', 'store'], soak, soakReport),
  images: bench(
    [],
    (request) => benchImages(repository, { ...request, cache: cacheFolder(process.env) }),
    imagesReport,
  ),
  watch: bench(['runs'], async (request) => benchWatch(request.folder, parseCount(request, 'runs', 5)), watchReport),
  gateway: bench(
    ['runs', 'minutes', 'rate'],
    async (request) =>
      benchGateway(request, {
        runs: parseCount(request, 'runs', 3),
        seconds: Math.ceil(parseMinutes(request, 1) * 60),
        rate: parseCount(request, 'rate', 2_000),
      }),
    gatewayReport,
  ),
  rpc: bench(['runs'], async (request) => benchRpc(request, parseCount(request, 'runs', 5)), rpcReport),
  deploy: bench(
    ['runs'],
    async (request) => benchDeploy({ ...request, runs: parseCount(request, 'runs', 3) }),
    deployReport,
  ),
  backup: bench(
    ['size', 'runs'],
    async (request) => benchBackup({ ...request, bytes: parseBytes(request), runs: parseCount(request, 'runs', 5) }),
    backupReport,
  ),
} as const

/** A flag of another bench is a mistake, not ignored. */
const refuseOthers = (what: keyof typeof benches, flags: Flags<typeof command>): void => {
  const own = benches[what].flags
  for (const [name, other] of Object.entries(benches))
    for (const flag of name === what ? [] : other.flags)
      if (flags[flag] && !own.includes(flag))
        throw new CliError(`--${flag} is for bench ${name}`, { exitCode: EXIT_USAGE })
}

await runCommand(import.meta.main, command, async ({ flags, positionals: [name], terminal }) => {
  const what = name as keyof typeof benches // one of the choices
  refuseOthers(what, flags)
  const { json, report } = await benches[what].measure({
    flags,
    folder: resolve(flags.folder ?? tmpdir()),
    say: (line) => terminal.err(`bench: ${line}\n`),
  })
  const out = resolve(flags.out ?? join(homeFrom(process.env).root, 'bench', `${what}.json`))
  await mkdir(dirname(out), { recursive: true })
  await writeFile(out, `${JSON.stringify(json, null, 2)}\n`)
  terminal.out(flags.json ? jsonText(json) : report(detectStyle(process.stdout, process.env)))
  return 0
})
