import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { catalog } from '#catalog'
import { isPending, type SealedBlock } from '#common/evidence/anchor'
import { fileReader } from '#common/evidence/file-edge'
import { scanBundle } from '#common/evidence/scan'
import { readDocuments } from '#common/evidence/verify-documents'
import { CliError } from '../../cli/fail.ts'
import type { Terminal } from '../../cli/run-command.ts'
import { commandLine } from '../../host/quote.ts'
import { requireSuccess, type Shell } from '../../host/shell.ts'
import { replaceFile } from '../../platform/files.ts'
import type { Home } from '../../platform/home.ts'
import { findUrl } from '../../platform/running.ts'
import { program } from '../inspect/inside.ts'

const LEDGER = 'blockchain-ledger'
/** What the ledger takes as `recover.json` in its own folder (services/blockchain-ledger/order.ts). */
type Order = { readonly sealed: readonly SealedBlock[]; readonly go_on?: number }

const Status = Type.Object({
  dependencies: Type.Record(Type.String(), Type.String()),
  head: Type.Object({ number: Type.Integer({ minimum: 0 }) }),
})
type Status = Static<typeof Status>

/** A running ledger: what it says on /status, and a way to lay an order into its folder and wait until it was taken. */
export type LedgerAccess = { readonly status: () => Promise<Status>; readonly order: (order: Order) => Promise<void> }

const PATIENCE_MS = 30_000
const FILE = 'recover.json'

const parseStatus = (value: unknown): Status => {
  if (Value.Check(Status, value)) return value
  throw new CliError(`${LEDGER} answers /status with something else than its status`)
}

/** The ledger of the platform on this machine. */
export const localLedger = (home: Home): LedgerAccess => ({
  status: async () => parseStatus(await (await fetch(`${findUrl(home, LEDGER)}/status`)).json()),
  order: async (order) => {
    const path = join(home.data(LEDGER), FILE)
    replaceFile(path, JSON.stringify(order), { durable: true })
    const until = performance.now() + PATIENCE_MS
    while (existsSync(path)) {
      if (performance.now() > until)
        throw new CliError(`${LEDGER} does not take the order: bun run logs ${LEDGER} says why`)
      await Bun.sleep(100)
    }
  },
})

/** Runs in the ledger's container: lays an order there and waits until it was taken, or only asks for the status. */
const inContainer = async ({
  port,
  file,
  order,
  patience,
}: {
  readonly port: number
  readonly file: string
  readonly order: string
  readonly patience: number
}): Promise<unknown> => {
  const { existsSync: exists, renameSync, writeFileSync } = await import('node:fs')
  const path = `${process.env['LUCID_DATA']}/${file}`
  if (order !== '') {
    writeFileSync(`${path}.new`, order, { mode: 0o600, flush: true })
    renameSync(`${path}.new`, path)
    for (const until = performance.now() + patience; exists(path); await Bun.sleep(100))
      if (performance.now() > until) throw new Error('the ledger does not take the order')
  }
  return (await fetch(`http://127.0.0.1:${process.env['PORT'] ?? port}/status`)).json()
}

/** The ledger of a host, through its container. */
export const hostLedger = (shell: Shell): LedgerAccess => {
  const run = async (order: Order | undefined): Promise<unknown> => {
    const input = {
      port: catalog[LEDGER].port,
      file: FILE,
      order: order === undefined ? '' : JSON.stringify(order),
      patience: PATIENCE_MS,
    }
    const script = commandLine('docker', 'exec', LEDGER, '/usr/local/bin/bun', '-e', program(inContainer, input))
    return JSON.parse(await requireSuccess(`${shell.name}: ${LEDGER}`, shell.run(script)))
  }
  return { status: async () => parseStatus(await run(undefined)), order: async (order) => void (await run(order)) }
}

/** The sealed block in a bundle's anchor.json. Throws CliError when it holds none. */
export const readSealed = async (path: string): Promise<SealedBlock> => {
  const reader = await fileReader(path).catch((cause) => {
    throw new CliError(`${path} cannot be read`, { cause })
  })
  try {
    const { anchor } = await readDocuments(reader, await scanBundle(reader))
    if ('fault' in anchor) throw new CliError(`${path} proves no block: ${anchor.fault}`)
    if (isPending(anchor.value)) throw new CliError(`${path} proves no block: its session is not anchored`)
    const { block, sealer } = anchor.value
    return { block, sealer }
  } finally {
    await reader.close()
  }
}

export type Decision = { readonly bundles: readonly string[]; readonly goOn: boolean; readonly dryRun: boolean }

const choices = (head: number) => [
  'put a newer copy of its store back, if there is one: nothing is lost then',
  `or go on from block ${head} under a new key: bun run recover chain --go-on`,
  '  anchors above it are made again by themselves; bundles that were exported keep their own proofs',
  '  verifiers then need the new key, too: bun run trust prints it',
]

/** Shows a ledger what it sealed and lacks; `goOn` lets it go on without. Answers the exit code, 1 while undecided. */
export const recoverChain = async (
  ledger: LedgerAccess,
  { bundles, goOn, dryRun }: Decision,
  { out }: Pick<Terminal, 'out'>,
): Promise<0 | 1> => {
  const sealed = await Promise.all(bundles.map(readSealed))
  if (sealed.length > 0 && !dryRun) await ledger.order({ sealed })
  const before = await ledger.status()
  const missing = before.dependencies['history'] ?? 'ok'
  const { number } = before.head
  if (missing === 'ok') {
    out(`the ledger misses no block that it sealed; its newest is block ${number}\n`)
    return 0
  }
  out(`${missing}\n`)
  if (!goOn || dryRun) {
    if (goOn) out(`would go on from block ${number} under a new key\n`)
    else
      out(
        choices(number)
          .map((line) => `  ${line}\n`)
          .join(''),
      )
    return 1
  }
  await ledger.order({ sealed: [], go_on: number })
  const { dependencies } = await ledger.status()
  if (dependencies['history'] !== 'ok') throw new CliError(`it was not taken: ${dependencies['history']}`)
  out(`goes on from block ${number} under a new key, which bun run trust prints\n`)
  return 0
}
