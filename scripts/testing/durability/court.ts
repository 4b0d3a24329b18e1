import { ok } from '#common/http/client'
import type { Prepared } from '../../platform/platform.ts'
import type { Clients } from '../../session/upload.ts'
import { chainFacts } from './chain-facts.ts'
import type { Court } from './judge.ts'

/** All that is needed to judge the sessions of a running platform; bundles are written to `folder`. */
export const courtOf = async (platform: Prepared, clients: Clients, folder: string): Promise<Court> => {
  const { sealer_public_key: trust } = await ok(clients.chain().chain.get())
  const chain = chainFacts(platform.urls['blockchain-api'] ?? '')
  return { clients, home: platform.home, chain, trust, folder }
}
