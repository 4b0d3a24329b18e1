/** What a Debian package brings and no image may hold, with the reason. Data. */

export type Exclusion = { readonly pattern: string; readonly why: string }

/** Not followed in closures: each is wanted by maintainer scripts alone, or holds nothing that a program opens. */
export const excludedPackages: readonly Exclusion[] = [
  { pattern: '^(dash|bash|busybox.*|mksh|zsh.*|ksh.*)$', why: 'a shell' },
  { pattern: '^(dpkg|apt|libapt-pkg.*|gpgv|debian-archive-keyring|ucf)$', why: 'a package manager' },
  { pattern: '^(perl|perl-base|perl-modules-.*|libperl.*|python3.*|libpython.*)$', why: 'an interpreter' },
  { pattern: '^(debconf|debconf-2\\.0|cdebconf)$', why: 'asks questions at installation' },
  { pattern: '^(adduser|passwd|login|base-passwd)$', why: 'makes users at installation; ours are fixed' },
  {
    pattern: '^(init-system-helpers|lsb-base|sysvinit-utils|runit-helper|systemd.*|logrotate|cron.*)$',
    why: 'starts programs on a machine; a container has one and Bun starts it',
  },
  {
    pattern: '^(coreutils|sed|grep|findutils|tar|gzip|diffutils|debianutils|mawk|gawk|util-linux.*|procps|hostname)$',
    why: 'tools of a shell',
  },
  { pattern: '^(iproute2|netbase|sensible-utils|mime-support|media-types)$', why: 'only scripts call it' },
  {
    pattern: '^(libc-bin|libc-dev-bin|libc6-dev|locales.*)$',
    why: 'tools of the C library; the library itself is in the base',
  },
]

/** Files that no layer takes over, by their path in the image. */
export const excludedFiles: readonly Exclusion[] = [
  {
    pattern:
      '^usr/share/(man|info|locale|lintian|bug|menu|doc-base|applications|pixmaps|icons|bash-completion|zsh|fish|vim|perl5?|apport|initramfs-tools|metainfo)/',
    why: 'for people at a terminal',
  },
  { pattern: '^usr/share/doc/[^/]+/(?!copyright$)', why: 'documentation; the licence stays, as it must' },
  {
    pattern:
      '^etc/(init\\.d|init|default|cron\\.[^/]+|logrotate\\.d|ufw|bash_completion\\.d|apparmor\\.d|apt|dpkg|profile\\.d|runit|sv|rc\\w\\.d)/',
    why: 'for programs that are not there',
  },
  {
    pattern: '^usr/lib/(systemd|sysusers\\.d|tmpfiles\\.d|init|udev|lsb|modules-load\\.d)/',
    why: 'for an init system that is not there',
  },
  { pattern: '^etc/runit/|^etc/sv/|^usr/share/runit/', why: 'for an init system that is not there' },
  { pattern: '^usr/share/apparmor', why: 'loaded by the host, not from a container' },
  { pattern: '^usr/include/|\\.(a|la|h)$|/pkgconfig/|/cmake/', why: 'for compilers' },
  {
    pattern: '^(usr/)?s?bin/(sh|bash|dash|busybox|su|sudo|mount|umount|newgrp|chsh|chfn|passwd|gpasswd)$',
    why: 'a shell or a way to other rights',
  },
  { pattern: '^var/(lib/dpkg|cache|lib/apt|backups)/', why: 'state of a package manager' },
]

/** The reason why a name is left out, or undefined when it is not. */
export const findExclusion = (name: string, table: readonly Exclusion[]): string | undefined =>
  table.find(({ pattern }) => new RegExp(pattern).test(name))?.why
