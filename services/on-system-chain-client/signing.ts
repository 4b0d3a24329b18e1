import { signTransaction } from '#common/ethereum/transaction'
import { encodeRegisterSession } from '#common/evidence/anchors-abi'
import type { SigningFacts } from './chain.ts'
import type { JobRecord, Signed } from './job.ts'

/** Gas for one registerSession: measured 97,000 (three new storage slots and a log), with half again on top. */
const GAS = 150_000n
/** Wei per gas. Far above the chain's floor of 7: bytes signed today must still be good after a busy week. */
const LEAST_MAX_FEE = 1_000_000_000n
const FEE_MARGIN = 10n

/** The signed registerSession transaction of a job. Same job, nonce and facts: same bytes. No tip: none is asked. */
export const signAnchor = (
  job: JobRecord,
  nonce: number,
  { chainId, gasPrice }: Pick<SigningFacts, 'chainId' | 'gasPrice'>,
  { contract, secretKey }: { readonly contract: string; readonly secretKey: string },
): Signed => {
  const offer = gasPrice * FEE_MARGIN
  const { raw, hash } = signTransaction(
    {
      chainId,
      nonce,
      gas: GAS,
      to: contract,
      value: 0n,
      data: encodeRegisterSession(job.id, job),
      maxFeePerGas: offer > LEAST_MAX_FEE ? offer : LEAST_MAX_FEE,
      maxPriorityFeePerGas: 0n,
    },
    secretKey,
  )
  return { nonce, raw, tx_hash: hash }
}
