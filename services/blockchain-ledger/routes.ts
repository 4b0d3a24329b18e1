import { Block, BlockParams, HashParams, Receipt, ReceiptProof, Transaction } from '#common/http/chain-model'
import { problems, replies, type ServiceParts, service } from '#common/http/service'
import type { Store } from '#common/store/store'
import type { Ledger } from './ledger.ts'
import { Accepted, AddressParams, BlockPage, Chain, NextNonce, PageQuery, Submission } from './model.ts'
import { nextFree } from './pending.ts'
import { headView, views } from './view.ts'

export const routes = ({
  ledger,
  store,
  parts,
}: {
  readonly ledger: Ledger
  readonly store: Store
  readonly parts: ServiceParts
}) => {
  const view = views(store, ledger.sealerKey)
  const { meta, pool } = ledger
  return service('blockchain-ledger', {
    ...parts,
    status: () => ({ head: headView(ledger.head()), pending: pool.size(), chain_id: meta.chain_id }),
  })
    .post('/transactions', async ({ body, status }) => status(202, await ledger.submit(body.raw)), {
      body: Submission,
      response: { ...problems, 202: Accepted },
      unaudited: 'a signed transaction, which the chain of blocks keeps',
      callers: ['blockchain-api'],
    })
    .get('/transactions/:hash', ({ params }) => view.transaction(params.hash), {
      params: HashParams,
      ...replies(Transaction, 'blockchain-api'),
    })
    .get(
      '/chain',
      () => ({
        chain_id: meta.chain_id,
        genesis_hash: meta.genesis_hash,
        sealer_public_key: ledger.sealers().at(-1) ?? meta.sealer_public_key,
        earlier_sealers: ledger.sealers().slice(0, -1),
        head: headView(ledger.head()),
        registrar: meta.registrar,
        forks: [...meta.forks],
      }),
      replies(Chain, 'blockchain-api'),
    )
    .get('/blocks/:ref', ({ params }) => view.block(params.ref, ledger.head()), {
      params: BlockParams,
      ...replies(Block, 'blockchain-api'),
    })
    .get('/blocks', ({ query }) => view.page(query.from, query.limit, ledger.head()), {
      query: PageQuery,
      ...replies(BlockPage, 'blockchain-api', 'blockchain-sessions-data'),
    })
    .get(
      '/nonces/:address',
      async ({ params }) => ({ next: nextFree(pool.of(params.address), await pool.loadNext(params.address)) }),
      { params: AddressParams, ...replies(NextNonce, 'blockchain-api') },
    )
    .get('/receipts/:hash', ({ params }) => view.receipt(params.hash), {
      params: HashParams,
      ...replies(Receipt, 'blockchain-api'),
    })
    .get('/receipts/:hash/proof', ({ params }) => view.proof(params.hash, ledger.head()), {
      params: HashParams,
      ...replies(ReceiptProof, 'blockchain-api'),
    })
}

export type Api = ReturnType<typeof routes>
