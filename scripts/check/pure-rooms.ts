/** A room whose files only compute: all of them, all `but` some, or `only` some. Tests and fixtures are not meant. */
export type PureRoom = {
  readonly room: string
  readonly but?: readonly string[]
  readonly only?: readonly string[]
}

/**
 * What will be done can be shown, and tested, without doing it: these files touch no clock, no randomness, no
 * file, no process and no network, nor does anything that they load. A new file of a room without `only` has to be
 * pure, too, or is named here.
 */
export const pureRooms: readonly PureRoom[] = [
  {
    room: 'services/common/process/',
    only: ['backoff.ts', 'env.ts', 'error.ts', 'escape.ts', 'fault.ts', 'health.ts'],
  },
  { room: 'services/common/cli/', but: ['streams.ts'] },
  { room: 'services/common/stream/', but: ['poller.ts'] },
  { room: 'services/common/engines/', but: ['aead.ts', 'xchacha-pool.ts'] },
  { room: 'services/common/ethereum/' },
  { room: 'services/common/evidence/', but: ['file-edge.ts'] },
  { room: 'services/common/policy/' },
  { room: 'services/common/store/migrations/', only: ['check.ts', 'plan.ts'] },
  { room: 'scripts/derive/', but: ['derive.ts', 'service-routes.ts', 'store-schemas.ts'] },
  {
    room: 'scripts/platform/',
    only: ['apt-sources.ts', 'left-out.ts', 'process-env.ts', 'start-order.ts', 'store-env.ts'],
  },
  {
    room: 'scripts/store/',
    only: ['copy-state.ts', 'location.ts', 'mongo-url.ts', 'server-name.ts'],
  },
  { room: 'scripts/images/format/' },
  { room: 'scripts/images/layers/', but: ['layer-cache.ts', 'layer-threads.ts', 'pack.ts', 'worker.ts'] },
  { room: 'scripts/images/lock/', but: ['lists.ts', 'lock-file.ts', 'refresh.ts'] },
  {
    room: 'scripts/images/build/',
    only: [
      'app-layers.ts',
      'chunk-names.ts',
      'container-config.ts',
      'image-documents.ts',
      'phases.ts',
      'provenance.ts',
      'sbom.ts',
      'selection.ts',
    ],
  },
  {
    room: 'scripts/images/verify/',
    but: ['imported.ts', 'own-secrets.ts', 'read-image.ts', 'sbom-file.ts', 'scan.ts', 'verify.ts'],
  },
  { room: 'scripts/release/content/', but: ['checkout.ts', 'files-script.ts', 'signature.ts'] },
  { room: 'scripts/release/host/', only: ['network-plan.ts', 'preflight.ts'] },
  {
    room: 'scripts/release/run/',
    only: ['gate-rules.ts', 'journal.ts', 'plan.ts', 'recovery-rules.ts', 'rollback-rules.ts'],
  },
  { room: 'scripts/check/', but: ['bootstrap.ts', 'check.ts', 'read-tree.ts', 'run.ts', 'steps.ts'] },
  {
    room: 'scripts/demo/',
    only: [
      'attempts.ts',
      'bundle-parts.ts',
      'chapter.ts',
      'closing.ts',
      'forgery.ts',
      'screen-commands.ts',
      'tamper.ts',
      'xauthority.ts',
    ],
  },
]
