import { expect, setDefaultTimeout, test } from 'bun:test'
import Trx from '@ledgerhq/hw-app-trx'
import { openTransportReplayer, RecordStore } from '@ledgerhq/hw-transport-mocker'
import { verifyTronMessage } from '#common/evidence/tron-message'
import vectors from './vectors/ledger.json'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(60_000)

/** A device that answers as it was recorded, and refuses any other byte. */
const device = async (transcript: readonly string[]) =>
  new Trx(await openTransportReplayer(RecordStore.fromString(transcript.join('\n'))))

const { path, message } = vectors

test('what a Ledger signed is accepted for the address that it showed, and for no other text or address', async () => {
  const { address } = await (await device(vectors.getAddress)).getAddress(path)
  expect(address).toBe(vectors.address)
  const signer = await device(vectors.signPersonalMessage)
  const signature = await signer.signPersonalMessage(path, Buffer.from(message).toString('hex'))
  expect(signature).toEndWith('01') // the recovery id, where a wallet in software writes 1c
  expect(verifyTronMessage({ address, message, signature })).toBe(true)
  expect(verifyTronMessage({ address, message: `${message}.`, signature })).toBe(false)
  const another = 'TJRabPrwbZy45sbavfcjinPJC18kjpRTv8'
  expect(verifyTronMessage({ address: another, message, signature })).toBe(false)
})
