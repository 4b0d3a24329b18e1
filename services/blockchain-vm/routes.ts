import { ruleSets } from '#common/ethereum/forks'
import { ANCHORS_ADDRESS } from '#common/evidence/anchor'
import { Executed } from '#common/http/chain-model'
import { replies, type ServiceParts, service } from '#common/http/service'
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
  service('blockchain-vm', { ...parts, maxBody: MAX_BODY, status: () => ({ waiting: vm.waiting(), rules: ruleSets }) })
    .post('/genesis', ({ body }) => vm.genesis(body), {
      body: GenesisRequest,
      ...replies(Genesis, 'blockchain-ledger'),
      unaudited: 'a step of the ledger, whose chain of blocks keeps it',
    })
    .post('/blocks/execute', ({ body }) => vm.execute(body), {
      body: ExecuteRequest,
      ...replies(Executed, 'blockchain-ledger'),
      unaudited: 'a step of the ledger, whose chain of blocks keeps it',
    })
    .post('/call', ({ body, request }) => vm.call(body, request.signal), {
      body: CallRequest,
      ...replies(CallResult, 'blockchain-api'),
      unaudited: 'changes nothing: a call is computed and forgotten',
    })
    .get('/states/:root', async ({ params }) => ({ known: await vm.hasState(params.root) }), {
      params: StateParams,
      ...replies(KnownState, 'blockchain-ledger'),
    })
    .get('/accounts/:address', ({ params, query }) => vm.account(query.state_root, params.address), {
      params: AccountParams,
      query: StateQuery,
      ...replies(Account, 'blockchain-api', 'blockchain-ledger'),
    })
    .get(
      '/accounts/:address/storage/:slot',
      ({ params, query }) => vm.storageSlot(query.state_root, params.address, params.slot),
      { params: SlotParams, query: StateQuery, ...replies(StorageSlot, 'blockchain-api') },
    )
    .get(
      '/abi',
      () => ({ contracts: [{ name: lucidAnchors.contract, address: ANCHORS_ADDRESS, abi: [...lucidAnchors.abi] }] }),
      replies(Abi, 'blockchain-api'),
    )

export type Api = ReturnType<typeof routes>
