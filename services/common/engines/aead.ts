import { fromHex, utf8 } from '../stream/bytes.ts'
import { firstLine, type Rejected } from './engine.ts'
import { checkSizes, type Opening, type Sealing } from './xchacha.ts'
import { nobleOpen, nobleSeal } from './xchacha-noble.ts'
import { xchachaPool } from './xchacha-pool.ts'
import { webOpen, webSeal } from './xchacha-webcrypto.ts'

/** XChaCha20-Poly1305, in fresh buffers that the caller may free. Throws Fault `aead-failed`, `invalid` for sizes. */
export type Aead = {
  readonly name: 'webcrypto' | 'noble'
  readonly rejected: readonly Rejected[]
  readonly seal: (message: Sealing) => Promise<Uint8Array<ArrayBuffer>>
  readonly open: (message: Opening) => Promise<Uint8Array<ArrayBuffer>>
}

/** Below this size the thread hop of WebCrypto costs more than noble's arithmetic. */
const SMALL = 8 * 1024

type Path = {
  readonly seal: (message: Sealing) => Promise<Uint8Array<ArrayBuffer>>
  readonly open: (message: Opening) => Promise<Uint8Array<ArrayBuffer>>
}

const bySize = (large: Path): Path => ({
  seal: async (message) => {
    checkSizes(message)
    return message.plain.length < SMALL ? nobleSeal(message) : large.seal(message)
  },
  open: async (message) => {
    checkSizes(message)
    return message.sealed.length < SMALL ? nobleOpen(message) : large.open(message)
  },
})

/** Bun's WebCrypto, 0.7 GB/s a message and more with two in flight. */
export const webcryptoPath: Path = { seal: webSeal, open: webOpen }

/** noble everywhere: small messages here, large ones on a thread. About 0.1 GB/s. */
export const nobleAead = (rejected: readonly Rejected[] = []): Aead => {
  const run = xchachaPool()
  const large: Path = { seal: (seal) => run({ seal }), open: (open) => run({ open }) }
  return { name: 'noble', rejected, ...bySize(large) }
}

/** The AEAD vector of draft-irtf-cfrg-xchacha-03, appendix A.3.1: what a path must answer before it is trusted. */
const KNOWN = {
  key: Uint8Array.from({ length: 32 }, (_, at) => 0x80 + at),
  nonce: Uint8Array.from({ length: 24 }, (_, at) => 0x40 + at),
  aad: fromHex('50515253c0c1c2c3c4c5c6c7'),
  plain: utf8(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  ),
  sealed: fromHex(
    'bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39' +
      'ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9' +
      '21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49',
  ),
}

const answersKnown = async (path: Path): Promise<boolean> => {
  const sealed = await path.seal(KNOWN)
  const plain = await path.open(KNOWN)
  const forged = KNOWN.sealed.map((byte, at) => (at === 7 ? byte ^ 1 : byte))
  const refused = await path.open({ ...KNOWN, sealed: forged }).then(
    () => false,
    () => true,
  )
  return sealed.toHex() === KNOWN.sealed.toHex() && plain.toHex() === KNOWN.plain.toHex() && refused
}

/** WebCrypto when it gives the known answer, else noble with the reason. Pure in its candidate. */
export const chooseAead = async (candidate: Path): Promise<Aead> => {
  try {
    if (await answersKnown(candidate)) return { name: 'webcrypto', rejected: [], ...bySize(candidate) }
    return nobleAead([{ name: 'webcrypto', reason: 'wrong answer to the known-answer test' }])
  } catch (error) {
    return nobleAead([{ name: 'webcrypto', reason: firstLine(error) }])
  }
}

let chosen: Promise<Aead> | undefined

/** The engine of this process, chosen once by known-answer test. Show `name` and `rejected` in /status. */
export const aeadEngine = (): Promise<Aead> => {
  chosen ??= chooseAead(webcryptoPath)
  return chosen
}
