import type { Check, PreflightInput } from './preflight-check.ts'
import { when } from './preflight-check.ts'

/** Secrets that are missing although the host has data that they protect. On a new host they are made. */
const listMissingSecrets = ({ host, release, current }: PreflightInput): readonly string[] =>
  current === undefined
    ? []
    : current.secrets.filter((one) => release.secrets.includes(one) && !host.readiness.secrets.includes(one))

/** Whether what a host holds, and what is brought, fits a release: secrets, networks, volumes, images. */
export const contentChecks: readonly Check[] = [
  {
    check: 'secrets',
    detail: ({ host, release }) => {
      const fresh = release.secrets.filter((one) => !host.readiness.secrets.includes(one)).length
      return fresh === 0 ? `${release.secrets.length} there` : `${fresh} of ${release.secrets.length} will be made`
    },
    findFaults: (input) => [
      ...listMissingSecrets(input).map(
        (one) => [`secret ${one} is gone`, 'bun run restore brings it back from a backup'] as const,
      ),
      ...input.deep.secrets.map((one) => [one, 'bun run restore brings it back from a backup'] as const),
      ...input.placeholders.map((key) => [key, 'put the real value there'] as const),
    ],
  },
  {
    check: 'networks',
    detail: ({ release }) => `${release.networks.length} wanted`,
    findFaults: ({ deep }) =>
      deep.networks.map((one) => [one, 'docker network ls and ip route show what is in the way'] as const),
  },
  {
    check: 'volumes',
    detail: ({ host }) => `${host.readiness.volumes.length} there`,
    findFaults: ({ deep }) => [
      ...deep.lost.map(({ subject, evidence, remedy }) => [`${subject} ${evidence}`, remedy] as const),
      ...deep.owners.map((one) => [one, 'bun run recover volume-owners NAME'] as const),
    ],
  },
  {
    check: 'signature',
    detail: ({ release }) => `${release.signer.slice(0, 16)}...`,
    findFaults: ({ signature }) =>
      when(
        signature !== undefined,
        signature ?? '',
        'bun run sign:images, or --signer HEX to trust another key from now on',
      ),
  },
  {
    check: 'stock images',
    detail: ({ release }) => [...new Set(release.stock.map(({ name }) => name.split('@', 1)[0]))].join(', '),
    findFaults: () => [],
  },
]
