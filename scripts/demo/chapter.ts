import type { Style } from '#common/cli/style'
import { type Text, text } from '#common/cli/text'

/** The chapters of the demo, in order: what happens, and why it matters to somebody new. */
export const CHAPTERS = {
  install: [
    'Install what it needs',
    'Exact versions from one lock file: every machine runs the same code. Nothing else has to be there.',
  ],
  up: [
    'Bring the platform up',
    'In a throw-away folder, on free ports: a recorder, a pipeline that encrypts, and a chain of our own.',
  ],
  screen: [
    'Take a screen recording',
    'The thing to be proved: what was on a screen. Lucid does not look inside; any stream of bytes will do.',
  ],
  record: [
    'Record it',
    'Cut into chunks of 8 MiB, compressed, encrypted one by one, hashed into a Merkle tree, signed. Only hashes ever leave.',
  ],
  anchor: [
    'Anchor it on the chain',
    'The tree’s root goes into a signed block. From now on nobody can change the recording unseen, the operator included.',
  ],
  people: [
    'Let people do it',
    'They sign in with keys of their own. What may happen in a session is in a policy that its owner signed; all else is refused.',
  ],
  export: [
    'Export the evidence',
    'One file with all that a third party needs: chunks, manifest, signature, proof of the block; here also the key to read it.',
  ],
  verify: [
    'Verify it offline',
    'The platform is stopped first: the verifier needs no service, no network and no account, only the ledger’s public key.',
  ],
  tamper: [
    'Tamper with it',
    'Copies are forged in every way we know. Each must be caught, with a sentence that names what was done.',
  ],
  closing: ['What was tried, and what came of it', 'All of it has to hold, or this command ends with 1.'],
} as const satisfies Readonly<Record<string, readonly [title: string, why: string]>>

export type Chapter = keyof typeof CHAPTERS

/** The head of a chapter: number and title, and below it why it matters. */
export const renderChapter = (name: Chapter, style: Style): Text => {
  const [title, why] = CHAPTERS[name]
  const head = `${Object.keys(CHAPTERS).indexOf(name) + 1}. ${title}`
  return text(['', { text: head, colour: 'cyan' }, { text: `  ${why}`, colour: 'dim' }], style)
}
