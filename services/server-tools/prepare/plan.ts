import type { HostSpec, Remark, Wish } from '#common/host/provision-model'
import type { Secret } from '#common/process/env'
import { faultOfSecret } from './secret-text.ts'

/** What lies at a path. */
export type Found =
  | { readonly kind: 'absent' }
  /** A folder, a link, a device: nothing that a secret can be. */
  | { readonly kind: 'other'; readonly what: string }
  | {
      readonly kind: 'file'
      /** Without blanks at its ends. */
      readonly text: Secret
      readonly uid: number
      readonly gid: number
      readonly mode: number
    }

export type Plan = {
  readonly make: readonly Wish[]
  readonly repair: readonly { readonly wish: Wish; readonly remark: Remark }[]
  readonly kept: readonly string[]
  readonly faults: readonly Remark[]
}

export const nameOf = ({ owner, key }: { readonly owner: string; readonly key: string }): string => `${owner}/${key}`

/** What is wrong with owner and mode; undefined when nothing is. */
const rightsFault = (wish: Wish, found: Extract<Found, { kind: 'file' }>): string | undefined => {
  const said = [
    ...(found.uid === wish.uid && found.gid === wish.uid
      ? []
      : [`belonged to ${found.uid}:${found.gid}, not ${wish.uid}:${wish.uid}`]),
    ...(found.mode === wish.mode ? [] : [`had mode ${found.mode.toString(8)}, not ${wish.mode.toString(8)}`]),
    ...((found.mode & 0o077) === 0 ? [] : ['others could read it: replace it if they had access']),
  ]
  return said.length === 0 ? undefined : said.join('; ')
}

/** The plain texts of random secrets that stand in more than one file. */
const repeated = (texts: readonly (readonly [name: string, text: string])[]): ReadonlyMap<string, string> => {
  const first = new Map<string, string>()
  const twice = new Map<string, string>()
  for (const [name, text] of texts) {
    const other = first.get(text)
    if (other === undefined) first.set(text, name)
    else twice.set(name, other)
  }
  return twice
}

const lost = (name: string, wish: Wish, { hasData }: HostSpec, record: ReadonlySet<string> | undefined) => {
  // What follows from another is made again the same. A host without a record was prepared by somebody else.
  if (!hasData || wish.kind !== 'random') return undefined
  if (record?.has(name) === false) return undefined
  return 'is gone, and the host has data that may depend on it: restore it from a backup'
}

/** What a host's secrets need, or why it cannot be. `record`: names made before, which tells a lost from a new one. */
export const planSecrets = (
  spec: HostSpec,
  look: (owner: string, key: string) => Found,
  record: ReadonlySet<string> | undefined,
): Plan => {
  const seen = spec.secrets.map((wish) => ({ wish, name: nameOf(wish), found: look(wish.owner, wish.key) }))
  const twice = repeated(
    seen.flatMap(({ wish, name, found }) =>
      wish.kind === 'random' && found.kind === 'file' ? [[name, found.text.reveal()]] : [],
    ),
  )
  const faults = seen.flatMap(({ wish, name, found }): readonly Remark[] => {
    const what =
      found.kind === 'absent'
        ? lost(name, wish, spec, record)
        : found.kind === 'other'
          ? `is ${found.what}, no file: remove it`
          : wish.kind === 'random'
            ? (faultOfSecret(found.text.reveal()) ??
              (twice.has(name) ? `holds the same as ${twice.get(name)}: one of them was copied` : undefined))
            : undefined
    return what === undefined ? [] : [{ name, what }]
  })
  const repair = seen.flatMap(({ wish, name, found }) => {
    const what = found.kind === 'file' ? rightsFault(wish, found) : undefined
    return what === undefined ? [] : [{ wish, remark: { name, what } }]
  })
  return {
    faults,
    repair,
    make: seen.flatMap(({ wish, found }) => (found.kind === 'absent' ? [wish] : [])),
    kept: seen.flatMap(({ name, found }) => (found.kind === 'file' ? [name] : [])),
  }
}
