/** The base layer: what every image of ours holds beside Bun. Data; the reason stands beside each row. */

/** `lucid`: no login, no shell, no group but its own. */
export const LUCID = 65532

type BasePackage = {
  /** Files that are taken, by their path in the image; nothing else of the package is. */
  readonly keep: readonly string[]
  readonly why: string
}

/** Patterns are regular expressions on paths of a merged /usr (`usr/lib/...`, never `lib/...`). */
export const basePackages: Readonly<Record<string, BasePackage>> = {
  'base-files': {
    keep: ['^etc/(os-release|debian_version)$', '^usr/lib/os-release$'],
    why: 'says which Debian this is: scanners look up advisories by it',
  },
  'ca-certificates': {
    keep: ['^usr/share/ca-certificates/mozilla/[^/]+\\.crt$'],
    why: 'the authorities that TLS believes; its scripts would join them into one file, so we do',
  },
  libc6: {
    keep: [
      '^usr/lib64/ld-linux-[^/]+$',
      '^usr/lib/ld-linux-[^/]+$',
      '^usr/lib/[^/]+/(ld-linux-[^/]+|lib(c|m|pthread|dl|rt)\\.so\\.\\d+)$',
    ],
    why: 'Bun needs ld.so, libc, libm, libpthread and libdl and no other library; librt is for native addons built for older glibc',
  },
  tzdata: {
    keep: ['^usr/share/zoneinfo/(?!right/|posix/|posixrules$)'],
    why: 'time zones for TZ; the leap-second and duplicate trees are left out',
  },
}

/** Where the authorities stand in one file. */
export const CA_BUNDLE = 'etc/ssl/certs/ca-certificates.crt'
/** The folder of the joined certificates. */
export const CA_SOURCES = 'usr/share/ca-certificates/mozilla/'

/** Text files of the base. */
export const baseFiles: Readonly<Record<string, string>> = {
  'etc/passwd': [
    'root:x:0:0:root:/nonexistent:/usr/sbin/nologin',
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
    `lucid:x:${LUCID}:${LUCID}:lucid:/nonexistent:/usr/sbin/nologin`,
    '',
  ].join('\n'),
  'etc/group': ['root:x:0:', 'nogroup:x:65534:', `lucid:x:${LUCID}:`, ''].join('\n'),
  'etc/nsswitch.conf': ['passwd: files', 'group: files', 'hosts: files dns', ''].join('\n'),
}

type Folder = { readonly mode: number; readonly owner: number }

/** Folders of the base that differ from root's 0755. A tmpfs over /tmp takes its mode over. */
export const baseFolders: Readonly<Record<string, Folder>> = {
  data: { mode: 0o700, owner: LUCID },
  run: { mode: 0o755, owner: 0 },
  'run/lucid': { mode: 0o755, owner: LUCID },
  'run/secrets': { mode: 0o755, owner: LUCID },
  tmp: { mode: 0o1777, owner: 0 },
}

/** Links of a merged /usr: the loader is asked for by /lib or /lib64. */
export const baseLinks: Readonly<Record<string, string>> = {
  bin: 'usr/bin',
  lib: 'usr/lib',
  lib64: 'usr/lib64',
  sbin: 'usr/sbin',
}
