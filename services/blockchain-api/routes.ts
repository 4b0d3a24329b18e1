import { t } from 'elysia'
import { ANCHORS_ADDRESS, AnchorProof } from '#common/evidence/anchor'
import {
  AnchorPage,
  AnchorsQuery,
  Block,
  BlockParams,
  HashParams,
  Receipt,
  ReceiptProof,
  SessionParams,
  Transaction,
} from '#common/http/chain-model'
import { problems, type ServiceParts, service, version } from '#common/http/service'
import { Fault } from '#common/process/fault'
import { anchorProof } from './anchor.ts'
import { BlockList, BlocksQuery, Chain, RpcAnswers } from './model.ts'
import { rpcHandler } from './rpc-handler.ts'
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

const listBlocks = async (up: Upstream, { limit, from }: BlocksQuery) => {
  const first = from ?? Math.max(0, (await up.chain()).head.number - limit + 1)
  const { blocks, head } = await up.blocks(first, limit)
  return { blocks: blocks.map(({ receipts: _receipts, ...block }) => block), head }
}

export const routes = ({ clients, parts }: { readonly clients: Clients; readonly parts: ServiceParts }) => {
  const handleRpc = rpcHandler({ clients, parts, version, now: () => performance.now() })
  return service('blockchain-api', { ...parts, publicRoutes })
    .get(
      '/chain',
      async () => {
        const { registrar: _registrar, ...chain } = await upstream(clients).chain()
        return { ...chain, contract: ANCHORS_ADDRESS }
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
    .get('/receipts/:hash/proof', ({ params }) => requireFound(upstream(clients).proof(params.hash), RECEIPT), {
      params: HashParams,
      response: { ...problems, 200: ReceiptProof },
    })
    .post('/rpc', ({ request }) => handleRpc(request), {
      // Read by the handler, in its turn; what is no JSON gets JSON-RPC's own parse error.
      parse: 'none',
      detail: {
        requestBody: {
          required: true,
          description: 'JSON-RPC 2.0: one call or a batch of up to 1000',
          content: { 'application/json': { schema: {} } },
        },
      },
      response: { ...problems, 200: RpcAnswers, 204: t.Void() },
    })
}

export type Api = ReturnType<typeof routes>
