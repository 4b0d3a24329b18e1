import { Value } from '@sinclair/typebox/value'
import { type OwnersReport, OwnersSpec } from '#common/host/owners-model'
import type { Tree } from './tree.ts'

/** Reads which volumes belong to whom. Throws when the document is something else. */
export const ownersSpec = (text: string): OwnersSpec => {
  const read: unknown = JSON.parse(text)
  if (!Value.Check(OwnersSpec, read)) throw new Error('the document on standard input is no list of volumes')
  return read
}

/** Looks through every volume for what belongs to somebody else, and gives it to whom it should (`change`). */
export const owners = (
  { volumes }: OwnersSpec,
  { treeOf, mode }: { readonly treeOf: (volume: string) => Tree; readonly mode: 'look' | 'change' },
): OwnersReport => {
  const reports = volumes.map(({ name, uid }) => {
    const tree = treeOf(name)
    const wrong = [...tree.walk()].filter((one) => one.uid !== uid || one.gid !== uid)
    if (mode === 'change') for (const { path } of wrong) tree.give(path, uid)
    const [first] = wrong
    return { name, uid, wrong: wrong.length, ...(first && { example: first.path }) }
  })
  const any = reports.some(({ wrong }) => wrong > 0)
  return { ok: mode === 'change' || !any, done: mode === 'change' && any, volumes: reports }
}
