import type { Command } from '#common/cli/args'
import { bytes, duration } from '#common/cli/format'
import { detectStyle } from '#common/cli/style'
import { table } from '#common/cli/table'
import { runCommand } from '../cli/run-command.ts'
import { homeFrom } from './home.ts'
import { formatLeftOut } from './left-out.ts'
import { readSituation } from './running.ts'
import { LEFT_OUT, type Row, readStatus, sumStatus } from './status-rows.ts'

export const command = {
  name: 'status',
  about: 'shows what runs: state, process, port, uptime, memory, restarts, version',
  flags: { json: { type: 'boolean', about: 'print everything as one JSON object on stdout' } },
  examples: ['bun run status', 'bun run status --json'],
  exits: { 1: 'something is not healthy', 3: 'nothing runs' },
} as const satisfies Command

const columns = [
  { title: 'service' },
  { title: 'stack' },
  { title: 'state' },
  { title: 'pid', align: 'right' },
  { title: 'port', align: 'right' },
  { title: 'uptime', align: 'right' },
  { title: 'memory', align: 'right' },
  { title: 'restarts', align: 'right' },
  { title: 'version' },
] as const

const colourOf = (state: string) => (state === 'healthy' ? 'green' : state === LEFT_OUT ? 'dim' : 'red')

const cells = (row: Row) => [
  row.service,
  row.stack,
  { text: row.state, colour: colourOf(row.state) } as const,
  String(row.pid ?? '-'),
  String(row.port ?? '-'),
  row.uptime_ms === undefined ? '-' : duration(row.uptime_ms),
  row.pss_bytes === undefined ? '-' : bytes(row.pss_bytes),
  String(row.restarts),
  row.version ?? '-',
]

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  const home = homeFrom(process.env)
  const now = readSituation(home)
  const rows = now.kind === 'down' || now.record === undefined ? [] : await readStatus(now.record, Date.now())
  const sum = sumStatus(rows)
  const expected = rows.filter(({ state }) => state !== LEFT_OUT)
  const running = now.kind === 'up'
  if (flags.json)
    terminal.out(
      `${JSON.stringify({ home: home.root, running, supervisor: now.kind === 'down' ? null : (now.record?.pid ?? null), ...sum, services: rows })}\n`,
    )
  else if (now.kind === 'down') terminal.out(`nothing runs in ${home.root}: bun run up starts it\n`)
  else {
    const memory = sum.pss_bytes === null ? '' : `, ${bytes(sum.pss_bytes)} of memory`
    terminal.out(table(columns, rows.map(cells), detectStyle(process.stdout, process.env)))
    terminal.out(`${sum.healthy} of ${expected.length} healthy${memory}\n`)
    for (const { service, failing } of rows.filter(({ state }) => state === LEFT_OUT))
      terminal.out(`${formatLeftOut(service, failing.join(', '))}\n`)
    if (!running)
      terminal.err('the supervisor is gone and nobody restarts these: bun run down cleans up, then bun run up\n')
  }
  if (!running) return now.kind === 'down' ? 3 : 1
  return expected.length > 0 && sum.healthy === expected.length ? 0 : 1
})
