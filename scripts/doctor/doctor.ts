import type { Command } from '#common/cli/args'
import { detectStyle } from '#common/cli/style'
import { runCommand } from '../cli/run-command.ts'
import { openShell } from '../host/shell.ts'
import { resolveTarget, targetFlags } from '../host/target.ts'
import { homeFrom } from '../platform/home.ts'
import { diagnose } from './diagnose.ts'
import { addressRepair } from './finding.ts'
import { EXIT_BLIND, inspectClosely } from './inspect/inspect-host.ts'
import { reportJson, reportText } from './report.ts'

export const command = {
  name: 'doctor',
  about: 'finds what is wrong with a host, says why, and names the command that repairs it; changes nothing',
  flags: { ...targetFlags, json: { type: 'boolean', about: 'print everything as one JSON object on stdout' } },
  examples: ['bun run doctor', 'bun run doctor --host pi@192.168.1.20', 'bun run doctor --json'],
  exits: { 0: 'nothing found', 1: 'something found', [EXIT_BLIND]: 'the host could not be looked at' },
} as const satisfies Command

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  const target = resolveTarget(flags, process.env, homeFrom(process.env))
  const shell = openShell(target)
  try {
    const facts = await inspectClosely(shell, target.dir, Date.now)
    const findings = diagnose(facts).map((finding) => addressRepair(finding, flags))
    const diagnosis = { host: shell.name, facts, findings }
    terminal.out(flags.json ? reportJson(diagnosis) : reportText(diagnosis, detectStyle(process.stdout, process.env)))
    return findings.length === 0 ? 0 : 1
  } finally {
    await shell.close()
  }
})
