import type { Command } from '#common/cli/args'
import { ok } from '#common/http/client'
import { runCommand } from '../cli/run-command.ts'
import { homeFrom } from '../platform/home.ts'
import { operatorClients } from '../platform/session-client.ts'

export const command = {
  name: 'trust',
  about: "prints the ledger's public key (hex), which verify takes with --trust",
  flags: {
    json: {
      type: 'boolean',
      about: 'print it with its chain, and the keys before a recover chain, as one JSON object',
    },
  },
  examples: ['bun run trust', 'bun run verify session.lucid.tar --trust HEX'],
} as const satisfies Command

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  const chain = await ok(operatorClients(homeFrom(process.env)).chain().chain.get())
  const { sealer_public_key, earlier_sealers, chain_id, genesis_hash } = chain
  terminal.out(
    flags.json
      ? `${JSON.stringify({ public_key: sealer_public_key, earlier: earlier_sealers, chain_id, genesis_hash })}\n`
      : `${sealer_public_key}\n`,
  )
  return 0
})
