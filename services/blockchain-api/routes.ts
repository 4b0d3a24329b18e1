import { t } from 'elysia'
import { ANCHORS_ADDRESS, AnchorProof } from '#common/evidence/anchor'
import type { Guard } from '#common/http/identity'
import { problems, type ServiceParts, service, version } from '#common/http/service'
import { Fault } from '#common/process/fault'
import { errorFields } from '#common/process/log'
import type { CallerName } from '#services/catalog'
import { anchorProof } from './anchor.ts'
import { performer } from './methods.ts'
import {
  AnchorPage,
  AnchorsQuery,
  Block,
  BlockList,
  BlockParams,
  BlocksQuery,
  Chain,
  HashParams,
  Receipt,
  ReceiptProof,
  RpcAnswers,
  SessionParams,
  Transaction,
} from './model.ts'
import { answerRpc } from './rpc.ts'
import { type Clients, type Upstream, upstream } from './upstream.ts'

/** Reading is for everybody; POST /rpc asks for a token itself where a method writes. */
export const publicRoutes = [
  'GET /chain',
  'GET /anchors',
  'GET /anchors/:session',
  'GET /blocks',
  'GET /blocks/:ref',
  'GET /transactions/:hash',
  'GET /receipts/:hash',
  'GET /receipts/:hash/proof',
  'POST /rpc',
] as const

const requireFound = async <T>(answer: Promise<T | undefined>, what: string): Promise<T> => {
  const found = await answer
  if (found === undefined) throw new Fault('missing', 'not-on-chain', `${what} is not on this chain`)
  return found
}

const RECEIPT = 'a receipt of this transaction'

/** Who may have a transaction sent; reading is for everybody. */
const SENDERS: readonly CallerName[] = ['on-system-chain-client', 'operator']

/** Throws Fault `unauthenticated`, or `forbidden` for a caller that the chain is not written by. */
const requireSender = async (guard: Guard, request: Request): Promise<void> => {
  const { caller } = await guard(request)
  if (!SENDERS.some((sender) => sender === caller))
    throw new Fault('forbidden', 'caller-not-allowed', `only ${SENDERS.join(' and ')} may send transactions`)
}

/** A page of blocks without their receipts: from a number on, or the newest. */
const listBlocks = async (up: Upstream, { limit, from }: BlocksQuery) => {
  const first = from ?? Math.max(0, (await up.chain()).head.number - limit + 1)
  const { blocks, head } = await up.blocks(first, limit)
  return { blocks: blocks.map(({ receipts: _receipts, ...block }) => block), head }
}

export const routes = ({ clients, parts }: { readonly clients: Clients; readonly parts: ServiceParts }) =>
  service('blockchain-api', { ...parts, publicRoutes })
    .get(
      '/chain',
      async () => {
        const { chain_id, genesis_hash, sealer_public_key, head, forks } = await upstream(clients).chain()
        return { chain_id, contract: ANCHORS_ADDRESS, genesis_hash, sealer_public_key, head, forks }
      },
      { response: { ...problems, 200: Chain } },
    )
    .get('/anchors/:session', ({ params }) => anchorProof(upstream(clients), params.session), {
      params: SessionParams,
      response: { ...problems, 200: AnchorProof },
    })
    .get('/anchors', ({ query }) => upstream(clients).anchors(query), {
      query: AnchorsQuery,
      response: { ...problems, 200: AnchorPage },
    })
    .get('/blocks/:ref', ({ params }) => requireFound(upstream(clients).block(params.ref), 'this block'), {
      params: BlockParams,
      response: { ...problems, 200: Block },
    })
    .get('/blocks', ({ query }) => listBlocks(upstream(clients), query), {
      query: BlocksQuery,
      response: { ...problems, 200: BlockList },
    })
    .get(
      '/transactions/:hash',
      ({ params }) => requireFound(upstream(clients).transaction(params.hash), 'this transaction'),
      { params: HashParams, response: { ...problems, 200: Transaction } },
    )
    .get('/receipts/:hash', ({ params }) => requireFound(upstream(clients).receipt(params.hash), RECEIPT), {
      params: HashParams,
      response: { ...problems, 200: Receipt },
    })
    .get(
      '/receipts/:hash/proof',
      ({ params }) => requireFound(upstream(clients).proof(params.hash), RECEIPT),
      { params: HashParams, response: { ...problems, 200: ReceiptProof } },
    )
    .post(
      '/rpc',
      async ({ body, request }) => {
        const context = {
          up: upstream(clients),
          authorise: () => requireSender(parts.guard, request),
          version,
        }
        const answer = await answerRpc(body, performer(context), (error) =>
          parts.log.error('rpc-unexpected', errorFields(error)),
        )
        return answer === undefined ? new Response(null, { status: 204 }) : Response.json(answer)
      },
      {
        // Read as text: what is no JSON gets JSON-RPC's own parse error.
        parse: 'text',
        body: t.String({ description: 'JSON-RPC 2.0: one call or a batch of up to 100' }),
        response: { ...problems, 200: RpcAnswers, 204: t.Void() },
      },
    )

export type Api = ReturnType<typeof routes>
