import { sha256 } from '@noble/hashes/sha2.js'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { stacks } from '#catalog'
import { canonicalBytes } from '#common/evidence/canonical-json'
import { type JsonBounds, parseJson } from '#common/stream/bounded-json'
import { utf8 } from '#common/stream/bytes'
import { CliError } from '../../cli/fail.ts'
import type { Origin, Release, ReleaseContent } from './release.ts'

/** release.json as it stands on a host. What is read from there ends up in scripts for its shell, so it is checked to the letter. */

const Name = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$' })
const Path = Type.String({ pattern: '^(?!.*\\.\\.)[A-Za-z0-9._/-]{1,256}$' })
const Digest = Type.String({ pattern: '^sha256:[0-9a-f]{64}$' })
const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' })
const Reference = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,511}$' })
const Count = Type.Integer({ minimum: 0 })
const closed = { additionalProperties: false }

const Proof = Type.Union([
  Type.Object({ kind: Type.Literal('healthy'), command: Type.Array(Type.String()) }, closed),
  Type.Object({ kind: Type.Literal('ends') }, closed),
  Type.Object({ kind: Type.Literal('runs') }, closed),
])
const Member = Type.Object(
  {
    service: Name,
    container: Name,
    image: Reference,
    proof: Proof,
    memory: Count,
    ports: Type.Array(Type.Integer({ minimum: 1, maximum: 65_535 })),
    volumes: Type.Array(Name),
  },
  closed,
)
const Stack = Type.Union(stacks.map((name) => Type.Literal(name)))
const Image = Type.Object(
  {
    service: Name,
    name: Reference,
    pull: Reference,
    digest: Digest,
    manifest: Digest,
    config: Digest,
    layers: Type.Array(Type.Object({ digest: Digest, size: Count, diffId: Digest }, closed)),
  },
  closed,
)

const File = Type.Object(
  {
    format: Type.Literal('lucid/release/v1'),
    id: Type.String({ pattern: '^r-[0-9a-f]{12}$' }),
    version: Type.String(),
    revision: Type.String(),
    madeBy: Type.String(),
    madeAt: Count,
    signer: Hash,
    platform: Type.String({ pattern: '^linux/[a-z0-9]+$' }),
    images: Type.Array(Image),
    stock: Type.Array(Type.Object({ service: Name, name: Reference }, closed)),
    stacks: Type.Array(
      Type.Object(
        {
          stack: Stack,
          members: Type.Array(Member),
          env: Type.Record(Name, Type.Record(Type.String(), Type.String())),
        },
        closed,
      ),
    ),
    files: Type.Record(Name, Hash),
    support: Type.Record(Path, Hash),
    secrets: Type.Array(Path),
    networks: Type.Array(Name),
    volumes: Type.Array(Name),
    migrations: Type.Record(Name, Type.Object({ version: Count, irreversible: Type.Array(Count) }, closed)),
  },
  closed,
)
type File = Static<typeof File>

/** sha256 of a text, hex. */
export const hashText = (text: string): string => sha256(utf8(text)).toHex()

/** sha256 of texts, each under the name that its text has. */
export const hashTexts = (texts: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, hashText(text)]))

/** The id of a content: equal content has an equal id. */
const releaseId = (content: ReleaseContent): string => `r-${sha256(canonicalBytes(content)).toHex().slice(0, 12)}`

/** A release out of its content: the id follows from it. */
export const makeRelease = (content: ReleaseContent, origin: Origin): Release => ({
  ...content,
  id: releaseId(content),
  ...origin,
})

/** What the id of a release is made of: all but who made it, when and from what. */
export const releaseContent = (release: Release): ReleaseContent => {
  const { id, version, revision, madeBy, madeAt, signer, ...content } = release
  return content
}

/** Thirty images and as many files, with their settings, ten times over. */
const BOUNDS: JsonBounds = { depth: 16, parts: 100_000 }

/** Reads release.json. Throws CliError that names it, and what is wrong. */
export const parseRelease = (text: string, what: string): Release => {
  let read: unknown
  try {
    read = parseJson(text, BOUNDS)
  } catch (cause) {
    throw new CliError(`${what} is no JSON: bun run doctor`, { cause })
  }
  if (!Value.Check(File, read)) {
    const first = Value.Errors(File, read).First()
    throw new CliError(`${what} is no release: ${first?.path ?? ''} ${first?.message ?? ''}`)
  }
  const release = read satisfies File as Release // the schema above says the same; its stack is one of the four
  if (releaseId(releaseContent(release)) !== release.id)
    throw new CliError(`${what} was changed: its content is not that of ${release.id}`)
  return release
}
