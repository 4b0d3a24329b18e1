import { ruleSets } from '#common/ethereum/forks'
import { ANCHORS_ADDRESS } from '#common/evidence/anchor'
import { Executed } from '#common/http/chain-model'
import { problems, type ServiceParts, service } from '#common/http/service'
import { lucidAnchors } from '#services/contracts/lucid-anchors'
import type { Machine } from './machine.ts'
import {
  Abi,
  Account,
  AccountParams,
  CallRequest,
  CallResult,
  ExecuteRequest,
  Genesis,
  GenesisRequest,
  KnownState,
  SlotParams,
  StateParams,
  StateQuery,
  StorageSlot,
} from './model.ts'

/** 100 transactions of the largest size in hex would be 26 MB; a block's gas limit allows far less. */
const MAX_BODY = 8 * 1024 * 1024

export const routes = ({ vm, parts }: { readonly vm: Machine; readonly parts: ServiceParts }) =>
  service('blockchain-vm', {
    ...parts,
    maxBody: MAX_BODY,
    status: () => ({ waiting: vm.waiting(), rules: ruleSets }),
  })
    .post('/genesis', ({ body }) => vm.genesis(body), {
      body: GenesisRequest,
      response: { ...problems, 200: Genesis },
      unaudited: 'a step of the ledger, whose chain of blocks keeps it',
      callers: ['blockchain-ledger'],
    })
    .post('/blocks/execute', ({ body }) => vm.execute(body), {
      body: ExecuteRequest,
      response: { ...problems, 200: Executed },
      unaudited: 'a step of the ledger, whose chain of blocks keeps it',
      callers: ['blockchain-ledger'],
    })
    .post('/call', ({ body, request }) => vm.call(body, request.signal), {
      body: CallRequest,
      response: { ...problems, 200: CallResult },
      unaudited: 'changes nothing: a call is computed and forgotten',
      callers: ['blockchain-api'],
    })
    .get('/states/:root', async ({ params }) => ({ known: await vm.hasState(params.root) }), {
      params: StateParams,
      response: { ...problems, 200: KnownState },
      callers: ['blockchain-ledger'],
    })
    .get('/accounts/:address', ({ params, query }) => vm.account(query.state_root, params.address), {
      params: AccountParams,
      query: StateQuery,
      response: { ...problems, 200: Account },
      callers: ['blockchain-api', 'blockchain-ledger'],
    })
    .get(
      '/accounts/:address/storage/:slot',
      ({ params, query }) => vm.storageSlot(query.state_root, params.address, params.slot),
      {
        params: SlotParams,
        query: StateQuery,
        response: { ...problems, 200: StorageSlot },
        callers: ['blockchain-api'],
      },
    )
    .get(
      '/abi',
      () => ({
        contracts: [{ name: lucidAnchors.contract, address: ANCHORS_ADDRESS, abi: [...lucidAnchors.abi] }],
      }),
      { response: { ...problems, 200: Abi }, callers: ['blockchain-api'] },
    )

export type Api = ReturnType<typeof routes>
